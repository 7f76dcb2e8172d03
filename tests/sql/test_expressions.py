"""The small pieces of every statement: names, days, chains and layers."""

from datetime import date

from sqlglot import exp

from fig_assets.graph.period import Window
from fig_assets.sql.expressions import Chain, column, named, on_days, select

DAY = date(2024, 3, 14)


def test_only_reserved_words_are_quoted() -> None:
    columns = [column("amount__v1"), column("order"), named(exp.true(), "group")]

    assert select(columns, "rows").sql("duckdb") == (
        'SELECT amount__v1, "order", TRUE AS "group" FROM rows'
    )


def test_one_day_is_an_equality_and_more_are_a_range() -> None:
    one = on_days(Window(DAY, date(2024, 3, 15)), "events")
    week = on_days(Window(DAY, date(2024, 3, 21)))

    assert one.sql("duckdb") == "events.day = CAST('2024-03-14' AS DATE)"
    assert week.sql("duckdb") == (
        "day BETWEEN CAST('2024-03-14' AS DATE) AND CAST('2024-03-20' AS DATE)"
    )


def test_a_step_whose_name_is_taken_gets_a_number() -> None:
    chain = Chain()
    names = [chain.add("rows", select([column("a")], "t")) for _ in range(3)]

    assert names == ["rows", "rows_2", "rows_3"]
    assert list(chain.finish(select([column("a")], "rows_3")).ctes)[2].alias == "rows_3"
