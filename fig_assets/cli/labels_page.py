"""The report of a label set -> a page with its numbers and the picture of who disagrees."""

from collections.abc import Iterator
from html import escape

from fig_assets.models.label_report import LabelReport, conflicts
from fig_assets.pictures.bars import bars
from fig_assets.pictures.shown import page, table

DID = ("coverage", "overlaps", "conflicts", "agreement", "accuracy", "drift")
MEASURED = ("coverage", "precision", "recall", "f1")


def labels_page(told: LabelReport) -> str:
    """Return the page: whatever it shows of the data is escaped."""
    return page(told.label_set, _body(told))


def percent(value: float | None) -> str:
    """Write a share, or a dash where there is none."""
    return "-" if value is None else f"{value:.2%}"


def _body(told: LabelReport) -> Iterator[str]:
    yield f"<h1>{escape(told.label_set)}</h1>"
    yield f"<p>{told.start} to {told.end}, both included: {told.rows:,} rows.</p>"
    yield from (f"<p><strong>{escape(words)}</strong></p>" for words in told.warnings)
    yield f"<h2>{escape(told.strong)}</h2>"
    given = {**told.classes, "without a class": told.unlabelled}
    yield bars(list(given), [list(given.values())], title="rows of each class")
    yield f"<p>{told.silent:,} rows without a vote.</p>"
    yield "<h2>What each weak label did</h2>"
    rows = [
        (
            *(it.name, ", ".join(it.polarity) or "-", f"{it.votes:,}"),
            *(percent(getattr(it, name)) for name in DID),
        )
        for it in told.voters
    ]
    yield from table(("weak label", "votes for", "votes", *DID), rows)
    if len(told.voters) > 1:
        yield "<h2>Share of the rows on which two weak labels disagree</h2>"
        yield conflicts(list(told.between), told.between)
    if told.measured:
        yield "<h2>On the rows whose class is known</h2>"
        known = [
            (it.name, f"{it.rows:,}", *(percent(getattr(it, name)) for name in MEASURED))
            for it in told.measured
        ]
        yield from table(("label", "rows", *MEASURED), known)
