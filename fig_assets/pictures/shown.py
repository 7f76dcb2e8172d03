"""A picture -> what shows it: an image in Markdown, or a page that loads nothing."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape

from fig_assets.pictures.frame import colour

_STYLE = f"""
body {{ font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem;
  padding: 0 1rem; color: #1c2330; background: #fff; }}
table {{ border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }}
th, td {{ padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #dfe3ea; }}
th:first-child, td:first-child {{ text-align: left; }}
.wide {{ overflow-x: auto; }} .wide th, .wide td {{ text-align: left; white-space: nowrap; }}
svg {{ max-width: 100%; height: auto; }}
.key0 {{ color: {colour(0)}; }} .key1 {{ color: {colour(1)}; }} .key0, .key1 {{ font-weight: 600; }}
"""
_NAMESPACE = "http://www.w3.org/2000/svg"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def image(svg: str, words: str) -> str:
    """Return Markdown that shows an SVG image where it stands; nothing is fetched for it.

    `words` stand in its place where images are not shown; only letters, digits and a few signs of
    them are kept.
    """
    kept = "".join(c if c.isalnum() or c in " -.,:%" else " " for c in words)
    alone = svg.replace("<svg ", f'<svg xmlns="{_NAMESPACE}" ', 1)
    return f"![{kept}](data:image/svg+xml;base64,{b64encode(alone.encode()).decode()})"


def page(title: str, body: Iterable[str]) -> str:
    """Return an HTML page in one file that loads nothing and runs nothing.

    `body` is HTML: whoever makes it escapes what is of the data. `title` is text.
    """
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Write a table in HTML; heads and cells are text."""
    yield f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
    yield "</table>"
