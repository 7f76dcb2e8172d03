"""Scores before and after, and a threshold -> which rows become alerts, and which stop being."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from fig_assets.engines.base import Engine
from fig_assets.graph.period import Window
from fig_assets.sql.comparison import Pair, select_count, select_examples
from fig_assets.workflow.changing.comparison import EXAMPLES, Row

Condition = Callable[[exp.Expr, exp.Expr], exp.Expr]


@dataclass(frozen=True)
class Decisions:
    """Rows at or above `threshold` before and after; examples by how far their scores moved."""

    threshold: float
    before: int
    after: int
    appear: int
    vanish: int
    appearing: tuple[Row, ...] = ()
    vanishing: tuple[Row, ...] = ()


def decisions_of(engine: Engine, pair: Pair, days: Window, threshold: float) -> Decisions:
    """Count the rows whose decision flips. A row without a score is no alert.

    Raises:
        EngineError: the engine failed.
    """

    def is_alert(value: exp.Expr) -> exp.Expr:
        text = exp.Literal.string(repr(float(threshold)))
        limit = exp.Cast(this=text, to=exp.DataType(this=exp.DType.DOUBLE))
        reached = exp.GTE(this=value, expression=limit)
        return exp.Coalesce(this=reached, expressions=[exp.false()])

    def appears(before: exp.Expr, after: exp.Expr) -> exp.Expr:
        return exp.and_(is_alert(after), exp.Not(this=is_alert(before)))

    def vanishes(before: exp.Expr, after: exp.Expr) -> exp.Expr:
        return exp.and_(is_alert(before), exp.Not(this=is_alert(after)))

    def count(wanted: Condition) -> int:
        found = engine.query(select_count(pair, days, wanted, engine.dialect))
        return int(found.column("rows")[0].as_py())

    def examples(wanted: Condition) -> tuple[Row, ...]:
        tree = select_examples(pair, days, engine.dialect, most=EXAMPLES, wanted=wanted)
        return tuple(engine.query(tree).to_pylist())

    return Decisions(
        threshold=threshold,
        before=count(lambda before, _: is_alert(before)),
        after=count(lambda _, after: is_alert(after)),
        appear=count(appears),
        vanish=count(vanishes),
        appearing=examples(appears),
        vanishing=examples(vanishes),
    )
