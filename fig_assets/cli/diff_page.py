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
from fig_assets.cli.svg import bars, lines

if TYPE_CHECKING:
    from fig_assets.workflow.comparison import Bin, Comparison, Row
    from fig_assets.workflow.diff import Diff, ModelShift

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1c2330; background: #fff; }
table { border-collapse: collapse; margin: .6rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #dfe3ea; }
th:first-child, td:first-child { text-align: left; }
.wide { overflow-x: auto; } .wide th, .wide td { text-align: left; white-space: nowrap; }
svg { width: 100%; max-width: 640px; height: auto; font: 10px system-ui, sans-serif; }
svg text { fill: #5b6577; } .axis { stroke: #c3c9d4; }
.s0 { fill: #3566b8; } .s1 { fill: #d9822b; }
.l0 { stroke: #3566b8; fill: none; } .l1 { stroke: #d9822b; fill: none; }
.key0 { color: #3566b8; } .key1 { color: #d9822b; } .key0, .key1 { font-weight: 600; }
"""


def diff_page(diff: "Diff") -> str:
    """Return the page: whatever it shows of the data is escaped."""
    title = f"{diff.left} and {diff.right}"
    body = "\n".join(_body(diff, title))
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


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
    yield from _table(("", left, right), side_rows(found))
    yield _bars(found.histogram or found.bins)


def _by_day(found: "Comparison") -> Iterator[str]:
    left = [(str(it.day), it.left_mean) for it in found.by_day]
    right = [(str(it.day), it.right_mean) for it in found.by_day]
    if picture := lines(left, right):
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
    return bars([it.label for it in shown], [it.left for it in shown], [it.right for it in shown])


def _rows(title: str, rows: "Sequence[Row]", names: dict[str, str]) -> Iterator[str]:
    if not rows:
        return
    texts = [shown_row(row, names) for row in rows]
    yield f'<h3>{escape(title)}</h3><div class="wide">'
    yield from _table(tuple(texts[0]), (tuple(row.values()) for row in texts))
    yield "</div>"


def _table(heads: Sequence[str], rows: "Iterator[tuple[str, ...]]") -> Iterator[str]:
    yield f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"
    for row in rows:
        yield f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in row)}</tr>"
    yield "</table>"


def _key(left: str, right: str) -> str:
    return (
        f'<p><span class="key0">{escape(left)}</span> · '
        f'<span class="key1">{escape(right)}</span></p>'
    )
