"""What every command prints by."""

import io

from rich.console import Console
from rich.table import Table

from fig_assets.cli.base import show_table


def test_a_table_is_never_cut_however_narrow_the_terminal_is() -> None:
    console = Console(file=io.StringIO(), width=20)
    table = Table("a name that is longer than the terminal", "number")
    table.add_row("request.asn_weekly_failure_rate@2", "0.0001848")

    show_table(table, console)

    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "a name that is longer than the terminal" in text
    assert "request.asn_weekly_failure_rate@2" in text
    assert "0.0001848" in text
