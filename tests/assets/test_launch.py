from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from fig_assets.assets.launch import launch, select_keys
from fig_assets.errors import WorkflowError
from fig_assets.project import Project, load_project
from tests.assets.signins import FIRST, LAST, Site, days_from, opened, write_day, write_project

RATE = "features/ip/weekly_by_day/failure_rate__v2"
COUNT = "features/ip/weekly_by_day/login_count__v1"
DAYS = days_from(FIRST, 4)
NAMES = [str(day) for day in DAYS]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with load_project(write_project(tmp_path_factory.mktemp("select"))) as project:
        yield project


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Raw files of four days, of which all but the last are built to the events."""
    root = tmp_path_factory.mktemp("launch")
    write_project(root, days=4)
    with opened(root) as site:
        site.run(DAYS[0], DAYS[2], '+key:"events/login"')
        yield site


def selected(project: Project, select: str) -> set[str]:
    return {"/".join(key) for key in select_keys(project.workspace, select)}


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        pytest.param(f'key:"{RATE}"', {RATE}, id="one attribute"),
        pytest.param(
            f'1+key:"{RATE}"',
            {RATE, COUNT, "features/ip/weekly_by_day/failure_count__v1"},
            id="what it reads directly",
        ),
        pytest.param(
            '+key:"events/login/is_failure__v1"',
            {"events/login/is_failure__v1", "events/login/outcome__v1", "raw/events"},
            id="everything before",
        ),
        pytest.param(
            'group:"labels/truth"',
            {
                "labels/truth/failed__v1",
                "labels/truth/passed__v1",
                "labels/truth/plurality__v1",
                "label_sets/truth",
            },
            id="a group",
        ),
        pytest.param(
            'key:"families/*" and not key:"families/ip/*"', {"families/request"}, id="and"
        ),
        pytest.param(
            'key:"models/scorer__v1"+',
            {"models/scorer__v1", "scores/scorer/badness__v1"},
            id="down",
        ),
        pytest.param(
            'tag:"pii"="yes" and not key:"features/*"', {"events/login/ip__v1"}, id="a tag"
        ),
        pytest.param(
            'owner:"analyst@example.org"',
            {
                "features/ip/monthly_by_day/failure_rate__v1",
                "features/ip/weekly_by_day/failure_rate__v1",
                "features/request/ip_weekly_failure_rate__v1",
            },
            id="an owner",
        ),
        pytest.param(
            '+key:"tables/networks"', {"tables/networks"}, id="what cannot be computed is left out"
        ),
    ],
)
def test_assets_are_selected_as_in_dagster(
    project: Project, select: str, expected: set[str]
) -> None:
    assert selected(project, select) == expected


def test_without_a_selection_everything_is_computed(project: Project) -> None:
    found = select_keys(project.workspace, None)

    assert found == {key for op in project.graph.ops for key in op.keys}


@pytest.mark.parametrize(
    ("select", "words"),
    [
        pytest.param('key:"families/', "'key:\"families/' is no selection", id="not closed"),
        pytest.param("and and", "'and and' is no selection", id="nonsense"),
        pytest.param("", "'' is no selection", id="empty"),
        pytest.param('colour:"red"', "is no selection", id="unknown attribute"),
        pytest.param('key:"features/asn/*"', "selects no asset; see the keys", id="nothing"),
        pytest.param('key:"raw/networks"', "selects no asset; see the keys", id="not computed"),
    ],
)
def test_a_bad_selection_is_refused_with_its_mend(
    project: Project, select: str, words: str
) -> None:
    with pytest.raises(WorkflowError, match=r"fix: write it|fig validate --list") as refusal:
        select_keys(project.workspace, select)

    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (
            FIRST - timedelta(days=1),
            FIRST,
            "2023-12-31 is before the project's start 2024-01-01; "
            "fix: begin later, or set an earlier start_date",
        ),
        (
            LAST,
            LAST + timedelta(days=1),
            "2024-03-01 is after the project's end 2024-02-29; fix: end with 2024-02-29 or earlier",
        ),
        (DAYS[1], DAYS[0], "the last day 2024-01-01 is before the first day 2024-01-02"),
    ],
    ids=["before the start", "after the end", "the wrong way round"],
)
def test_days_outside_the_project_are_refused(
    site: Site, first: date, last: date, words: str
) -> None:
    with pytest.raises(WorkflowError) as refusal:
        site.run(first, last)

    assert str(refusal.value) == words


def test_one_attribute_is_launched_alone_for_one_day(site: Site) -> None:
    summary = site.run(DAYS[1], DAYS[1], f'key:"{COUNT}"')

    assert summary.ok
    assert summary.done == {"window__ip__weekly": 1 + len(DAYS[:2])}
    assert site.days(COUNT) == [NAMES[1]]
    assert site.days("features/ip/weekly_by_day/session_count__v1") == []
    assert site.project.workspace.engine.days("families/ip/weekly_by_day") == (DAYS[1],)


def test_one_family_is_launched_for_a_range_in_one_run(site: Site) -> None:
    summary = site.run(DAYS[0], DAYS[2], 'group:"features/ip/monthly_by_day"')

    assert summary.ok
    assert len(summary.run_ids) == 1
    assert site.days("families/ip/monthly_by_day") == NAMES[:3]


def test_a_day_whose_input_was_never_built_is_refused_by_name(site: Site) -> None:
    summary = site.run(DAYS[1], DAYS[3], 'key:"states/ip"')

    assert not summary.ok
    assert site.days("states/ip")[-2:] == NAMES[1:3]
    assert summary.refused == {
        "states__ip": "states__ip was refused for 2024-01-04\n"
        "2024-01-04: states/ip/login of 2024-01-04 needs events/login of the day 2024-01-04, "
        "never built; build first: fig run --from 2024-01-04 --to 2024-01-04"
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A project in which the raw file of the third day cannot be read."""
    root = tmp_path_factory.mktemp("whole")
    write_project(root, days=4)
    (root / "raw" / f"{DAYS[2]}.jsonl").rename(root / "raw" / f"{DAYS[2]}.jsonl.gz")
    with opened(root) as site:
        yield site


def test_a_day_that_cannot_be_read_is_named_and_the_others_go_on(whole: Site) -> None:
    told: list[tuple[str, int]] = []

    summary = launch(
        whole.project.workspace,
        whole.instance,
        DAYS[0],
        DAYS[3],
        selected=select_keys(whole.project.workspace, None),
        on_plan=lambda plan: told.extend(plan.items()),
    )

    assert not summary.ok
    assert "raw/2024-01-03.jsonl.gz" in summary.refused["raw__events"]
    assert summary.refused["raw__events"].startswith("raw__events was refused for 2024-01-03\n")
    assert whole.days("events/login") == [NAMES[0], NAMES[1], NAMES[3]]
    assert whole.days("scores/scorer/badness__v1") == NAMES[:2]
    assert ("event__login", len(DAYS)) in told


def test_only_what_is_stale_is_computed_after_the_file_was_mended(whole: Site) -> None:
    broken = whole.root / "raw" / f"{DAYS[2]}.jsonl.gz"
    broken.rename(broken.with_suffix(""))

    summary = whole.run(DAYS[0], DAYS[3], only_stale=True)
    again = whole.run(DAYS[0], DAYS[3], only_stale=True)

    assert summary.ok
    assert summary.done["raw__events"] == 1
    assert summary.done["states__ip"] == 1
    assert "table__networks" not in summary.done
    assert whole.days("scores/scorer/badness__v1") == NAMES
    assert (again.done, again.run_ids) == ({}, [])


def test_a_summary_is_plain_json(whole: Site) -> None:
    summary = whole.run(DAYS[0], DAYS[0], 'key:"tables/networks"')

    found = summary.as_json()
    assert found["start"] == found["end"] == "2024-01-01"
    assert found["ok"] is True
    assert found["done"] == {"table__networks": 1}


def test_a_run_is_not_longer_than_its_limit(whole: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fig_assets.assets.launch.LONGEST_RUN_DAYS", 3)

    summary = whole.run(DAYS[0], DAYS[3], 'key:"raw/events"')

    assert (len(summary.run_ids), summary.done) == (2, {"raw__events": 4})


def test_training_can_be_asked_for_on_a_day_on_which_it_is_not_due(tmp_path: Path) -> None:
    write_project(tmp_path, days=6)
    days = days_from(FIRST, 6)
    with opened(tmp_path) as site:
        site.run(days[0], days[5])
        assert site.metadata("models/scorer__v1")[str(days[5])]["outcome"] == "kept"

        site.run(days[5], days[5], 'key:"models/scorer__v1"', train=True)
        early = site.run(days[0], days[0], 'key:"models/scorer__v1"', train=True)

        told = site.metadata("models/scorer__v1")[str(days[5])]
        assert told["outcome"] != "kept" or "gain" in str(told["reason"])
        assert site.project.workspace.registry.trained_days("scorer", 1) == (days[4], days[5])
        assert (
            "no model yet; the first day that can be trained for is 2024-01-05"
            in (early.refused["model__scorer"])
        )


def test_a_missing_raw_folder_is_named_with_its_mend(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "raw").rmdir()
    with opened(tmp_path) as site, pytest.raises(WorkflowError) as refusal:
        site.run(FIRST, FIRST, 'key:"raw/events"')

    assert str(refusal.value) == (
        f"source 'events': the folder {tmp_path / 'raw'} does not exist\n"
        '  fix: put the raw files there, or mend "path" of source "events" in '
        "configs/environments/local.json"
    )


def test_a_missing_table_is_named_with_its_mend(tmp_path: Path) -> None:
    write_project(tmp_path)
    (tmp_path / "networks.csv").unlink()
    with opened(tmp_path) as site:
        summary = site.run(FIRST, FIRST, 'key:"tables/networks"')

    assert summary.refused["table__networks"].endswith(
        f"table 'networks': {tmp_path / 'networks.csv'} does not exist\n"
        '  fix: put the file there, or mend "path" of source "networks"'
    )


def test_a_day_without_a_file_or_without_events_is_an_empty_day(tmp_path: Path) -> None:
    write_project(tmp_path, days=1)
    write_day(tmp_path, DAYS[1], [])
    with opened(tmp_path) as site:
        summary = site.run(DAYS[0], DAYS[2], '+key:"families/request"')

        assert summary.refused == {}
        rows = [found["dagster/row_count"] for found in site.metadata("families/request").values()]
    assert rows == [24, 0, 0]


def test_lines_that_are_no_json_are_set_aside_and_counted(tmp_path: Path) -> None:
    write_project(tmp_path, days=1)
    write_day(tmp_path, DAYS[0], ["{nonsense", '{"kind": "login"}', "[1]"])
    with opened(tmp_path) as site:
        summary = site.run(DAYS[0], DAYS[0], 'key:"raw/events"')

        found = site.metadata("raw/events")[NAMES[0]]
    assert summary.ok
    assert (found["lines"], found["quarantined"]) == (3, 3)
    assert isinstance(found["quarantine"], dict)
    assert found["quarantine"]["no usable time"] == 1
