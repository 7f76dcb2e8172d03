"""An event's statement parses each payload once, for the fields that are asked for alone."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlglot import exp

from fig_assets.graph.nodes import Attribute, Graph
from fig_assets.graph.sources import Source
from fig_assets.sql.event import PAYLOAD, event_target, select_event
from tests.graph.projects import Json, graph_of
from tests.sql.shop import DAY

FIELDS = {
    "country": "country",
    "city": "place:city",
    "seconds": "seconds::float",
    "names": "tags[*]:name",
    "ids": "tags[*]:id",
    "hops": "chain[*]",
    "is_long": {"function": "$seconds > 60"},
    "is_far": {"function": "$is_long AND $country <> 'NZ'"},
}
PLAIN, ARRAY = "JSON_EXTRACT_STRING", "JSON_EXTRACT"


def with_visits(project: Json) -> None:
    project["events/visit.json"] = {"name": "visit", "event_name": "visit", "fields": FIELDS}


def with_a_filter(project: Json) -> None:
    with_visits(project)
    project["events/visit.json"]["where"] = "$city IS NOT NULL"


def chosen(graph: Graph, names: Sequence[str]) -> list[Attribute]:
    return [a for a in graph.events["visit"].attributes if a.name in names]


def source_of(graph: Graph) -> Source:
    return graph.sources[graph.events["visit"].source]


def parsed(tree: exp.Expr) -> dict[str, list[str]]:
    """Return the paths of each call over the whole payload; no function is called twice."""
    found: dict[str, list[str]] = {}
    for call in tree.find_all(exp.Anonymous):
        if call.expressions and call.expressions[0] == exp.column(PAYLOAD):
            paths = call.expressions[1]
            assert isinstance(paths, exp.Array)
            assert call.name not in found
            found[call.name] = [path.this for path in paths.expressions]
    return found


@pytest.mark.parametrize(
    ("names", "paths"),
    [
        (["country"], {PLAIN: ['$."country"']}),
        (["city", "seconds"], {PLAIN: ['$."place"."city"', '$."seconds"']}),
        (["is_far"], {PLAIN: ['$."country"', '$."seconds"']}),
        (["names", "ids"], {ARRAY: ['$."tags"']}),
        (["hops", "names", "country"], {PLAIN: ['$."country"'], ARRAY: ['$."tags"', '$."chain"']}),
        ([], {}),
    ],
    ids=["a field", "two fields", "a function", "arrays", "both", "keys alone"],
)
def test_only_the_paths_of_what_is_asked_for_are_parsed_once(
    tmp_path: Path, names: list[str], paths: dict[str, list[str]]
) -> None:
    graph = graph_of(tmp_path, with_visits)
    asked = chosen(graph, names)

    tree = select_event(graph.events["visit"], source_of(graph), DAY, asked, "duckdb")
    target = event_target(graph.events["visit"], source_of(graph), DAY, asked)

    assert parsed(tree) == paths
    assert set(target.names) <= set(tree.named_selects)
    assert {name for name in target.names if "__v" in name} == {a.column for a in asked}


def test_what_filters_rows_is_parsed_whatever_is_asked_for(tmp_path: Path) -> None:
    graph = graph_of(tmp_path, with_a_filter)
    asked = chosen(graph, ["country"])
    tree = select_event(graph.events["visit"], source_of(graph), DAY, asked, "duckdb")
    assert parsed(tree) == {PLAIN: ['$."country"', '$."place"."city"']}
    assert "city__v1" not in tree.named_selects
