"""What the warehouse has no word for is told with the place that uses it, before anything runs."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.config.load import load_config
from fig_assets.engines.duckdb import DuckDBEngine
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.translate import unsupported
from fig_assets.errors import ConfigError
from fig_assets.graph.build import build_graph
from fig_assets.workflow.steps.bind import bind_statements
from fig_assets.workflow.workspace import open_workspace
from tests.graph.projects import Change, changed, put, write


class Poorer(DuckDBEngine):
    """A warehouse that has no distance of texts, no greatest value and no entropy."""

    lacks = ("LEVENSHTEIN", "MAX", "LOG2")

    def check(self, tree: exp.Query, tables: Mapping[str, pa.Schema] | None = None) -> pa.Schema:
        for call in tree.find_all(exp.Anonymous):
            if call.name in self.lacks:
                raise unsupported("Poorer", call.name)
        return super().check(tree, tables)


def problems(folder: Path, *changes: Change) -> list[str]:
    config = load_config(write(folder, changed(*changes)), "local")
    graph, _ = build_graph(config)
    with (
        open_workspace(config, graph) as workspace,
        Poorer(Lake(folder / "lake")) as engine,
        pytest.raises(ConfigError) as refusal,
    ):
        bind_statements(replace(workspace, engine=engine))
    return [str(problem).replace(f"{folder}/", "") for problem in refusal.value.problems]


def test_the_smallest_part_of_an_expression_is_to_blame(tmp_path: Path) -> None:
    far = {"function": "@IF(@LEVENSHTEIN($country, 'a') > 2, @LOWER($country), 'near')"}

    found = problems(tmp_path, put("events/order.json", "fields", "far", value=far))

    assert found[0].splitlines()[1:] == [
        "  Poorer has nothing that means the same as LEVENSHTEIN",
        "    @IF(@LEVENSHTEIN($country, 'a') > 2, @LOWER($country), 'near')",
        "        ^^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "  fix: write it with other functions, or compute in another warehouse",
    ]
    assert found[0].startswith("configs/events/order.json:")


@pytest.mark.parametrize(
    ("function", "to_blame"),
    [("@MAX($amount) + 1", "@MAX($amount)"), ("@ENTROPY($country)", "@ENTROPY($country)")],
    ids=["by its states", "by its values"],
)
def test_an_aggregate_is_to_blame(tmp_path: Path, function: str, to_blame: str) -> None:
    place = ("groups", 0, "features", "odd")

    found = problems(tmp_path, put("features/shop.json", *place, value=function))

    [told] = [text for text in found if function in text]
    assert told.splitlines()[-2].count("^") == len(to_blame)


def test_a_filter_is_to_blame(tmp_path: Path) -> None:
    where = "@LEVENSHTEIN($country, 'a') > 2"

    found = problems(tmp_path, put("events/order.json", "where", value=where))

    assert any(where in text for text in found)
