"""Every kind of change x what has to be computed, column by column and day by day."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest

from fig_assets.engines.base import Read, days_between
from fig_assets.sql.judged_set import judged_reads
from fig_assets.sql.training_set import score_target, training_reads
from fig_assets.workflow.changing.lock import lock_project
from fig_assets.workflow.planning.planned import Plan
from fig_assets.workflow.steps.compute import attributes_of, writes
from tests.workflow.planning_project import (
    ALL,
    DAYS,
    Cells,
    append,
    carry_out,
    cells,
    edit,
    events_of,
    plan_of,
    spied,
    write_tiny,
)
from tests.workflow.projects import Project

RAW = ("landing/", "quarantine/")
ASN, REQUEST, LOGIN = "families/asn/3d_by_day", "families/request", "events/login"
STATES, PLACES = "states/asn/login", "states/asn/login/count_distinct_place"
KINDS, SCORES, SCORER = "label_sets/kinds", "scores/scorer", "models/scorer__v1"
LATER = ALL - {1}
"""The days of rows that join a window: the one that ended the day before."""
FIELDS = ("asn", "session", "place", "seconds", "is_long", "is_failure", "outcome")
ASN_FEATURES = ("logins", "places", "seconds", "failures", "rate")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All six days of the project, built and locked."""
    project = write_tiny(tmp_path_factory.mktemp("matrix"))
    lock_project(project.root / "configs", "local")
    project.reopen()
    carry_out(project, plan_of(project))
    project.workspace.close()
    return project.root


@pytest.fixture
def project(base: Path, tmp_path: Path) -> Project:
    shutil.copytree(base, tmp_path, dirs_exist_ok=True)
    return Project(tmp_path)


def comment(project: Project) -> None:
    path = project.root / "configs/features/asn.yaml"
    path.write_text(f"# A comment.\n{path.read_text()}# And another.\n")
    project.reopen()


def described(project: Project) -> None:
    edit(project, "features/asn.yaml", '"name": "asn"', '"description": "x", "name": "asn"')
    edit(project, "events/login.json", '"name": "login",', '"name": "login", "owner": "a@b.org",')


def new_feature(project: Project) -> None:
    edit(project, "features/asn.yaml", '"logins":', '"slowest": "@MAX($seconds)", "logins":')


def new_feature_of_old_states(project: Project) -> None:
    edit(project, "features/asn.yaml", '"logins":', '"twice": "@SUM($seconds) * 2", "logins":')


def new_version(project: Project) -> None:
    edit(project, "features/asn.yaml", '"2": "($', '"3": "$failures / ($logins + 9)", "2": "($')


def changed_field(project: Project) -> None:
    edit(project, "events/login.json", '"seconds::float"', '"duration::float"')


def changed_row_filter(project: Project) -> None:
    edit(project, "events/login.json", '"event_name"', '"where": "$place <> \'it\'", "event_name"')


def late_line(project: Project) -> None:
    late = {**events_of(date(2024, 3, 3), 1)[0], "id": "late", "session": "late", "asn": 77}
    append(project, date(2024, 3, 4), late)


def removed(project: Project) -> None:
    edit(project, "features/asn.yaml", '"seconds": "@SUM($seconds)",', "")


def edits(name: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: edit(project, name, old, new)


def every(names: tuple[str, ...], days: frozenset[int]) -> dict[str, frozenset[int]]:
    return {f"{name}__v1": days for name in names}


STATE_COLUMNS = ("rows", "sum_seconds", "trues_is_failure")


def all_states(days: frozenset[int]) -> Cells:
    return {STATES: dict.fromkeys(STATE_COLUMNS, days)}


@dataclass(frozen=True)
class Case:
    """A change, and which columns of which days have to be computed because of it."""

    title: str
    change: Callable[[Project], None]
    expected: Cells
    statuses: dict[str, str] = field(default_factory=dict)
    rows_change: bool = False
    is_recomputed: bool = False
    """Whether the result is compared with a project that is built anew."""


def of_rate(days_of_rows: frozenset[int] = LATER) -> Cells:
    return {ASN: {"rate__v1": ALL}, REQUEST: {"asn_3d_rate__v1": days_of_rows}}


RATE = '"1": "$failures / $logins"'
CASES = (
    Case("comment", comment, {}),
    Case("spelling", edits("features/asn.yaml", "@SUM($seconds)", "@sum( $seconds )"), {}),
    Case("description", described, {}),
    Case(
        "expression",
        edits("features/asn.yaml", RATE, '"1": "$failures / ($logins + 1)"'),
        of_rate(),
        {"features/asn/3d_by_day/rate__v1": "changed"},
    ),
    Case(
        "expression that a feature in Python and a model read",
        edits("features/request.json", "@HOUR($event_time)", "@HOUR($event_time) + 1"),
        {REQUEST: {"hour__v1": ALL, "short__v1": ALL}, SCORES: {"risk__v1": ALL}},
        is_recomputed=True,
    ),
    Case(
        "type",
        edits(
            "features/asn.yaml",
            '"@SUM($seconds)"',
            '{"function": "@SUM($seconds)", "type": "bigint"}',
        ),
        {ASN: {"seconds__v1": ALL}},
    ),
    Case(
        "check",
        edits("features/asn.yaml", '"@COUNT(*)"', '{"function": "@COUNT(*)", "checks": "nonnull"}'),
        {},
    ),
    Case(
        "new feature",
        new_feature,
        {STATES: {"max_seconds": ALL}, ASN: {"slowest__v1": ALL}},
        {"features/asn/3d_by_day/slowest__v1": "new"},
    ),
    Case("new feature of old states", new_feature_of_old_states, {ASN: {"twice__v1": ALL}}),
    Case("new version", new_version, {ASN: {"rate__v3": ALL}}),
    Case(
        "new default",
        edits("features/asn.yaml", '"default_version": 1', '"default_version": 2'),
        {},
    ),
    Case(
        "new period",
        edits("features/asn.yaml", '"3d_by_day"', '"3d_by_day", "2d_by_day"'),
        {"families/asn/2d_by_day": {**every(ASN_FEATURES, ALL), "rate__v2": ALL}},
    ),
    Case("removed feature", removed, {}, {"features/asn/3d_by_day/seconds__v1": "removed"}),
    Case(
        "changed event field",
        changed_field,
        {
            LOGIN: every(("seconds", "is_long"), ALL),
            STATES: {"sum_seconds": ALL},
            ASN: {"seconds__v1": ALL},
            REQUEST: {"long__v1": ALL},
        },
        is_recomputed=True,
    ),
    Case(
        "changed label function",
        edits("labels/kinds.json", '"$is_failure"', '"$is_failure AND $is_long"'),
        {KINDS: every(("failed", "truth"), ALL)},
    ),
    Case(
        "changed model",
        edits("models/scorer.json", '"num_leaves": 3', '"num_leaves": 4'),
        {SCORER: {"decision": frozenset({3, 4, 5, 6})}, SCORES: {"risk__v1": ALL}},
        {"models/scorer__v1": "changed"},
        is_recomputed=True,
    ),
    Case(
        "late line",
        late_line,
        {
            "raw/events": {"lines": frozenset({4})},
            LOGIN: every(FIELDS, frozenset({3, 4})),
            **all_states(frozenset({3, 4})),
            ASN: {
                **every(ASN_FEATURES, frozenset({3, 4, 5, 6})),
                "rate__v2": frozenset({3, 4, 5, 6}),
            },
            REQUEST: {
                **every(("hour", "long", "short"), frozenset({3, 4})),
                **every(("asn_3d_logins", "asn_3d_rate"), frozenset({3, 4, 5, 6})),
            },
            KINDS: {
                "failed__v1": frozenset({3, 4}),
                **every(("crowded", "truth"), frozenset({3, 4, 5, 6})),
            },
            SCORES: {"risk__v1": frozenset({3, 4, 5, 6})},
        },
        rows_change=True,
        is_recomputed=True,
    ),
    Case(
        "changed filter of an event",
        changed_row_filter,
        {
            LOGIN: every(FIELDS, ALL),
            **all_states(ALL),
            ASN: {**every(ASN_FEATURES, ALL), "rate__v2": ALL},
            REQUEST: every(("hour", "long", "short", "asn_3d_logins", "asn_3d_rate"), ALL),
            KINDS: every(("failed", "crowded", "truth"), ALL),
            SCORES: {"risk__v1": ALL},
        },
        rows_change=True,
        is_recomputed=True,
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_exactly_what_a_change_concerns_is_planned_read_and_written(
    case: Case, project: Project
) -> None:
    case.change(project)
    spy = spied(project)
    plan = plan_of(project)
    before = project.digests()

    assert cells(plan) == case.expected
    assert plan.is_empty == (not case.expected)
    statuses = {s.key: s.status for s in plan.attributes}
    assert case.statuses.items() <= statuses.items()
    assert any(work.rows_may_change for work in plan.work) == (
        case.rows_change or case.title == "new period"
    )

    proof = carry_out(project, plan)

    planned = planned_columns(plan)
    days = {(relation, day) for relation, _, day in planned}
    assert {it for it in spy.written if is_column(it)} <= planned
    assert {(r, d) for r, _, d in spy.written if not r.startswith(RAW)} <= days
    assert spy.read_of(is_column) <= may_read(project, planned)
    assert proof.disturbed == ()
    assert proof.replaced > 0 or plan.is_empty
    after = project.digests()
    for (relation, text), found in before.items():
        day = None if text == "None" else date.fromisoformat(text)
        for name, digest in found.columns.items():
            if (relation, name, day) not in planned and not relation.startswith(RAW):
                # Columns of nobody go where the rows are others.
                left = after[relation, text].columns.get(name, digest if case.rows_change else "")
                assert left == digest, (relation, text, name)
    assert plan_of(project).is_empty


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.is_recomputed], ids=lambda case: case.title
)
def test_what_was_planned_equals_a_full_recompute(
    case: Case, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    case.change(project)
    carry_out(project, plan_of(project))
    clean = tmp_path_factory.mktemp("clean")
    for name in ("configs", "raw"):
        shutil.copytree(project.root / name, clean / name, dirs_exist_ok=True)
    other = Project(clean)
    other.run(DAYS)

    found = project.digests()
    for place, expected in other.digests().items():
        # A full recompute would train again, which changed inputs alone do not.
        if place[0].startswith(("quarantine/", SCORES)) and case.title != "changed model":
            continue
        live = {name: found[place].columns.get(name) for name in expected.columns}
        assert (found[place].keys, live) == (expected.keys, expected.columns), place


def is_column(read: tuple[str, str, date | None]) -> bool:
    """Tell whether it is an attribute or a state, no part of what makes the rows."""
    relation, name, _ = read
    return "__v" in name or (relation == STATES and name not in ("asn", "day"))


def planned_columns(plan: Plan) -> set[tuple[str, str, date | None]]:
    found: set[tuple[str, str, date | None]] = set()
    for work in plan.work:
        days: list[date | None] = [None]
        if work.first and work.last:
            days = [*days_between(work.first, work.last), work.last]
        found |= {(work.relation, name, day) for name in work.columns for day in days}
    return found


def may_read(
    project: Project, planned: set[tuple[str, str, date | None]]
) -> set[tuple[str, str, date | None]]:
    """Say what the planned columns declare to read: columns of relations by day."""
    reads: set[Read] = set()
    for op in project.ops("event", "states", "window", "row", "python", "label"):
        for day in DAYS:
            for write in writes(project.workspace, op, day, attributes_of(project.graph, op)):
                target = write.target
                own = [c for c in target.columns if (target.relation, c.name, day) in planned]
                # Whatever is computed is computed for the keys.
                for column in (target.columns[0], *own) if own else ():
                    reads |= set(column.reads)
                if own and target.relation == KINDS:
                    # Fields are found by the key of the event that made the row.
                    reads.add(Read(LOGIN, ("session__v1",), day, day + timedelta(days=1)))
    model = project.graph.models["scorer"]
    votes = tuple(a.column for a in project.graph.label_sets["kinds"].labels)
    for relation, _, day in planned:
        if relation == KINDS and day:
            # What was voted on the day, and how often on those before it, is counted.
            reads.add(Read(KINDS, votes, day - timedelta(days=6), day + timedelta(days=1)))
        if relation == SCORES and day:
            reads |= set(score_target(project.graph, model, day, "").columns[1].reads)
            # How good the scores were of the day whose labels have come.
            reads |= set(judged_reads(model, day - timedelta(days=model.delay_days)))
        if relation == SCORER and day:
            # Training, and the days before it on which the two models are compared.
            earlier = [d for d in DAYS if d < day]
            reads |= set(training_reads(project.graph, model, earlier))
    return {
        (read.relation, name, day) for read in reads for name in read.columns for day in read.days
    }
