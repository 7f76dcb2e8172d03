"""One event from many accounts: 15 of production in one environment, 4 of analytics in another."""

import gzip
import json
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from fig_assets.engines.base import DAY
from fig_assets.engines.raw.files import RawFileError
from fig_assets.errors import WorkflowError
from fig_assets.graph.lock import locked_nodes
from fig_assets.project import load_project
from fig_assets.sql.landing import landing_target
from fig_assets.workflow.run import OpResult, run_op
from fig_assets.workflow.steps.raw import FILES, READING, file_notes, reading, stale_files
from tests import naive
from tests.workflow.projects import (
    ENVIRONMENT,
    Json,
    Project,
    days_from,
    differences,
    write_project,
)

DAYS = days_from("2024-03-01", 4)
FIRST, SECOND, THIRD, LAST = DAYS
PRODUCTION = [f"prod-{n}" for n in range(1, 16)]
ANALYTICS = [f"lab-{n}" for n in range(1, 5)]
SIGN_IN: Json = {
    "name": "sign_in",
    "event_name": "sign_in",
    "where": "$account IS NULL OR $account <> 'prod-9'",
    "fields": {
        "user": "user",
        "is_failure": {"function": "$outcome = 'FAILURE'"},
        "outcome": "outcome",
        "region": {"function": "@SPLIT_PART($account, '-', 1)"},
    },
}
TENANT: Json = {
    "name": "tenant",
    "granularity": "name",
    "period": ["daily", "3d_by_day"],
    "groups": [
        {
            "source": "sign_in",
            "granularity_field": "account",
            "features": {
                "sign_in_count": "@COUNT(*)",
                "failure_count": "@SUM($is_failure)",
                "user_count": "@COUNT_DISTINCT($user)",
            },
        }
    ],
}
REQUEST: Json = {
    "name": "request",
    "granularity": "request_id",
    "groups": [
        {
            "source": "sign_in",
            "granularity_field": "event_id",
            "features": {"account": "$account", "user": "$user"},
        },
        {
            "source": "tenant",
            "granularity_match": {"field": "account", "period": "daily"},
            "features": ["sign_in_count"],
        },
    ],
}


def environment(name: str, accounts: Sequence[str], **more: object) -> Json:
    events = [
        {"account": it, "format": "json", "path": f"raw/{it}/{{date}}*.jsonl*"} for it in accounts
    ]
    lake, models = {"type": "duckdb", "path": f"lakes/{name}"}, {"path": f"models/{name}"}
    places = {"warehouse": lake, "models": models, "sources": {"events": events}}
    return {**ENVIRONMENT, "name": name, **places, **more}


Built = tuple[Project, dict[str, OpResult]]
CONFIGS: Mapping[str, object] = {
    "events/sign_in.json": SIGN_IN,
    "features/tenant.json": TENANT,
    "features/request.json": REQUEST,
    "environments/production.json": environment("production", PRODUCTION),
    "environments/analytics.json": environment("analytics", ANALYTICS),
}


def sign_ins(account: str, day: date, count: int = 4) -> list[Json | str]:
    """Give lines of one day; every account has the same ids, and one of them twice."""
    lines: list[Json | str] = [
        {
            "kind": "sign_in",
            "at": f"{day}T{n % 24:02}:00:{len(account):02}Z",
            "id": str(n % (count - 1)),
            "user": f"{account[:3]}-{n % 3}",
            "outcome": "FAILURE" if n % 2 else "SUCCESS",
        }
        for n in range(count)
    ]
    return [*lines, "no JSON", {"kind": "other", "at": f"{day}T01:00:00Z", "id": "0"}]


def write(root: Path, account: str, day: date, lines: Sequence[Json | str]) -> Path:
    path = root / "raw" / account / f"{day}.jsonl.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (it if isinstance(it, str) else json.dumps(it) for it in lines)
    path.write_bytes(gzip.compress("".join(f"{text}\n" for text in texts).encode(), mtime=0))
    return path


def count(account: str) -> int:
    return 4 + len(account) % 3


def fill(root: Path, accounts: Sequence[str], days: Sequence[date]) -> None:
    for account in accounts:
        for day in days:
            write(root, account, day, sign_ins(account, day, count(account)))


def opened(root: Path, name: str) -> Project:
    return Project(root, name)


@pytest.fixture(scope="module")
def built(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Built]:
    """Production over three days; on the second prod-3 has no file, and that of prod-7 is cut."""
    root = tmp_path_factory.mktemp("accounts")
    write_project(root, CONFIGS, start=str(FIRST)).workspace.close()
    fill(root, [*PRODUCTION, *ANALYTICS], DAYS[:3])
    (root / "raw" / "prod-3" / f"{SECOND}.jsonl.gz").unlink()
    cut(root / "raw" / "prod-7" / f"{SECOND}.jsonl.gz")
    project = opened(root, "production")
    yield project, project.run(DAYS[:3])
    project.workspace.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-12])


def without_account(row: naive.Row) -> naive.Row:
    return {name: value for name, value in row.items() if name != "account"}


def as_stored(row: naive.Row) -> naive.Row:
    """Name the account as the stored column of the field that the configuration reads."""
    return {**without_account(row), "account__v1": row.get("account")}


@contextmanager
def without(path: Path) -> Iterator[None]:
    """Put a file aside: the oracle reads no damaged one."""
    aside = path.rename(path.parents[2] / "aside")
    try:
        yield
    finally:
        aside.rename(path)


def without_day(row: naive.Row) -> naive.Row:
    return {name: value for name, value in row.items() if name != "day"}


def test_events_windows_and_rows_of_fifteen_accounts_are_those_of_the_oracle(
    built: Built,
) -> None:
    project, _ = built
    oracle = project.oracle()
    with without(project.root / "raw" / "prod-7" / f"{SECOND}.jsonl.gz"):
        for day in DAYS[:3]:
            events = [as_stored(row) for row in oracle.event_rows("sign_in", day)]
            stored = [without_day(row) for row in project.rows("events/sign_in", day)]
            assert differences(stored, events) == []
            assert {row["account__v1"] for row in stored} >= {"prod-1", "prod-15"}
            for period in ("daily", "3d_by_day"):
                rows = [without_day(row) for row in project.rows(f"families/tenant/{period}", day)]
                assert differences(rows, oracle.window_rows("tenant", period, day), "name") == []
            rows = [without_day(row) for row in project.rows("families/request", day)]
            assert differences(rows, oracle.request_rows("request", day), "request_id") == []


def test_the_day_says_which_accounts_are_missing_and_why(built: Built) -> None:
    project, results = built
    day = results["raw__events"].days[SECOND]
    (verdict,) = [v for v in day.verdicts if v.name == "accounts"]
    cut_file = project.root / "raw" / "prod-7" / f"{SECOND}.jsonl.gz"
    why = f"{cut_file}: cut gzip: the file ends before its checksum"

    assert (verdict.passed, verdict.blocking, verdict.unit) == (False, False, "deliveries")
    assert verdict.words == f"2 of 15 deliveries fail: prod-3: no files; prod-7: {why}"
    assert results["event__sign_in"].days[SECOND].notes["missing_accounts"] == (
        f"prod-3: no files; prod-7: {why}"
    )
    for other in (FIRST, THIRD):
        (verdict,) = [
            v for v in results["raw__events"].days[other].verdicts if v.name == "accounts"
        ]
        assert (verdict.passed, verdict.words) == (True, "all 15 deliveries pass")
        assert "missing_accounts" not in results["event__sign_in"].days[other].notes


def test_lines_are_accounted_for_account_by_account(built: Built) -> None:
    project, results = built
    for day in DAYS[:3]:
        found = results["raw__events"].days[day]
        told = {row["account"]: row for row in found.tables["accounts"]}
        assert list(told) == PRODUCTION
        assert found.notes["lines"] == sum(int(row["lines"]) for row in told.values())
        bad = Counter(row["account"] for row in project.rows("quarantine/events", day))
        for account, row in told.items():
            lost = account in ("prod-3", "prod-7") and day == SECOND
            assert int(row["lines"]) == (0 if lost else len(sign_ins(account, day, count(account))))
            assert int(row["lines"]) == int(row["landed"]) + int(row["quarantined"])
            assert int(row["quarantined"]) == bad[account] == (0 if lost else 1)
        assert all(v.passed for v in found.verdicts if v.name == "conservation")
        events = results["event__sign_in"].days[day]
        assert all(v.passed for v in events.verdicts if v.name == "conservation")
        assert events.notes["duplicates"] == sum(int(row["lines"]) > 0 for row in told.values())


def test_what_one_account_lacked_is_built_when_it_comes_and_nothing_else_changes(
    tmp_path: Path,
) -> None:
    project = small(tmp_path, FIRST, SECOND, but={("lab-2", FIRST)})
    cut(tmp_path / "raw" / "lab-3" / f"{FIRST}.jsonl.gz")
    project.run(DAYS[:2])
    assert project.stale(DAYS[:2]) == {}
    before = project.digests()

    write(tmp_path, "lab-2", FIRST, sign_ins("lab-2", FIRST))
    assert project.stale(DAYS[:2])["raw__events"] == [FIRST]
    write(tmp_path, "lab-3", FIRST, sign_ins("lab-3", FIRST))
    done = project.run_stale(DAYS[:2])
    after = project.digests()

    assert done["raw__events"] == done["event__sign_in"] == [FIRST]
    changed = {
        name
        for name, _ in before
        if any(before[key] != after[key] for key in before if key[0] == name)
    }
    assert {name for name in changed if name.startswith("landing/")} == {
        "landing/events@lab-2/0", "landing/events@lab-3/0",
    }  # fmt: skip
    assert before["events/sign_in", str(SECOND)] == after["events/sign_in", str(SECOND)]
    assert accounts_of(project, FIRST) == set(ANALYTICS)
    assert differences(
        [without_day(row) for row in project.rows("events/sign_in", FIRST)],
        [as_stored(row) for row in project.oracle().event_rows("sign_in", FIRST)],
    ) == []  # fmt: skip
    project.workspace.close()


def test_a_damaged_file_keeps_what_its_account_gave_before(tmp_path: Path) -> None:
    project = small(tmp_path, FIRST)
    project.run([FIRST])
    before = project.digests()
    path = tmp_path / "raw" / "lab-1" / f"{FIRST}.jsonl.gz"
    cut(path)
    write(tmp_path, "lab-4", FIRST, [])

    assert project.stale([FIRST])["raw__events"] == [FIRST]
    results = project.run([FIRST])
    after = project.digests()

    (told,) = [r for r in results["raw__events"].days[FIRST].tables["accounts"] if r["missing"]]
    assert told["account"] == "lab-1"
    assert told["missing"].endswith("ends before its checksum; what it gave before is kept")
    same = ("landing/events@lab-1/0", str(FIRST))
    assert before[same] == after[same]
    assert accounts_of(project, FIRST) == {"lab-1", "lab-2", "lab-3"}
    quarantined = {row["account"] for row in project.rows("quarantine/events", FIRST)}
    assert quarantined == {"lab-1", "lab-2", "lab-3"}
    assert project.stale([FIRST]) == {}
    project.workspace.close()


def test_a_file_that_is_gone_keeps_what_its_account_gave_and_an_empty_one_does_not(
    tmp_path: Path,
) -> None:
    project = small(tmp_path, FIRST)
    project.run([FIRST])
    path = tmp_path / "raw" / "lab-1" / f"{FIRST}.jsonl.gz"
    path.unlink()
    results = project.run([FIRST])
    told = results["raw__events"].days[FIRST].tables["accounts"][0]
    assert told["missing"] == "no files; what it gave before is kept"
    assert accounts_of(project, FIRST) == set(ANALYTICS)

    write(tmp_path, "lab-1", FIRST, [])
    project.run_stale([FIRST])
    assert accounts_of(project, FIRST) == set(ANALYTICS[1:])
    project.workspace.close()


def test_an_account_without_its_folder_is_missing_and_all_without_are_a_mistake(
    tmp_path: Path,
) -> None:
    project = small(tmp_path, FIRST, but={("lab-2", FIRST)})
    (tmp_path / "raw" / "lab-2").rmdir()
    results = project.run([FIRST])
    (told,) = [r for r in results["raw__events"].days[FIRST].tables["accounts"] if r["missing"]]
    assert told["account"] == "lab-2"
    assert told["missing"].endswith(f"the folder {tmp_path / 'raw' / 'lab-2'} does not exist")

    shutil.rmtree(tmp_path / "raw")
    with pytest.raises(WorkflowError, match=r"the folder .*lab-1 does not exist"):
        project.run([FIRST], project.ops("raw"))
    assert accounts_of(project, FIRST) == {"lab-1", "lab-3", "lab-4"}
    project.workspace.close()


def test_a_day_of_which_no_file_can_be_read_is_refused(tmp_path: Path) -> None:
    project = small(tmp_path, FIRST)
    for account in ANALYTICS:
        cut(tmp_path / "raw" / account / f"{FIRST}.jsonl.gz")
    (op,) = project.ops("raw")
    result = run_op(project.workspace, op, [FIRST], op.keys)
    assert isinstance(result.refused[FIRST], RawFileError)
    assert project.digests() == {}
    project.workspace.close()


def test_a_file_of_which_nothing_could_be_read_stays_due(tmp_path: Path) -> None:
    project = small(tmp_path, FIRST)
    (source,) = project.graph.sources.values()
    part, gone = source.accounts[0], tmp_path / "raw" / "lab-1" / "gone.jsonl"
    notes = {FILES: file_notes(project.workspace, [gone]), READING: reading(part, part.landings[0])}
    target = landing_target(part.landings[0], 0, notes)
    rows = pa.table({DAY: pa.array([], pa.date32()), **{key: [] for key in target.names}})
    project.workspace.engine.replace_days(target, rows, [FIRST])

    assert stale_files(project.workspace, part, FIRST, [gone]) == "raw files changed"
    project.workspace.close()


def test_an_account_that_is_added_or_left_out_makes_the_days_stale(tmp_path: Path) -> None:
    project = small(tmp_path, FIRST, SECOND, accounts=ANALYTICS[:3])
    project.run(DAYS[:2])
    fill(tmp_path, ANALYTICS[3:], [SECOND])

    choose(project, ANALYTICS)
    done = project.run_stale(DAYS[:2])
    assert done["raw__events"] == done["event__sign_in"] == DAYS[:2]
    assert accounts_of(project, SECOND) == set(ANALYTICS)

    choose(project, ANALYTICS[1:])
    project.run_stale(DAYS[:2])
    assert accounts_of(project, FIRST) == set(ANALYTICS[1:3])
    assert project.stale(DAYS[:2]) == {}
    project.workspace.close()


def test_accounts_of_files_without_dates_are_read_account_by_account(tmp_path: Path) -> None:
    project = small(tmp_path, FIRST, SECOND)
    place = environment("analytics", ANALYTICS)
    for spec in place["sources"]["events"]:
        spec["path"] = f"raw/{spec['account']}/*.jsonl.gz"
    end = {"end_date": str(SECOND)}
    (tmp_path / "configs" / "environments" / "analytics.json").write_text(
        json.dumps({**place, **end})
    )
    cut(tmp_path / "raw" / "lab-2" / f"{SECOND}.jsonl.gz")
    project.reopen()
    project.run(DAYS[:2])

    assert accounts_of(project, FIRST) == accounts_of(project, SECOND) == set(ANALYTICS) - {"lab-2"}
    assert project.stale(DAYS[:2]) == {}
    write(tmp_path, "lab-2", SECOND, sign_ins("lab-2", SECOND))
    project.run_stale(DAYS[:2])
    assert accounts_of(project, FIRST) == accounts_of(project, SECOND) == set(ANALYTICS)
    project.workspace.close()


def test_environments_differ_in_nothing_that_is_locked(tmp_path: Path) -> None:
    write_project(tmp_path, CONFIGS, start=str(FIRST)).workspace.close()
    meanings = []
    for name in ("production", "analytics", "local"):
        with load_project(tmp_path / "configs", name) as project:
            assert project.bind() > 0
            nodes = locked_nodes(project.graph)
            meanings.append({key: node.fingerprint for key, node in nodes.items()})

    assert meanings[0] == meanings[1] == meanings[2]
    assert "events/sign_in/account__v1" in meanings[0]


def test_an_environment_without_accounts_has_events_of_none(tmp_path: Path) -> None:
    project = write_project(tmp_path, CONFIGS, start=str(FIRST))
    project.write(FIRST, [json.dumps(it) for it in sign_ins("any", FIRST) if isinstance(it, dict)])
    project.run([FIRST])
    rows = project.rows("events/sign_in", FIRST)

    assert len(rows) == 3
    assert {row["account__v1"] for row in rows} == {None}
    assert project.rows("families/tenant/daily", FIRST) == []
    project.workspace.close()


def accounts_of(project: Project, day: date) -> set[object]:
    return {row["account__v1"] for row in project.rows("events/sign_in", day)}


def choose(project: Project, accounts: Sequence[str]) -> None:
    path = project.root / "configs" / "environments" / "analytics.json"
    path.write_text(json.dumps(environment("analytics", accounts)))
    project.reopen()


def small(
    root: Path,
    *days: date,
    but: Collection[tuple[str, date]] = (),
    accounts: Sequence[str] = ANALYTICS,
) -> Project:
    """Write the analytics accounts' files of some days and open their environment."""
    write_project(root, CONFIGS, start=str(FIRST)).workspace.close()
    fill(root, accounts, days)
    for account, day in but:
        (root / "raw" / account / f"{day}.jsonl.gz").unlink()
    project = opened(root, "analytics")
    if accounts != ANALYTICS:
        choose(project, accounts)
    return project
