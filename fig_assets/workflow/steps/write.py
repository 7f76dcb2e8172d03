"""One statement of one day: what it replaces and what it needs; and doing it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from fig_assets.engines.base import Audit, Engine, Read, Target, Written
from fig_assets.engines.needs import require_days
from fig_assets.engines.snapshot import Snapshot
from fig_assets.graph.nodes import Attribute, Key
from fig_assets.workflow.steps.checks import ChecksFailed, judge, lost_rows
from fig_assets.workflow.steps.label_model import Fits
from fig_assets.workflow.steps.python import Calls
from fig_assets.workflow.steps.result import DayResult, Facts
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Write:
    """One statement of one day: what it replaces, how it is computed, what it must find built."""

    target: Target
    tree: Callable[[], exp.Query]
    attributes: tuple[Attribute, ...] = ()
    needs: tuple[Read, ...] = ()
    published: Key | None = None
    """The relation's asset, where its rows are judged."""
    calls: Calls | None = None
    """The Python functions to which the rows of the statement are given, where there are any."""
    fits: Fits | None = None
    """The label models that make columns of the votes that the statement gives."""

    def rows(self, engine: Engine) -> exp.Query | Callable[[], pa.Table]:
        """Return the statement that gives the rows, or what computes them from its rows."""
        calls, fits = self.calls, self.fits
        if calls is not None:
            return lambda: calls.compute(engine.query(self.tree()), self.target)
        if fits is not None:
            return lambda: fits.compute(engine, engine.query(self.tree()), self.target)
        return self.tree()


def run_write(workspace: Workspace, write: Write, day: date, result: DayResult) -> None:
    """Compute the rows of a day, judge them, publish them, and add to `result` what happened.

    Raises:
        EngineError: a day that is read was never built, or the engine failed.
        ChecksFailed: a blocking check failed; nothing was published.
        RowSetChanged: a scoped write met a day with another set of keys.
    """
    engine = workspace.engine
    require(workspace, write, day)
    rows = write.rows(engine)

    def publish(audit: Audit) -> Written:
        return engine.replace_days(write.target, rows, [day], audit)[0]

    run_publish(write, publish, result)
    if write.published:
        result.statement = write.tree


def require(workspace: Workspace, write: Write, day: date, seen: Snapshot | None = None) -> None:
    """Refuse a write that reads a day which was never built; `seen` are the records, if known.

    Raises:
        EngineError: names what is missing.
    """
    title = f"{write.target.relation} of {day}"
    for read in write.needs:
        require_days(seen or workspace.engine, read, workspace.graph.start, title)


def run_publish(write: Write, publish: Callable[[Audit], Written], result: DayResult) -> None:
    """Judge rows, publish them by `publish`, and add to `result` what happened.

    Raises:
        EngineError, ChecksFailed, RowSetChanged: as `run_write`.
    """

    def audit(_: date, rows: pa.Table) -> None:
        if write.published is not None:
            key = {c.name: c.type for c in write.target.columns if c.name in write.target.key[:1]}
            key = {} if write.published[0] == "events" else key
            result.verdicts += judge(write.published, key, write.attributes, rows)
        if any(v.blocking and not v.passed for v in result.verdicts):
            raise ChecksFailed(result.verdicts)
        for attribute in write.attributes:
            facts = _facts(rows.column(attribute.column))
            result.facts[attribute.key] = replace(facts, lost=lost_rows(rows, attribute))

    written = publish(audit)
    result.rows = written.rows
    result.kept |= written.kept
    for attribute in write.attributes:
        digest = written.digests[attribute.column]
        result.facts[attribute.key] = replace(result.facts[attribute.key], digest=digest)


def _facts(column: "pa.ChunkedArray[Any]") -> Facts:
    numbers: dict[str, float] = {}
    kind = column.type
    if pa.types.is_boolean(kind):
        column = column.cast(pa.int64())
        kind = column.type
    if (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and column.null_count < len(
        column
    ):
        ends = pc.min_max(column)
        numbers = {
            "mean": float(pc.mean(column).as_py()),
            "min": float(ends["min"].as_py()),
            "max": float(ends["max"].as_py()),
        }
    return Facts(len(column), column.null_count, "", numbers)


def reads_of(target: Target) -> tuple[Read, ...]:
    """Return everything that the columns of a target read, each once."""
    return tuple(dict.fromkeys(read for column in target.columns for read in column.reads))
