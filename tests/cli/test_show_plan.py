from datetime import date
from io import StringIO

from rich.console import Console

from fig_assets.cli.show_plan import show_plan
from fig_assets.workflow.planning.planned import Plan, Work
from fig_assets.workflow.steps.stale import Reason

DAY = date(2024, 1, 1)
RELATION, COLUMN = "families/request/monthly_by_day", "asn_monthly_failure_rate__v2"
INPUT = "families/network/monthly_by_day.failure_rate__v2"


def letters(text: str) -> str:
    """Give what a column of a table says, without edges and breaks of lines."""
    return "".join(char for char in text if char.isalnum())


def test_no_name_is_cut_off_in_a_narrow_terminal() -> None:
    reason = Reason("stale", "input is computed anew", (INPUT,))
    work = Work("row__request", RELATION, DAY, DAY, {COLUMN: reason}, rows=9, bytes=99)
    plan = Plan("shop", "local", "0", 1, DAY, DAY, work=(work,))
    shown = StringIO()
    show_plan(Console(file=shown, width=60), plan)

    rows = [line.split("│")[1:-1] for line in shown.getvalue().splitlines() if line[:1] == "│"]
    columns = [letters("".join(cells)) for cells in zip(*rows, strict=True)]
    assert columns[0] == letters(RELATION)
    assert columns[1] == letters(COLUMN)
    assert letters(INPUT) in columns[3]
