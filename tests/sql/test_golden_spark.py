"""What an analyst reads where Spark computes; rewritten by `pytest --update-golden` only."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fig_assets.engines.spark.words import spark_sql
from fig_assets.workflow.steps.bind import statements as statements_of_every_shape
from fig_assets.workflow.workspace import Workspace
from tests.sql.shop import opened, statements

FILES = {
    "events/order": "event",
    "states/shop_stats/order": "daily_state",
    "families/shop_stats/weekly_by_day": "window_of_one_group",
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("shop")) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def texts(workspace: Workspace) -> Mapping[str, str]:
    return {name: spark_sql(tree, pretty=True) + "\n" for name, tree in statements(workspace)}


@pytest.mark.parametrize(("statement", "file"), FILES.items(), ids=FILES.values())
def test_a_statement_reads_as_it_is_written_down(
    texts: Mapping[str, str], golden: Callable[[str, str], None], statement: str, file: str
) -> None:
    golden(f"spark/{file}.sql", texts[statement])


def test_every_golden_file_is_compared() -> None:
    folder = Path(__file__).parent.parent / "golden" / "spark"

    assert {path.stem for path in folder.glob("*.sql")} == set(FILES.values())


def test_statements_of_every_shape_have_words_in_spark(workspace: Workspace) -> None:
    count = 0
    for statement in statements_of_every_shape(workspace):
        assert spark_sql(statement.tree()), statement.title
        count += 1

    assert count > 60
