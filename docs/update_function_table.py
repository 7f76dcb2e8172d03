"""Writes the table of functions into docs/language.md: python docs/update_function_table.py."""

from pathlib import Path

from fig_assets.language.functions import function_table

DOCUMENT = Path(__file__).parent / "language.md"
BEGIN, END = "<!-- function table: begin -->\n", "<!-- function table: end -->\n"


def with_table(text: str) -> str:
    """Return the document with the table of today between its markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{function_table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(with_table(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")
