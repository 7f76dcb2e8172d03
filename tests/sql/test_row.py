"""Rows and labels: the first stratum makes the rows, in whatever order groups are written."""

from pathlib import Path

from fig_assets.sql.row import row_target, select_rows
from fig_assets.workflow.steps.compute import attributes_of
from tests.graph.projects import Json, graph_of
from tests.graph.test_ops import with_an_alarm
from tests.sql.shop import DAY


def scores_first(project: Json) -> None:
    project["features/request.json"]["groups"].reverse()


def test_the_op_of_the_lowest_stratum_makes_the_rows(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, with_an_alarm, scores_first)
    family = graph.row_families["request"]
    made = {}
    for op in graph.ops:
        if op.kind == "row":
            attributes = attributes_of(graph, op)
            stratum = {attribute.column for attribute in attributes}
            tree = select_rows(graph, family, DAY, attributes, stratum=stratum, dialect="duckdb")
            target = row_target(graph, family, DAY, attributes, stratum)
            made[op.name] = ("event_time" in tree.named_selects, target.whole)

    assert family.features[0].name == "scorer_score"
    assert made == {"row__request": (True, True), "row__request__2": (False, False)}


def test_only_the_fields_and_columns_that_are_read_are_named(tmp_path: Path) -> None:
    graph = graph_of(tmp_path)
    family = graph.row_families["request"]
    [shop] = [feature for feature in family.features if feature.name == "shop"]
    stratum = {feature.column for feature in family.features}

    tree = select_rows(graph, family, DAY, [shop], stratum=stratum, dialect="duckdb")

    assert "event__shop__v1" in tree.sql("duckdb")
    assert "amount" not in tree.sql("duckdb")
    assert "shop_stats" not in tree.sql("duckdb")
