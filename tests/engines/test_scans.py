from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.base import relation
from fig_assets.engines.lake import scans
from fig_assets.engines.lake.lake import Lake
from fig_assets.errors import EngineError
from tests.engines.lakes import DAY, LOGINS, NEXT, TYPES, publish, table, target

COLUMNS = {name: TYPES[name] for name in ("day", "user", "total")}
TREE = exp.select("user").from_(relation(LOGINS, COLUMNS, DAY, NEXT + timedelta(days=1)))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def text(tree: exp.Expr, lake: Lake) -> str:
    return tree.sql("duckdb").replace(str(lake.root), "LAKE")


def test_only_the_stored_files_of_the_named_days_are_read(lake: Lake) -> None:
    publish(lake, target("total"), table(["ann"], total=[1]))
    assert text(scans.stored(TREE, lake), lake) == (
        "SELECT \"user\" FROM READ_PARQUET('LAKE/families/logins/day=2024-03-14/data.parquet', "
        "hive_partitioning := TRUE) AS r"
    )


def test_a_relation_without_files_is_no_rows_of_its_shape(lake: Lake) -> None:
    shape = (
        '(SELECT CAST(NULL AS DATE) AS "day", CAST(NULL AS TEXT) AS "user", '
        'CAST(NULL AS BIGINT) AS "total" WHERE FALSE)'
    )
    for made in (scans.stored(TREE, lake), scans.lasting(TREE, lake)):
        assert text(made, lake) == f'SELECT "user" FROM {shape} AS r'


def test_a_column_that_a_day_lacks_is_null_there(lake: Lake) -> None:
    publish(lake, target(), table(["ann"]))
    assert 'CAST(NULL AS BIGINT) AS "total"' in text(scans.stored(TREE, lake), lake)
    assert "union_by_name := TRUE" in text(scans.stored(TREE, lake), lake)


def test_what_is_shown_names_the_whole_relation_in_one_pattern(lake: Lake) -> None:
    assert text(scans.shown(TREE, lake), lake) == (
        "SELECT \"user\" FROM READ_PARQUET('LAKE/families/logins/day=*/data.parquet', "
        "hive_partitioning := TRUE) AS r"
    )


def test_an_alias_is_kept_and_the_tree_is_left_as_it_was(lake: Lake) -> None:
    named = relation(LOGINS, COLUMNS, DAY, NEXT)
    named.set("alias", exp.TableAlias(this=exp.to_identifier("found")))
    tree = exp.select("user").from_(named, copy=False)
    before = tree.sql()
    assert text(scans.shown(tree, lake), lake).endswith(" AS found")
    assert tree.sql() == before


def test_tables_that_are_no_relations_stay(lake: Lake) -> None:
    tree = exp.select("user").from_("lines")
    assert text(scans.stored(tree, lake), lake) == 'SELECT "user" FROM lines'


def test_a_damaged_file_is_refused_before_the_statement_runs(lake: Lake) -> None:
    publish(lake, target("total"), table(["ann"], total=[1]))
    path = lake.path(LOGINS, DAY)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 4
    path.write_bytes(content)
    with pytest.raises(EngineError, match=f"{path}: damaged"):
        scans.stored(TREE, Lake(lake.root))


def test_an_embedding_that_no_file_holds_is_a_null_list(lake: Lake) -> None:
    vectors = relation(LOGINS, {"v": pa.list_(pa.float64())})
    assert text(scans.stored(exp.select("v").from_(vectors), lake), lake) == (
        'SELECT v FROM (SELECT CAST(NULL AS DOUBLE[]) AS "v" WHERE FALSE) AS r'
    )


def test_every_stored_type_has_a_sql_type() -> None:
    assert set(TYPES.values()) | {pa.int32()} == set(scans.SQL_TYPES)
