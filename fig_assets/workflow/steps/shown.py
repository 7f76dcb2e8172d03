"""What people ask to see: the statements of a relation as text, the days that are stored."""

from collections.abc import Sequence
from datetime import date

from fig_assets.engines.base import Engine, Target
from fig_assets.graph.definitions import Called
from fig_assets.graph.period import Window
from fig_assets.sql.published import Published, days_of
from fig_assets.workflow.steps.write import Write


def statement_text(engine: Engine, found: Sequence[Write]) -> str:
    """Return the statements of `found`; of several, each below a line that says what it makes."""
    texts = [f"{_in_python(write)}{engine.sql(write.tree())};\n" for write in found]
    if len(texts) == 1:
        return texts[0]
    titles = [f"-- {n} of {len(texts)}: {_shown(w.target)}\n" for n, w in enumerate(found, 1)]
    return "\n".join(title + text for title, text in zip(titles, texts, strict=True))


def stored_days(
    engine: Engine, relation: Published, start: date | None, end: date | None
) -> Window | None:
    """Return the days `start` to `end`, both included; those that are stored where one is None.

    None of a relation without days, and where nothing is stored and a day is left open.
    """
    if not relation.is_dated:
        return None
    stored = engine.days(relation.relation)
    if not stored:
        return None if start is None or end is None else days_of(start, end)
    return days_of(start or stored[0], end or stored[-1])


def _shown(target: Target) -> str:
    columns = [name for name in target.names if name not in target.key]
    more = f" and {len(columns) - 3} more" if len(columns) > 3 else ""
    return f"{target.relation}: {', '.join(columns[:3])}{more}"


def _in_python(write: Write) -> str:
    """Say above a statement that it only gathers what Python computes with, where it does."""
    if write.fits is not None:
        names = ", ".join(attribute.identity for attribute in write.attributes)
        return f"-- A label model gives {names}: it learns from counted patterns of votes.\n"
    if write.calls is None:
        return ""
    lines = ["-- These features are computed in Python, of the rows that the statement gives:\n"]
    for attribute in write.calls.attributes:
        called = attribute.definition
        if isinstance(called, Called):
            inputs = ", ".join(f"${label}" for label in called.columns)
            lines.append(f"--   {attribute.identity} = {called.function.location}({inputs})\n")
    return "".join(lines)
