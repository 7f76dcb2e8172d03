"""The page and the texts of a diff: everything in one file, and nothing of the data as markup."""

import json
import re
from datetime import date
from html.parser import HTMLParser

from rich.console import Console

from fig_assets.cli.diff_page import diff_page
from fig_assets.cli.diff_text import diff_json, show_diff
from fig_assets.workflow.changing.comparison import Bin, Comparison, DayShift, Side
from fig_assets.workflow.changing.decisions import Decisions
from fig_assets.workflow.changing.diff import Diff, ModelShift

HOSTILE = "<script>alert('&')</script>[bold]"
DAY = date(2024, 1, 1)
ROW = {"day": DAY, "key": HOSTILE, "left_value": 0.25, "right_value": None}


def comparison(kind: str = "number") -> Comparison:
    side = Side(3, 1, 0.75, 1.5, 0.5, 1.0, 2.0, ((0.5, 1.5),))
    bins = (Bin(HOSTILE, 3, 1), Bin("NULL", 0, 0), Bin("b", 0, 2))
    days = (DayShift(DAY, 4, 3, 3, 2, 1.5, None), DayShift(date(2024, 1, 2), 4, 3, 3, 2, 1.0, 2.0))
    return Comparison(kind, 4, side, side, 3, 2, 0.5, 0.1, 0.2, bins, bins, days, (ROW,))


def diff(**shift: object) -> Diff:
    made = Decisions(0.9, 10, 12, 3, 1, (ROW,), (ROW,))
    full = {"inputs": (HOSTILE,), "days": 2, "refused": {HOSTILE: HOSTILE}}
    told = {**full, "scores": comparison(), "decisions": made, **shift}
    model = ModelShift("scorer@1", "a.b@1", "a.b@2", **told)
    return Diff("a.b@1", "a.b@2", DAY, DAY, {HOSTILE: comparison("category")}, (model,))


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        self.closed.append(tag)

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_data_is_text_and_never_markup() -> None:
    tags = Tags()
    tags.feed(diff_page(diff()))

    assert "script" not in tags.opened
    assert HOSTILE in tags.text
    paired = [tag for tag in tags.opened if tag not in ("meta", "br", "line", "rect", "polyline")]
    closed = [tag for tag in tags.closed if tag not in ("line", "rect", "polyline")]
    assert sorted(paired) == sorted(closed)


def test_the_page_loads_nothing() -> None:
    page = diff_page(diff())

    assert not re.search(r"https?:|src=|href=|@import|url\(", page)
    assert "default-src 'none'" in page
    assert page.count("<svg") == 3


def test_the_page_tells_what_the_terminal_tells() -> None:
    page = diff_page(diff())
    console = Console(width=200, record=True)
    show_diff(console, diff())
    printed = console.export_text()

    for words in (
        "rows that differ: 2 of 4 (50.00%)",
        "alerts at 0.9 and above: 10 before, 12 after",
        "3 appear, 1 vanish",
    ):
        assert words in page
        assert words in printed
    assert HOSTILE in printed


def test_a_model_that_was_not_scored_says_why() -> None:
    console = Console(width=200, record=True)
    show_diff(console, diff(scores=None, decisions=None, problem="no such day"))

    assert "not scored: no such day" in console.export_text()
    assert "Not scored: no such day" in diff_page(diff(scores=None, problem="no such day"))


def test_programs_read_everything_as_json() -> None:
    told = json.loads(json.dumps(diff_json(diff()), default=str))

    assert told["models"][0]["decisions"]["appear"] == 3
    assert told["comparisons"][HOSTILE]["examples"][0]["right_value"] is None
