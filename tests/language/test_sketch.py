"""The approximate count: how far off it is, that it merges, and that no rounding decides it."""

import math
from collections.abc import Sequence

import duckdb
import pytest
from sqlglot import exp

from fig_assets.language.duck import cast
from fig_assets.language.sketch import LARGEST_RANK, REGISTERS, SCALE, estimate, rank, register
from tests.naive.aggregates import AGGREGATES

ERROR = 1.04 / math.sqrt(REGISTERS)


def counted(engine: duckdb.DuckDBPyConnection, parts: Sequence[range]) -> int:
    """Count the numbers of all parts, each sketched by itself, as texts."""
    value = cast(exp.column("v"), "VARCHAR")
    columns = (register(value).as_("place"), exp.Max(this=rank(value)).as_("n"))
    sketches = [
        exp.select(*(column.copy() for column in columns))
        .from_(f"RANGE({part.start}, {part.stop}) AS numbers(v)")
        .group_by("1")
        for part in parts
    ]
    every = sketches[0] if len(sketches) == 1 else exp.union(*sketches, distinct=False)
    merged = exp.select("place", exp.Max(this=exp.column("n")).as_("n")).group_by("place")
    merged = merged.from_(every.subquery("parts"))
    found = exp.select(estimate(exp.column("place"), exp.column("n")))
    text = found.from_(merged.subquery("registers")).sql("duckdb")
    [(count,)] = engine.execute(text).fetchall()
    assert isinstance(count, int)
    return count


@pytest.mark.parametrize("size", [0, 1, 2, 100, 2_000, 5_000, 6_000, 20_000, 100_000])
def test_a_count_is_near_and_the_same_as_the_plain_reading_makes(
    engine: duckdb.DuckDBPyConnection, size: int
) -> None:
    found = counted(engine, [range(size)])

    assert abs(found - size) <= 4 * ERROR * size
    assert found == AGGREGATES["APPROX_COUNT_DISTINCT"]([str(n) for n in range(size)])


def test_parts_that_overlap_merge_exactly(engine: duckdb.DuckDBPyConnection) -> None:
    whole = counted(engine, [range(9_000)])

    assert counted(engine, [range(5_000), range(3_000, 9_000), range(10)]) == whole


def test_no_count_by_empty_registers_lies_where_rounding_decides() -> None:
    counts = [REGISTERS * math.log(REGISTERS / empty) for empty in range(1, REGISTERS)]

    assert min(abs(count % 1 - 0.5) for count in counts) > 1e-6


def test_sums_of_powers_of_two_are_exact() -> None:
    assert REGISTERS.bit_length() + LARGEST_RANK <= 53
    assert SCALE / REGISTERS < 2 * REGISTERS


def test_a_text_of_every_bit_pattern_has_a_rank(engine: duckdb.DuckDBPyConnection) -> None:
    tree = exp.select(rank(exp.column("v")), register(exp.column("v")))
    text = tree.from_("texts").sql("duckdb")
    engine.execute("CREATE TABLE texts AS SELECT i::VARCHAR AS v FROM RANGE(20000) t(i)")
    engine.execute("INSERT INTO texts VALUES (NULL), ('')")

    rows = engine.execute(text).fetchall()

    assert rows[-2] == (None, None)
    assert {rank_ for rank_, _ in rows[:-2]} >= set(range(1, 10))
    assert all(1 <= rank_ <= LARGEST_RANK and 0 <= place < REGISTERS for rank_, place in rows[:-2])
