"""On a real Spark every function, operator and cast gives what the table says, as on DuckDB."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.sandbox import SETTINGS
from fig_assets.language.duck import text
from fig_assets.language.types import parse_type
from fig_assets.sql.explanations import unfold
from tests.conformance.batches import (
    OF_ROWS,
    Found,
    computed,
    cuts,
    every_row,
    kind_of,
    loss_trees,
    places_of_rows,
    row_trees,
    windows,
)
from tests.conformance.duck import Duck
from tests.conformance.spark import Spark
from tests.conformance.table import typed


@pytest.fixture(scope="module")
def spark(spark_address: str) -> Spark:
    return Spark(spark_address)


@pytest.fixture(scope="module")
def duck() -> Iterator[Duck]:
    with duckdb.connect(":memory:", config=dict(SETTINGS)) as connection:
        yield Duck(connection)


def is_same(found: object, expected: object) -> bool:
    if isinstance(found, float) and isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=1e-9)
    return found == expected and type(found) is type(expected)


def differences(found: Found, expected: Found) -> dict[str, object]:
    """Return, by expression and row, what was found and what was expected."""
    return {
        f"{expression} on row {place}": pair
        for expression, values in found.items()
        for place, pair in enumerate(zip(values, expected[expression], strict=True))
        if not is_same(*pair)
    }


def test_row_expressions_give_what_the_table_says_and_duckdb_on_all_rows(
    spark: Spark, duck: Duck
) -> None:
    rows, trees, places = every_row(), row_trees(), places_of_rows()

    found = computed(spark, trees, rows)

    assert differences(found, computed(duck, trees, rows)) == {}
    wrong = {
        str(case): value
        for case in OF_ROWS
        if not is_same(
            value := found[case.expression][places[str(case.row)]],
            typed(case.value, parse_type(kind_of(case.expression))),
        )
    }
    assert wrong == {}


def test_row_expressions_lose_what_they_lose_in_duckdb(spark: Spark, duck: Duck) -> None:
    rows, trees = every_row(), loss_trees()

    found = computed(spark, trees, rows)

    assert differences(truths(found), truths(computed(duck, trees, rows))) == {}
    places = places_of_rows()
    told = {
        str(case)
        for case in OF_ROWS
        if (case.expression in found and found[case.expression][places[str(case.row)]] is True)
        != case.is_lost
    }
    assert told == set()


def test_keywords_of_spark_can_name_columns_and_tables(spark: Spark) -> None:
    words = "anti cross current_date current_path day from group interval lateral left minus order"
    words += " rows select semi table union user using values when window"
    names = words.split()
    named = exp.select(*(exp.alias_(exp.convert(place), word) for place, word in enumerate(names)))
    query = exp.select(*map(exp.column, names)).from_(named.subquery("cross"))

    [row] = spark.run(query, {}).to_pylist()

    assert row == {word: place for place, word in enumerate(names)}


def test_texts_arrive_as_they_are_written(spark: Spark) -> None:
    texts = [
        "it's",
        "a\\b",
        "line\nbreak",
        "${spark.master}",
        "\\u0041",
        "tab\t",
        "😀",
        '"`',
        "%_\\%",
    ]
    query = exp.select(*(exp.alias_(text(one), f"t{n}") for n, one in enumerate(texts)))

    [row] = spark.run(query, {}).to_pylist()

    assert list(row.values()) == texts


def test_shares_of_values_are_those_of_duckdb(spark: Spark, duck: Duck) -> None:
    shares = exp.Array(expressions=[exp.Literal.number(repr(n / 10)) for n in range(11)])
    found = [
        kind(this=exp.column(name), expression=share)
        for kind in (exp.PercentileCont, exp.PercentileDisc)
        for share in (shares, exp.Literal.number("0.99"))
        for name in ("f", "i")
    ]
    columns = [exp.alias_(tree, f"v{n}") for n, tree in enumerate(found)]
    small = exp.column("f").between(-1e6, 1e6) & exp.column("i").between(-1000, 1000)
    query = exp.select(*columns).from_("some_rows").where(small)
    none = exp.select(*(column.copy() for column in columns)).from_("some_rows").where(exp.false())

    for asked in (query, none):
        [on_spark], [on_duckdb] = (
            runner.run(asked, {"some_rows": every_row()}).to_pylist() for runner in (spark, duck)
        )
        for name, value in on_duckdb.items():
            assert on_spark[name] == pytest.approx(value), name


def test_texts_of_explanations_become_rows(spark: Spark, duck: Duck) -> None:
    new = {"attribute": "request.a@12", "id": 7, "value": "it's [1]", "contribution": -2.5}
    old = {"attribute": "request.b@1", "contribution": 1.5}
    told = [json.dumps({"base": 0, "attributes": parts}) for parts in ([new, old], [])]
    day = date(2024, 1, 1)
    scores = pa.table(
        {
            "day": [day] * 3,
            "session": ["x", "y", "z"],
            "trained_for": [day] * 3,
            "explanation": [None, *told],
        }
    )
    query = exp.select("*").from_(unfold(exp.to_table("scores"), "session"))

    on_spark, on_duckdb = (
        runner.run(query, {"scores": scores}).sort_by("rank").to_pylist()
        for runner in (spark, duck)
    )

    assert on_spark == on_duckdb
    assert len(on_spark) == 2


def truths(found: Mapping[str, Sequence[object]]) -> Found:
    return {one: [value is True for value in values] for one, values in found.items()}


def test_windows_give_what_the_table_says_and_duckdb_however_days_are_cut(
    spark: Spark, duck: Duck
) -> None:
    found = windows(spark)

    assert differences(found, windows(duck)) == {}
    wrong = {
        f"{case} on days {days}": value
        for place, (case, days) in enumerate(cuts())
        if not is_same(
            value := found[case.expression][place],
            typed(case.value, parse_type(kind_of(case.expression))),
        )
    }
    assert wrong == {}
