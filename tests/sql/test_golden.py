"""What an analyst reads: one statement of each kind; rewritten by `pytest --update-golden` only."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.sql.shop import opened, statements

FILES = {
    "events/order": "event",
    "events/visit": "event_filtered",
    "states/shop_stats/order": "daily_state",
    "states/land/order/values_shop": "daily_values",
    "families/shop_stats/weekly_by_day": "window_of_one_group",
    "families/land/daily": "window_of_two_groups",
    "families/request/0": "row_family_with_joins",
    "families/request/4": "row_family_of_a_later_stratum",
    "families/till/daily/2": "window_of_a_later_layer",
    "families/basket/python": "inputs_of_python",
    "label_sets/fraud": "labels",
    "training": "training_set",
    "published": "published_view",
}


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("shop")
    with opened(folder) as workspace:
        yield {
            name: workspace.engine.sql(tree).replace(f"{folder}/", "") + "\n"
            for name, tree in statements(workspace)
        }


@pytest.mark.parametrize(("statement", "file"), FILES.items(), ids=FILES.values())
def test_a_statement_reads_as_it_is_written_down(
    texts: Mapping[str, str], golden: Callable[[str, str], None], statement: str, file: str
) -> None:
    golden(f"duckdb/{file}.sql", texts[statement])


def test_every_golden_file_is_compared() -> None:
    folder = Path(__file__).parent.parent / "golden" / "duckdb"

    assert {path.stem for path in folder.glob("*.sql")} == set(FILES.values())


def test_every_statement_runs_on_empty_relations(tmp_path: Path) -> None:
    with opened(tmp_path) as workspace:
        rows = {name: workspace.engine.query(tree) for name, tree in statements(workspace)}

    assert {name for name, table in rows.items() if table.num_rows} == set()
