"""Every word that the program sends has a word of the same meaning in Spark."""

import pytest
from sqlglot import exp

from fig_assets.engines.base import relation
from fig_assets.engines.spark.words import spark_sql, to_spark
from fig_assets.errors import UnsupportedOnEngine
from fig_assets.language.duck import call, let, number, text
from fig_assets.language.functions import lower
from fig_assets.language.parse import parse
from tests.conformance.table import table
from tests.language.rows import column, type_of

EXPRESSIONS = sorted({c.expression for c in table() if not c.is_aggregate and c.kind != "refused"})


def test_every_expression_of_the_table_has_words_in_spark() -> None:
    for expression in EXPRESSIONS:
        tree = lower(parse(expression).tree, "duckdb", column, type_of)

        assert spark_sql(tree)


def test_a_name_for_a_value_is_a_lambda_where_spark_can_compute_it() -> None:
    long = parse("(($i + 1) * ($i + 2) * ($i + 3))::float / $f")

    found = spark_sql(lower(long.tree, "duckdb", column, type_of))

    assert found.count("TRANSFORM(") == 1


def test_a_name_for_a_value_is_written_out_where_a_python_worker_computes_with_it() -> None:
    many = exp.Coalesce(this=exp.column("a"), expressions=[text(str(n)) for n in range(20)])
    tree = let(many, lambda value: exp.DPipe(this=call("LOWER", value), expression=value.copy()))

    found = spark_sql(tree)

    assert "TRANSFORM" not in found
    assert found.count("COALESCE") == 2


def test_what_would_grow_beyond_any_use_is_refused() -> None:
    tree: exp.Expr = exp.Coalesce(
        this=exp.column("a"), expressions=[text(str(n)) for n in range(20)]
    )
    for _ in range(12):
        tree = let(tree, lambda v: exp.DPipe(this=call("LOWER", v), expression=v.copy()))

    with pytest.raises(UnsupportedOnEngine, match="nested so deeply"):
        to_spark(tree)


def test_the_first_of_each_group_is_ranked_apart_and_the_rank_left_out() -> None:
    first = exp.Window(this=exp.RowNumber(), partition_by=[exp.column("k")]).eq(1)
    tree = exp.select("*").from_(relation("events/login", {})).qualify(first)

    assert spark_sql(tree) == (
        "SELECT * EXCEPT (rank_1__) FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY k) "
        "AS rank_1__ FROM `events/login`) AS ranked__ WHERE rank_1__ = 1"
    )


def test_a_row_for_each_element_is_read_beside_the_source() -> None:
    step = exp.cast(call("UNNEST", call("RANGE", number(2))), "int")
    tree = exp.select(exp.Add(this=exp.column("day"), expression=step)).from_("rows")

    assert spark_sql(tree) == (
        "SELECT day + CAST(unnested__.element__ AS INT) FROM `rows` LATERAL VIEW "
        "EXPLODE(CASE WHEN 0 <= (2 - 1) THEN SEQUENCE(0, 2 - 1) ELSE ARRAY() END) "
        "unnested__ AS element__"
    )


@pytest.mark.parametrize(
    "written", ["it's", "a\\b", "line\nbreak", "${x}", "\\u0041", "tab\t", "😀", '"`'], ids=repr
)
def test_a_text_is_written_so_that_spark_reads_the_same(written: str) -> None:
    found = spark_sql(text(written))

    inside = found.removeprefix("'").removesuffix("'")
    plain = inside.replace("\\\\", "\0").replace("\\n", "\n").replace("\\t", "\t")
    assert plain.replace("\\'", "'").replace("''", "'").replace("\0", "\\") == written


def test_a_share_of_values_is_reached_by_one_that_is_there() -> None:
    tree = exp.PercentileDisc(this=exp.column("x"), expression=number(0.01))

    assert spark_sql(tree) == (
        "ELEMENT_AT(SORT_ARRAY(NULLIF(COLLECT_LIST(x), ARRAY())), "
        "GREATEST(CAST(COUNT(x) - FLOOR(COUNT(x) - COUNT(x) * 0.01e0) AS INT), 1))"
    )
