"""Two columns and days -> `Comparison`: coverage, distribution, correlation, what differs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from fig_assets.engines.base import DAY, Engine
from fig_assets.graph.period import Window
from fig_assets.models.shift import js_distance, psi
from fig_assets.sql import comparison as sql
from fig_assets.sql.comparison import LEFT, QUANTILES, RIGHT, Pair

HISTOGRAM_BINS = 24
EXAMPLES = 10
OTHERS = "(others)"
Row = dict[str, object]


@dataclass(frozen=True)
class Side:
    """One of the two columns: of numbers also mean, sample deviation, bounds and quantiles.

    Moments are seconds since 1970. `quantiles` are by share (0.5 is the median), interpolated.
    Numbers of 1e140 and more are no part of `mean` and `deviation`.
    """

    values: int
    nulls: int
    coverage: float | None
    """The share of rows with a value; None without rows."""
    mean: float | None = None
    deviation: float | None = None
    low: float | None = None
    high: float | None = None
    quantiles: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Bin:
    """How many values of each side stand under one label."""

    label: str
    left: int
    right: int


@dataclass(frozen=True)
class DayShift:
    """One day of both sides."""

    day: date
    rows: int
    left_values: int
    right_values: int
    differ: int
    left_mean: float | None = None
    right_mean: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Two columns of the same rows.

    Attributes:
        kind: number, category (texts, booleans; two kinds as text) or vector (embeddings).
        rows: Of all days.
        left: The first column.
        right: The second one.
        both: Rows with a value on both sides.
        differ: Rows whose values are distinct, a value beside NULL included.
        correlation: Pearson's, of rows with two values; None where one side is constant.
        psi: See `models.shift`; over `bins`, the first column being what was expected.
        js_distance: See `models.shift`; over `bins`.
        bins: Of numbers: between the tenths of both sides' values taken together. Of categories:
            the 20 most frequent values and all others. NULL is a bin of its own. None of vectors.
        histogram: Of numbers: bins of equal width from the 1st to the 99th hundredth.
        by_day: Each day with rows.
        examples: Rows that differ: by how far, then by day and key.
    """

    kind: str
    rows: int
    left: Side
    right: Side
    both: int
    differ: int
    correlation: float | None = None
    psi: float | None = None
    js_distance: float | None = None
    bins: tuple[Bin, ...] = ()
    histogram: tuple[Bin, ...] = ()
    by_day: tuple[DayShift, ...] = ()
    examples: tuple[Row, ...] = ()


def compare(engine: Engine, pair: Pair, days: Window) -> Comparison:
    """Compare two columns on `days`. All is counted by the engine; few rows come back.

    Raises:
        EngineError: a day holds only one of the columns, or the engine failed.
        ValueError: an embedding is compared with something else.
    """
    dialect, kind = engine.dialect, pair.kind
    facts = _rows(engine, sql.select_facts(pair, days, dialect))[0]
    bins: list[Bin] = []
    histogram: list[Bin] = []
    if kind == "number":
        bins, histogram = _of_numbers(engine, pair, days)
    elif kind == "category":
        bins = _of_categories(engine, pair, days, _int(facts["rows"]))
    left, right = [it.left for it in bins], [it.right for it in bins]
    examples = sql.select_examples(pair, days, dialect, most=EXAMPLES)
    return Comparison(
        kind=kind,
        rows=_int(facts["rows"]),
        left=_side(facts, "left"),
        right=_side(facts, "right"),
        both=_int(facts["both"]),
        differ=_int(facts["differ"]),
        correlation=_float(facts.get("correlation")),
        psi=psi(left, right),
        js_distance=js_distance(left, right),
        bins=tuple(bins),
        histogram=tuple(histogram),
        by_day=tuple(_day(row) for row in _rows(engine, sql.select_by_day(pair, days, dialect))),
        examples=tuple(_rows(engine, examples)),
    )


def examples_of(rows: Sequence[Row]) -> list[Row]:
    """Return rows with plain names for the two values."""
    names = {LEFT: "left", RIGHT: "right"}
    return [{names.get(name, name): value for name, value in row.items()} for row in rows]


def _of_numbers(engine: Engine, pair: Pair, days: Window) -> tuple[list[Bin], list[Bin]]:
    found = _rows(engine, sql.select_edges(pair, days, engine.dialect))[0]
    tenths = found["tenths"]
    edges = sorted(set(tenths)) if isinstance(tenths, list) else []
    low, high = _float(found["low"]), _float(found["high"])
    bins = _binned(engine, pair, days, edges)
    if low is None or high is None or not low < high:
        return bins, bins
    width = (high - low) / HISTOGRAM_BINS
    even = sorted({low + n * width for n in range(1, HISTOGRAM_BINS)})
    return bins, _binned(engine, pair, days, even)


def _binned(engine: Engine, pair: Pair, days: Window, edges: Sequence[float]) -> list[Bin]:
    counted = {
        _int(row["bin"]): (_int(row["left_count"]), _int(row["right_count"]))
        for row in _rows(engine, sql.select_bins(pair, days, edges, engine.dialect))
    }
    labels = {-1: "NULL", 0: f"up to {edges[0]:.6g}" if edges else "every value"}
    for place, edge in enumerate(edges, 1):
        to = f" to {edges[place]:.6g}" if place < len(edges) else ""
        labels[place] = f"above {edge:.6g}{to}"
    return [Bin(label, *counted.get(place, (0, 0))) for place, label in labels.items()]


def _of_categories(engine: Engine, pair: Pair, days: Window, rows: int) -> list[Bin]:
    found = [
        Bin(_label(row["value"]), _int(row["left_count"]), _int(row["right_count"]))
        for row in _rows(engine, sql.select_categories(pair, days, engine.dialect))
    ]
    left, right = (rows - sum(it.left for it in found), rows - sum(it.right for it in found))
    return [*found, Bin(OTHERS, left, right)] if left or right else found


def _label(value: object) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return "NULL" if value is None else str(value)


def _side(facts: Row, side: str) -> Side:
    rows, values = _int(facts["rows"]), _int(facts[f"{side}_values"])
    found = facts.get(f"{side}_quantiles")
    quantiles = zip(QUANTILES, found, strict=True) if isinstance(found, list) else ()
    return Side(
        values=values,
        nulls=rows - values,
        coverage=values / rows if rows else None,
        mean=_float(facts.get(f"{side}_mean")),
        deviation=_float(facts.get(f"{side}_deviation")),
        low=_float(facts.get(f"{side}_low")),
        high=_float(facts.get(f"{side}_high")),
        quantiles=tuple(quantiles),
    )


def _day(row: Row) -> DayShift:
    day = row[DAY]
    if not isinstance(day, date):
        raise TypeError(f"{day!r} is no day")
    return DayShift(
        day,
        _int(row["rows"]),
        _int(row["left_values"]),
        _int(row["right_values"]),
        _int(row["differ"]),
        _float(row.get("left_mean")),
        _float(row.get("right_mean")),
    )


def _rows(engine: Engine, tree: exp.Query) -> list[Row]:
    rows: list[Row] = engine.query(tree).to_pylist()
    return rows


def _int(value: object) -> int:
    return int(str(value))


def _float(value: object) -> float | None:
    """Return a number; None of what is none, such as the correlation with a constant."""
    if not isinstance(value, int | float):
        return None
    return float(value) if value - value == 0 else None
