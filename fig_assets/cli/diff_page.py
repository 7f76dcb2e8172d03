"""A `Diff` -> one HTML page with its pictures in it, that loads nothing from anywhere."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING

from fig_assets.cli.diff_text import (
    SCORES,
    VALUES,
    decision_sentences,
    refusals,
    sentences,
    shown_row,
    side_rows,
)
from fig_assets.pictures.bars import bars
from fig_assets.pictures.lines import Line, lines
from fig_assets.pictures.shown import page, table

if TYPE_CHECKING:
    from fig_assets.workflow.changing.comparison import Bin, Comparison, Row
    from fig_assets.workflow.changing.diff import Diff, ModelShift


def diff_page(diff: "Diff") -> str:
    """Return the page: whatever it shows of the data is escaped."""
    title = f"{diff.left} and {diff.right}"
    return page(title, _body(diff, title))


def _body(diff: "Diff", title: str) -> Iterator[str]:
    yield f"<h1>{escape(title)}</h1><p>{diff.start} to {diff.end}, both included.</p>"
    yield _key(diff.left, diff.right)
    yield from (f"<p><strong>{escape(line)}</strong></p>" for line in diff.outdated)
    for name, found in diff.comparisons.items():
        yield f"<h2>{escape(name)}</h2>"
        yield from _comparison(found, "left", "right")
        yield from _by_day(found)
        yield from _rows("Rows that differ most", found.examples, VALUES)
    yield "<h1>Models, without training</h1>"
    for shift in diff.models:
        yield from _model(shift)
    if not diff.models:
        yield "<p>No model reads either of them.</p>"


def _comparison(found: "Comparison", left: str, right: str) -> Iterator[str]:
    yield f"<p>{'<br>'.join(escape(line) for line in sentences(found))}</p>"
    yield from table(("", left, right), side_rows(found))
    yield _bars(found.histogram or found.bins)


def _by_day(found: "Comparison") -> Iterator[str]:
    left = Line("left", [it.left_mean for it in found.by_day])
    right = Line("right", [it.right_mean for it in found.by_day])
    days = [str(it.day) for it in found.by_day]
    if picture := lines(days, (left, right), named=False, title="mean of each day"):
        yield f"<h3>Mean of each day</h3>{picture}"


def _model(shift: "ModelShift") -> Iterator[str]:
    yield f"<h2>{escape(shift.model)}</h2>"
    yield f"<p>{escape(shift.new)} in place of {escape(shift.old)}.</p>"
    if shift.problem:
        yield f"<p>Not scored: {escape(shift.problem)}</p>"
        return
    yield f"<p>Inputs that change: {escape(', '.join(shift.inputs))}</p>"
    for line in refusals(shift):
        yield f"<p>Not scored: {escape(line)}</p>"
    if shift.scores is None or shift.decisions is None:
        return
    yield f"<p>{'<br>'.join(escape(line) for line in decision_sentences(shift))}</p>"
    yield _key("before", "after")
    yield from _comparison(shift.scores, "before", "after")
    yield from _rows("Alerts that appear", shift.decisions.appearing, SCORES)
    yield from _rows("Alerts that vanish", shift.decisions.vanishing, SCORES)


def _bars(found: "Sequence[Bin]") -> str:
    shown = [it for it in found if it.label != "NULL" or it.left or it.right]
    if not shown:
        return ""
    counts = [it.left for it in shown], [it.right for it in shown]
    return bars([it.label for it in shown], counts)


def _rows(title: str, rows: "Sequence[Row]", names: dict[str, str]) -> Iterator[str]:
    if not rows:
        return
    texts = [shown_row(row, names) for row in rows]
    yield f'<h3>{escape(title)}</h3><div class="wide">'
    yield from table(tuple(texts[0]), (tuple(row.values()) for row in texts))
    yield "</div>"


def _key(left: str, right: str) -> str:
    return (
        f'<p><span class="key0">{escape(left)}</span> · '
        f'<span class="key1">{escape(right)}</span></p>'
    )
