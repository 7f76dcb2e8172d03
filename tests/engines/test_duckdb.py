import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from sqlglot import exp, parse_one

from fig_assets.engines.base import relation
from fig_assets.engines.duckdb import DuckDBEngine, open_duckdb
from fig_assets.engines.limits import Limits
from fig_assets.errors import EngineError, OutOfMemory, UnsupportedOnEngine
from tests.engines.lakes import DAY, LOGINS, NEXT, TYPES, table, target

COLUMNS = {name: TYPES[name] for name in ("day", "user", "total")}
EVERYTHING = exp.select("user", "total").from_(relation(LOGINS, COLUMNS)).order_by("user")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckDBEngine]:
    with open_duckdb("lake", tmp_path) as engine:
        yield engine


def query(text: str) -> exp.Query:
    tree = parse_one(text, dialect="duckdb")
    assert isinstance(tree, exp.Query)
    return tree


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM read_blob('/etc/passwd')",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM '/etc/passwd.csv'",
        "SELECT * FROM glob('/etc/*')",
        "SELECT * FROM read_text('{lake}/../outside.txt')",
        "SELECT * FROM read_text('{lake}-2/file.txt')",
        "SELECT * FROM read_parquet('https://example.com/x.parquet')",
    ],
)
def test_a_query_reads_nothing_outside_of_the_lake(engine: DuckDBEngine, text: str) -> None:
    (engine.lake.root.parent / "outside.txt").write_text("secret")
    with pytest.raises(EngineError, match=r"disabled by configuration|does not exist|Missing"):
        engine.query(query(text.replace("{lake}", str(engine.lake.root))))


@pytest.mark.parametrize(
    "text",
    [
        "COPY (SELECT 1) TO '{outside}/stolen.csv'",
        "ATTACH '{outside}/other.db'",
        "EXPORT DATABASE '{outside}/all'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "SET lock_configuration = false",
        "RESET lock_configuration",
        "PRAGMA threads = 4",
    ],
)
def test_no_statement_leaves_the_lake_or_changes_the_settings(
    engine: DuckDBEngine, text: str
) -> None:
    outside = engine.lake.root.parent
    with engine._cursor() as cursor, pytest.raises(duckdb.Error):
        cursor.execute(text.replace("{outside}", str(outside)))
    assert [entry.name for entry in outside.iterdir()] == ["lake"]


def test_python_variables_are_no_tables(engine: DuckDBEngine) -> None:
    secrets = pa.table({"password": ["x"]})
    with pytest.raises(EngineError, match="secrets"):
        engine.query(exp.select("*").from_("secrets"))
    assert secrets.num_rows == 1


def test_a_statement_runs_on_one_thread_in_utc(engine: DuckDBEngine) -> None:
    settings = query(
        "SELECT current_setting('threads') AS threads, current_setting('TimeZone') AS zone"
    )
    assert engine.query(settings).to_pylist() == [{"threads": 1, "zone": "UTC"}]


@pytest.mark.parametrize(
    "condition",
    [
        "CASE WHEN total > 1000 THEN 'high' END >= 'low'",
        "IF(total > 1000, 'high', NULL) = 'low'",
        "CASE WHEN user IS NOT NULL THEN NULL ELSE 'none' END < 'low'",
    ],
)
def test_texts_that_a_day_has_in_no_row_are_compared(engine: DuckDBEngine, condition: str) -> None:
    engine.replace_days(target("total"), table(["ann", "bob"], total=[3, 4]), [DAY])
    compared = exp.select(exp.alias_(exp.maybe_parse(condition, dialect="duckdb"), "compared"))
    found = engine.query(compared.from_(relation(LOGINS, COLUMNS)))
    assert found.to_pylist() == [{"compared": None}, {"compared": None}]


def test_big_statements_spill_inside_of_the_lake(engine: DuckDBEngine) -> None:
    spill = query(
        "SELECT current_setting('temp_directory') AS place, current_setting('memory_limit') AS size"
    )
    (found,) = engine.query(spill).to_pylist()
    assert Path(found["place"]).parent == engine.lake.root / ".tmp"
    assert Path(found["place"]).parent.is_dir()
    assert found["size"] != "0 bytes"


def test_the_limits_of_the_environment_are_those_of_duckdb(tmp_path: Path) -> None:
    limits = Limits("200MB", "scratch/fig", "3GB")
    asked = ("memory_limit", "max_temp_directory_size", "temp_directory", "threads")
    tree = query("SELECT " + ", ".join(f"current_setting('{name}') AS {name}" for name in asked))
    with open_duckdb("lake", tmp_path, limits) as engine:
        (found,) = engine.query(tree).to_pylist()
    assert found["memory_limit"] == "190.7 MiB"
    assert found["max_temp_directory_size"] == "2.7 GiB"
    assert Path(found["temp_directory"]).parent == tmp_path / "scratch/fig"
    assert found["threads"] == 1


def test_without_a_limit_statements_have_half_of_the_memory(engine: DuckDBEngine) -> None:
    tree = query("SELECT current_setting('memory_limit') AS size")
    number, unit = str(engine.query(tree)["size"][0].as_py()).split()
    size = float(number) * {"MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}[unit]
    assert size <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 0.5 + (1 << 30)


def test_a_statement_too_big_for_memory_spills(tmp_path: Path) -> None:
    sort = query("SELECT MD5(CAST(i AS TEXT)) AS m FROM RANGE(600000) AS t(i) ORDER BY m")
    with open_duckdb("lake", tmp_path, Limits("24MB", "scratch")) as engine:
        assert engine.query(sort).num_rows == 600_000
    assert list((tmp_path / "scratch").iterdir()) == []


TOO_BIG = query("SELECT LIST(MD5(CAST(i AS TEXT))) AS everything FROM RANGE(2000000) AS t(i)")


def test_too_little_memory_names_the_setting_and_a_mend(tmp_path: Path) -> None:
    limits = Limits("30MB", said_in="configs/environments/local.json")
    with (
        open_duckdb("lake", tmp_path, limits) as engine,
        pytest.raises(OutOfMemory) as refusal,
    ):
        engine.query(TOO_BIG)
    told = str(refusal.value)
    assert "needs more memory than it may have: 30MB for all at work" in told
    assert 'fix: raise "memory_limit" of "warehouse" in configs/environments/local.json' in told
    assert "DuckDB: Out of Memory Error:" in told
    assert "SET threads" not in told


def publish_all(engine: DuckDBEngine, tree: exp.Query) -> None:
    for rows in engine.compute_days({DAY: target("total"), NEXT: target("total")}, tree):
        rows.publish(None)


def test_no_day_of_a_statement_that_runs_out_of_memory_is_touched(tmp_path: Path) -> None:
    with open_duckdb("lake", tmp_path, Limits("24MB", None, "1MB")) as engine:
        engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY])
        with pytest.raises(OutOfMemory, match=r'"memory_limit"'):
            publish_all(engine, TOO_BIG)
        assert engine.query(EVERYTHING)["user"].to_pylist() == ["ann"]
        assert engine.days(LOGINS) == (DAY,)
    assert not list((tmp_path / "lake" / LOGINS).rglob(".tmp-*"))


def test_days_before_a_failure_in_the_midst_are_whole_and_later_ones_are_not_there(
    engine: DuckDBEngine,
) -> None:
    failing = f"""
        SELECT CAST('{DAY}' AS DATE) + CAST(i // 150000 AS INTEGER) AS day,
          CAST(i AS TEXT) AS user, IF(i > 250000, ERROR('in the midst'), i) AS total
        FROM RANGE(300000) AS t(i)"""
    with pytest.raises(EngineError, match=r"DuckDB: .*in the midst"):
        publish_all(engine, query(failing))
    assert engine.days(LOGINS) == (DAY,)
    assert engine.query(EVERYTHING).num_rows == 150_000


def test_a_folder_to_spill_to_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "scratch").write_text("a file")
    with (
        open_duckdb("lake", tmp_path, Limits(temp_directory="scratch/fig")) as engine,
        pytest.raises(EngineError, match=r'nothing can be spilled there.*\n.*"temp_directory"'),
    ):
        engine.query(query("SELECT 1 AS n"))


def test_an_address_that_is_not_of_s3_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOnEngine, match="gs://bucket/lake is neither a folder"):
        open_duckdb("gs://bucket/lake", tmp_path)


def test_opening_makes_no_folder(tmp_path: Path) -> None:
    with open_duckdb("lake", tmp_path):
        assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("name", ["day=2024-01-01", "a*b", "what?", "x[1]"])
def test_a_path_that_duckdb_would_read_as_a_pattern_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(EngineError, match="which DuckDB reads as a pattern"):
        open_duckdb(f"{name}/lake", tmp_path)


def test_a_path_with_quotes_and_spaces_is_fine(tmp_path: Path) -> None:
    with open_duckdb('it\'s a "lake"; ü', tmp_path) as engine:
        engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY])
        assert engine.query(EVERYTHING).num_rows == 1
        engine.publish_views({"logins": EVERYTHING})


def test_a_rewritten_day_is_never_read_from_a_cache(engine: DuckDBEngine) -> None:
    for total in range(20):
        engine.replace_days(target("total"), table(["ann"], total=[total]), [DAY])
        assert engine.query(EVERYTHING)["total"].to_pylist() == [total]


def test_cursors_are_lent_again_whatever_thread_asks(engine: DuckDBEngine) -> None:
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda _: engine.query(query("SELECT 1 AS n")), range(4)))
    assert 1 <= len(engine._idle) <= 2


def test_a_damaged_day_is_named_instead_of_read(engine: DuckDBEngine) -> None:
    engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY])
    path = engine.lake.path(LOGINS, DAY)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(EngineError, match=f"{path}: damaged"):
        engine.query(EVERYTHING)


def catalog_rows(folder: Path, name: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(folder / "catalog.duckdb"), read_only=True) as catalog:
        return catalog.table(name).fetchall()


def test_views_show_days_and_columns_that_come_later(engine: DuckDBEngine) -> None:
    engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY])
    engine.publish_views({"logins": EVERYTHING})
    engine.replace_days(target("total", "rate"), table(["bob"], NEXT, total=[2], rate=[1]), [NEXT])
    assert catalog_rows(engine.lake.root, "logins") == [("ann", 1), ("bob", 2)]


def test_a_view_of_what_was_never_built_is_empty(engine: DuckDBEngine) -> None:
    engine.publish_views({'odd "name"; DROP': EVERYTHING})
    with duckdb.connect(str(engine.lake.root / "catalog.duckdb"), read_only=True) as catalog:
        assert catalog.sql('SELECT * FROM "odd ""name""; DROP"').fetchall() == []


def test_the_catalog_can_be_read_while_it_is_replaced(engine: DuckDBEngine) -> None:
    engine.replace_days(target("total"), table(["ann"], total=[1]), [DAY])
    engine.publish_views({"logins": EVERYTHING})
    done = threading.Event()

    def replace() -> None:
        for _ in range(5):
            engine.publish_views({"logins": EVERYTHING})
        done.set()

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(replace)
        while not done.is_set() and not writer.done():
            assert catalog_rows(engine.lake.root, "logins") == [("ann", 1)]
        writer.result()
    assert not list(engine.lake.root.glob(".catalog-*"))


def test_a_view_that_cannot_be_made_leaves_the_old_catalog(engine: DuckDBEngine) -> None:
    engine.publish_views({"logins": EVERYTHING})
    with pytest.raises(EngineError, match=r"catalog\.duckdb: cannot be written: .*nothing"):
        engine.publish_views({"broken": exp.select("*").from_("nothing")})
    assert catalog_rows(engine.lake.root, "logins") == []
    assert not list(engine.lake.root.glob(".catalog-*"))
