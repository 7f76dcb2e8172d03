"""Families over rows: windows of what rows knew, scores included, and of scores over those."""

import json
from collections.abc import Mapping
from datetime import date
from hashlib import md5
from pathlib import Path
from random import Random

import pyarrow as pa

from fig_assets.engines.base import DAY
from fig_assets.graph.nodes import Op
from fig_assets.sql.training_set import score_target
from fig_assets.workflow.planning.plan import stale_days
from fig_assets.workflow.run import run_op
from fig_assets.workflow.steps.bind import bind_statements
from tests import naive
from tests.workflow.projects import Json, Project, days_from, differences, write_project

START = "2024-03-01"
DAYS = days_from(START, 5)
DEPTH = 5

LOGIN: Json = {
    "name": "login",
    "event_name": "login",
    "fields": {
        "session": "session",
        "ip": "ip",
        "user": "user",
        "amount": "amount::float",
        "is_failure": {"function": "$outcome = 'FAILURE'"},
        "outcome": "outcome",
    },
}
LABELS: Json = {
    "name": "labels",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {"failed": {"when": "$is_failure", "vote": "bad"}},
    "strong_labels": {"one": {"method": "plurality_vote", "default": "good"}},
}


def family(level: int) -> Json:
    """Windows over rows that know the scores of the level before; with events beside, in turn."""
    before = f"$m{level - 1}_s{level - 1}" if level > 1 else "$amount"
    hot = f"$hot{level - 1}" if level > 1 else "$is_failure"
    groups: list[Json] = [
        {
            "source": "request",
            "granularity_field": "user" if level % 2 else "ip",
            "where": "$amount IS NULL OR $amount < 90",
            "features": {
                "count": "@COUNT(*)",
                "mean": {"function": f"@AVG({before})", "type": "float"},
                "hot_count": f"@COUNT_IF({hot})",
                "newest": {"function": "@LAST($event_id)", "type": "string"},
                "first": f"@FIRST({before})",
                "at": "@MAX($event_time)",
                "ips": "@COUNT_DISTINCT($ip)",
                "share": "$hot_count / $count",
            },
        }
    ]
    if level == 2:
        event: Json = {"source": "login", "granularity_field": "ip", "features": {}}
        event["features"] = {"logins": "@COUNT(*)", "failures": "@SUM($is_failure)"}
        groups += [event, {"features": {"rows_a_login": "$count / $logins", "one": "1"}}]
    return {
        "name": f"f{level}",
        "granularity": "entity",
        "granularity_type": "string",
        "period": ["daily", "3d_by_day"],
        "groups": groups,
    }


def model(level: int) -> Json:
    return {
        "name": f"m{level}",
        "training_delay_delta_days": 1,
        "training_time_delta_days": 1,
        "input_features": [
            {"family_name": "request", "feature_names": {"all": ["amount", f"f{level}_3d_mean"]}}
        ],
        "truth_label": {"source": "labels", "name": "one"},
        "output_features": [f"s{level}"],
    }


def request(levels: int) -> Json:
    """Rows that join the windows over themselves, the scores over those, and what is said of it."""
    groups: list[Json] = [
        {
            "source": "login",
            "granularity_field": "session",
            "features": {n: f"${n}" for n in ("ip", "user", "amount", "is_failure")},
        }
    ]
    for level in range(1, levels + 1):
        match = {"field": "user" if level % 2 else "ip", "period": "3d_by_day"}
        groups += [
            {
                "source": f"f{level}",
                "granularity_match": match,
                "features": {"mean": {}, "count": {"default": 0}, "share": {}, "newest": {}},
            },
            {"source": f"m{level}", "features": "*"},
            {"features": {f"hot{level}": f"$m{level}_s{level} > 0.5 OR $f{level}_3d_share > 0.7"}},
        ]
    return {
        "name": "request",
        "granularity": "session_id",
        "granularity_type": "string",
        "groups": groups,
    }


CONFIGS: Json = {
    "events/login.json": LOGIN,
    "features/all.json": [request(DEPTH), *map(family, range(1, DEPTH + 1))],
    "labels/labels.json": LABELS,
    "models/all.json": [model(level) for level in range(1, DEPTH + 1)],
}


def score_of(model: str, day: date, key: object) -> float | None:
    """A score that any model could have given."""
    digest = md5(f"{model}/{day}/{key}".encode()).digest()
    return None if digest[1] < 20 else digest[0] / 256


def given_scores(project: Project, op: Op, days: list[date]) -> naive.Scores:
    """Store scores of the rows of each day but the first, as if a model had given them."""
    node = project.graph.models[op.owner]
    [output] = node.outputs
    said: dict[tuple[date, object], naive.Value] = {}
    for day in days:
        rows = [] if day == DAYS[0] else project.rows("families/request", day)
        keys = [row["session_id"] for row in rows]
        scores = [score_of(op.owner, day, key) for key in keys]
        said |= {(day, key): score for key, score in zip(keys, scores, strict=True)}
        target = score_target(project.graph, node, day, "given")
        table = pa.table(
            {
                DAY: pa.array([day] * len(keys), pa.date32()),
                "session_id": pa.array(keys, pa.string()),
                output.column: pa.array(scores, pa.float64()),
                "trained_for": pa.array([None] * len(keys), pa.date32()),
                "explanation": pa.array([None] * len(keys), pa.string()),
            }
        )
        project.workspace.engine.replace_days(target, table, [day])
    return {output.name: said}


def run(project: Project, days: list[date]) -> naive.Scores:
    """Run every op in its order, with given scores in the place of models."""
    scores: dict[str, Mapping[tuple[date, object], naive.Value]] = {}
    for op in project.ops():
        if op.kind == "score":
            scores |= given_scores(project, op, days)
        elif op.kind != "model":
            project.run(days, [op])
    return scores


def assert_equal_to_oracle(project: Project, days: list[date], scores: naive.Scores) -> None:
    oracle = project.oracle()
    for day in days:
        for node in project.graph.families.values():
            for period in node.periods:
                found = project.rows(node.relation(period), day)
                expected = oracle.window_rows(node.name, period.name, day, scores)
                assert not differences(found, expected), (node.name, period.name, day)
        found = project.rows("families/request", day)
        expected = oracle.request_rows("request", day, scores)
        assert not differences(found, expected, "session_id"), day


def login(chance: Random, day: date, n: int) -> Json:
    hour = chance.choice(["00:00:00", "12:00:00", "23:59:59.999"])
    return {
        "kind": "login",
        "at": f"{day}T{hour}Z",
        "id": f"{day}-{n}",
        "session": chance.choice([f"s{n}", f"s{n}", "again", None]),
        "ip": chance.choice(["a", "b", "c", None]),
        "user": chance.choice(["u", "v", "w", 1, None]),
        "amount": chance.choice([1, 2.5, "7", "x", None, 95]),
        "outcome": chance.choice(["FAILURE", "SUCCESS"]),
    }


def made(root: Path, chance: Random, configs: Json | None = None) -> Project:
    project = write_project(root, configs or CONFIGS, start=START)
    for day, count in zip(DAYS, (7, 9, 0, 8, 9), strict=True):
        project.write(day, [login(chance, day, n) for n in range(count)])
    return project


def shallow(**more: object) -> Json:
    """The project with one level of windows and scores."""
    return {
        "events/login.json": LOGIN,
        "features/all.json": [request(1), family(1)],
        "labels/labels.json": LABELS,
        "models/all.json": [model(1)],
        **more,
    }


def windows_of(project: Project, period: str = "3d_by_day") -> dict[date, dict[object, Json]]:
    return {
        day: {row["entity"]: row for row in project.rows(f"families/f1/{period}", day)}
        for day in DAYS
    }


def test_windows_over_rows_and_scores_five_deep_are_what_the_plain_reading_says(
    tmp_path: Path,
) -> None:
    project = made(tmp_path, Random(4))
    scores = run(project, DAYS)
    assert_equal_to_oracle(project, DAYS, scores)
    deepest = [row["f5_3d_mean__v1"] for row in project.rows("families/request", DAYS[4])]
    assert any(value is not None for value in deepest)
    stale = project.stale(DAYS)
    assert {name for name in stale if not name.startswith(("model", "score"))} == set()


def test_a_window_holds_the_rows_of_its_days_and_a_row_sees_those_before_its_own(
    tmp_path: Path,
) -> None:
    project = write_project(tmp_path, shallow(), start=START)
    for n, day in enumerate(DAYS):
        at_both_ends = [("00:00:00Z", "u"), ("23:59:59.999999Z", "u"), ("12:00:00Z", "v")]
        project.write(
            day,
            [
                {"kind": "login", "at": f"{day}T{at}", "id": f"{day}{k}", "session": f"{n}-{k}",
                 "user": user, "amount": 10 * n + k}
                for k, (at, user) in enumerate(at_both_ends)
            ],
        )  # fmt: skip
    run(project, DAYS)

    assert [rows["u"]["count__v1"] for rows in windows_of(project).values()] == [2, 4, 6, 6, 6]
    assert [rows["u"]["count__v1"] for rows in windows_of(project, "daily").values()] == [2] * 5
    last = windows_of(project)[DAYS[4]]["u"]
    assert (last["newest__v1"], last["first__v1"]) == (f"{DAYS[4]}1", 20.0)
    seen = [project.rows("families/request", day)[0]["f1_3d_count__v1"] for day in DAYS]
    assert seen == [0, 2, 4, 6, 6]


def test_a_late_row_makes_its_windows_stale_and_nothing_else(tmp_path: Path) -> None:
    project = made(tmp_path, Random(5), shallow())
    run(project, DAYS)
    late = {**login(Random(1), DAYS[1], 77), "user": "new", "session": "late", "amount": 3}
    path = tmp_path / "raw" / f"{DAYS[1]}.jsonl"
    path.write_text(path.read_text() + f"{json.dumps(late)}\n")

    ran: dict[str, list[date]] = {}
    scores: naive.Scores = {}
    for op in project.ops():
        if op.kind == "score":
            scores = given_scores(project, op, DAYS)
        elif op.kind != "model":
            ran[op.name] = sorted(stale_days(project.workspace, op, DAYS))
            project.run(ran[op.name], [op])

    assert ran["row__request"] == [DAYS[1]]
    assert ran["window__f1__daily"] == [DAYS[1]]
    assert ran["window__f1__3d"] == DAYS[1:4]
    assert_equal_to_oracle(project, DAYS, scores)


def test_features_asked_for_one_by_one_are_those_asked_for_at_once(tmp_path: Path) -> None:
    project = made(tmp_path, Random(6), shallow())
    rows = [op for op in project.ops("row") if op.name == "row__request"]
    project.run(DAYS, [*project.ops("raw", "event"), *rows])
    [op] = [op for op in project.ops("window") if op.period and op.period.days == 3]
    for key in op.keys[:-1]:
        result = run_op(project.workspace, op, DAYS, [key])
        assert result.refused == {}

    oracle = project.oracle()
    for day in DAYS:
        found = project.rows("families/f1/3d_by_day", day)
        assert not differences(found, oracle.window_rows("f1", "3d_by_day", day)), day


def test_a_window_over_rows_that_were_never_built_is_refused_by_name(tmp_path: Path) -> None:
    project = made(tmp_path, Random(7), shallow())
    rows = [op for op in project.ops("row") if op.name == "row__request"]
    project.run(DAYS, project.ops("raw", "event"))
    project.run([DAYS[0], *DAYS[2:]], rows)
    [op] = [op for op in project.ops("window") if op.period and op.period.days == 3]
    result = run_op(project.workspace, op, DAYS, op.keys)

    assert sorted(result.days) == [DAYS[0], DAYS[4]]
    assert "states/f1/request of the day 2024-03-02, never built" in str(result.refused[DAYS[2]])


def test_a_row_may_see_the_windows_of_its_own_day_over_rows_of_that_day(tmp_path: Path) -> None:
    same_day = request(1)
    same_day["groups"][1]["as_of"] = "same_day"  # type: ignore[index]
    configs = shallow(**{"features/all.json": [same_day, family(1)]})
    project = made(tmp_path, Random(8), configs)
    assert bind_statements(project.workspace) > 30
    run(project, DAYS)

    windows = windows_of(project)
    for day in DAYS:
        for row in project.rows("families/request", day):
            window = windows[day].get(row["user__v1"], {"count__v1": 0})
            assert row["f1_3d_count__v1"] == window["count__v1"]
