"""Rows joined to rows: what is refused, which days are read, and how ops are cut."""

from pathlib import Path

import pytest

from fig_assets.graph.nodes import Input
from fig_assets.graph.period import Reach
from tests.graph.projects import Change, Json, graph_of, problems_of, put, warnings_of

VISIT = "features/visit.json"
EVERY, DAYS_BEFORE = {"field": "shop"}, Reach(None, -1)


def visits(*joins: Json) -> Change:
    """Add a row family of the visits of shops, with joins."""
    base = {"source": "order", "granularity_field": "shop", "features": {"land": "$country"}}
    family = {"name": "visit", "granularity": "shop_id", "groups": [base, *joins]}
    return lambda project: project.update({VISIT: family})


def join(source: str, features: object, field: str = "shop", **more: object) -> Json:
    match = {"field": field, **{k: more.pop(k) for k in ("period", "within_days") if k in more}}
    return {"source": source, "granularity_match": match, "features": features, **more}


def into_request(group: Json) -> Change:
    return lambda project: project["features/request.json"]["groups"].append(group)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            [visits(), into_request(join("visit", "*", period="daily"))],
            "request.json: /groups/4/granularity_match/period\n"
            "  family 'visit' has no periods\n"
            '  fix: leave "period" out',
            id="period",
        ),
        pytest.param(
            [visits(), into_request(join("visit", "*", no_match="zero"))],
            "request.json: /groups/4/no_match\n"
            '  "no_match" is for windowed families; visit has no windows\n'
            "  fix: leave it out; "
            'the "default" of a feature says what stands where nothing matches',
            id="no_match",
        ),
        pytest.param(
            [
                put(
                    "features/request.json",
                    "groups",
                    1,
                    "granularity_match",
                    "within_days",
                    value=2,
                )
            ],
            "request.json: /groups/1/granularity_match/within_days\n"
            '  "within_days" is for joins of row families\n'
            "  fix: leave it out",
            id="within_days of windows",
        ),
        pytest.param(
            [visits(join("visit", ["land"], as_of="same_day"))],
            "visit.json: /groups/1/as_of\n"
            "  a row would be joined to itself\n"
            "  fix: leave as_of out to see the newest row of the days before",
            id="a row and itself",
        ),
        pytest.param(
            [visits(join("visit", ["lnd"]))],
            "visit.json: /groups/1/features\n"
            "  'lnd' is no feature that 'visit' has before it is joined to itself\n"
            "  fix: write land",
            id="unknown feature of itself",
        ),
        pytest.param(
            [visits(join("visit", "*"))],
            "visit.json: /groups/1/features\n"
            "  '*' is no feature that 'visit' has before it is joined to itself\n"
            "  fix: name the features",
            id="every feature of itself",
        ),
        pytest.param(
            [visits(join("request", "*")), into_request(join("visit", "*"))],
            "visit.json: /groups/1/features\n"
            "  '*' of 'request' goes in a circle: 'request' takes features over from 'visit' too\n"
            "  fix: take it from where 'request' has it, or name others",
            id="every feature of each other",
        ),
        pytest.param(
            [
                visits(
                    join("request", ["next"]),
                    {"features": {"after": "@UPPER($request_next)"}},
                ),
                into_request(join("visit", ["after"])),
                into_request({"features": {"next": "$visit_after"}}),
            ],
            "request.json: /groups/5/features/next\n"
            "  attributes read each other in a circle: request.visit_after@1 -> visit.after@1 ->"
            " visit.request_next@1 -> request.next@1 -> request.visit_after@1\n"
            "    $visit_after\n"
            "    ^^^^^^^^^^^^\n"
            "  fix: let one of them read something else",
            id="features that read each other",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, changes: list[Change], problem: str
) -> None:
    found = problems_of(tmp_path, *changes)

    assert f"configs/features/{problem}" in found


@pytest.mark.parametrize(
    ("more", "reach"),
    [
        pytest.param({}, DAYS_BEFORE, id="all days before"),
        pytest.param({"within_days": 3}, Reach(-3, -1), id="three days before"),
        pytest.param({"as_of": "same_day"}, Reach(None, 0), id="same day"),
        pytest.param(
            {"as_of": "same_day", "within_days": 3}, Reach(-2, 0), id="three with its own"
        ),
    ],
)
def test_a_join_reads_the_days_that_it_may_see(tmp_path: Path, more: Json, reach: Reach) -> None:
    graph = graph_of(tmp_path, visits(), into_request(join("visit", "*", **more)))
    [land] = [a for a in graph.row_families["request"].features if a.name == "visit_land"]

    assert Input(("features", "visit", "land__v1"), reach) in land.inputs


def test_seeing_rows_of_the_same_day_is_warned_of(tmp_path: Path) -> None:
    same_day = into_request(join("visit", "*", as_of="same_day"))
    found = [w.message for w in warnings_of(tmp_path, visits(), same_day)]

    assert found == ["'request' joins 'visit' of the same day: a row sees rows that came after it"]


def test_what_reads_earlier_rows_of_its_own_family_is_an_op_after_them(tmp_path: Path) -> None:
    own = visits(join("visit", ["land"]), {"features": {"is_new": "$land <> $visit_land"}})
    ops = [op for op in graph_of(tmp_path, own).ops if op.owner == "visit"]

    assert [[key[-1] for key in op.keys] for op in ops] == [
        ["land__v1"],
        ["visit_land__v1", "is_new__v1", "visit"],
    ]


def test_families_that_take_over_from_each_other_know_each_others_names(tmp_path: Path) -> None:
    graph = graph_of(
        tmp_path, visits(join("request", ["amount"])), into_request(join("visit", "*"))
    )
    names = {a.name for a in graph.row_families["request"].features}

    assert {"visit_land", "visit_request_amount"} <= names
