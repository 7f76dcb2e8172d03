"""Binding without data; what every engine promises of `check` stands here for DuckDB."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine, relation
from fig_assets.errors import EngineError
from tests.engines.lakes import LOGINS, NEXT, TYPES


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with open_engine("duckdb", "lake", tmp_path) as engine:
        yield engine


def logins(text: str, *columns: str) -> exp.Query:
    """Parse a statement over `logins`, which has `columns`."""
    tree = parse_one(text, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    shape = {name: TYPES[name] for name in columns}
    for table in list(tree.find_all(exp.Table)):
        if table.name == "logins":
            table.replace(relation(LOGINS, shape, NEXT, NEXT))
    return tree


def test_a_statement_gives_its_columns_and_their_types(engine: Engine) -> None:
    text = "SELECT day, user, total * 2 AS twice, rate, seen, is_new FROM logins"
    found = engine.check(logins(text, *TYPES))
    assert found == pa.schema(
        [
            ("day", pa.date32()),
            ("user", pa.string()),
            ("twice", pa.int64()),
            ("rate", pa.float64()),
            ("seen", pa.timestamp("us")),
            ("is_new", pa.bool_()),
        ]
    )


def test_a_column_that_the_shape_forgets_does_not_bind(engine: Engine) -> None:
    assert engine.check(logins("SELECT total FROM logins", "total", "rate"))
    with pytest.raises(EngineError, match=r'"total" not found(.|\n)*SELECT\s+total'):
        engine.check(logins("SELECT total FROM logins", "rate"))


def test_a_function_that_does_not_take_the_type_does_not_bind(engine: Engine) -> None:
    with pytest.raises(EngineError, match="No function matches"):
        engine.check(logins("SELECT LENGTH(rate) FROM logins", "rate"))


def test_a_type_that_no_relation_can_store_is_refused(engine: Engine) -> None:
    with pytest.raises(EngineError, match=r"no relation can store .* type HUGEINT"):
        engine.check(logins("SELECT SUM(total) AS total FROM logins", "total"))


def test_a_table_in_memory_is_given_by_its_shape(engine: Engine) -> None:
    tree = parse_one("SELECT n FROM lines", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    found = engine.check(tree, {"lines": pa.schema([("n", pa.int64())])})
    assert found == pa.schema([("n", pa.int64())])


def test_nothing_is_written_and_no_file_can_be_read(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("a\n1\n")
    engine.check(logins("SELECT total FROM logins", "total"))
    tree = parse_one(f"SELECT * FROM read_csv('{tmp_path}/secret.csv')", dialect="duckdb")
    assert isinstance(tree, exp.Query)
    with pytest.raises(EngineError, match="Permission Error"):
        engine.check(tree)
    assert [path.name for path in tmp_path.iterdir()] == ["secret.csv"]


def test_other_days_and_relations_of_one_shape_are_one_statement(engine: Engine) -> None:
    text = "SELECT total, CAST('{}' AS DATE) AS day FROM logins"
    first = engine.check(logins(text.format("2024-01-01"), "total"))
    assert engine.check(logins(text.format("2024-02-29"), "total")) is first
    other = parse_one(text.format("2024-01-01"), dialect="duckdb")
    assert isinstance(other, exp.Query)
    other.find(exp.Table).replace(relation("logouts", {"total": TYPES["total"]}))  # type: ignore[union-attr]
    assert engine.check(other) is first


@pytest.mark.parametrize(
    "other",
    [
        pytest.param("SELECT total, '2024-01-01' AS day FROM logins", id="a text"),
        pytest.param("SELECT total, CAST('2024-01' AS DATE) AS day FROM logins", id="no day"),
        pytest.param("SELECT total, 'CAST(''2024-01-01'' AS DATE)' AS day FROM logins", id="in"),
    ],
)
def test_what_only_looks_like_another_day_is_bound_itself(engine: Engine, other: str) -> None:
    first = engine.check(
        logins("SELECT total, CAST('2024-01-01' AS DATE) AS day FROM logins", "total")
    )
    assert engine.check(logins(other, "total")) is not first


def test_a_refused_statement_is_refused_again(engine: Engine) -> None:
    for day in ("2024-01-01", "2024-01-02"):
        with pytest.raises(EngineError, match=day):
            engine.check(logins(f"SELECT rate, CAST('{day}' AS DATE) AS day FROM logins", "total"))


@pytest.mark.parametrize("where", ["TRUE", "FALSE", "user = 'a' AND user = 'b'"])
def test_constants_are_looked_at_even_where_no_row_can_come(engine: Engine, where: str) -> None:
    text = f"SELECT REGEXP_MATCHES(user, '(?<a>b)') AS is_b FROM logins WHERE {where}"
    with pytest.raises(EngineError, match="invalid perl operator"):
        engine.check(logins(text, "user"))
