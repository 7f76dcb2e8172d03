"""Every raw line becomes a row or is counted with a reason."""

import shutil
from collections import Counter
from datetime import date
from pathlib import Path
from random import Random

import pytest

from tests.workflow.logins import CONFIGS, COUNTRIES_CSV, random_files
from tests.workflow.projects import Json, Project, days_from, differences, write_project

DAYS = days_from("2024-03-01", 5)
FIRST, LAST = date(2022, 6, 1), date(2022, 12, 31)
OKTA_ROWS = {
    "2022-06-10": (1, 1),
    "2022-06-11": (0, 0),
    "2022-06-22": (17, 1),
    "2022-08-26": (1, 1),
    "2022-08-29": (2, 1),
    "2022-09-09": (2, 1),
    "2022-11-22": (1, 1),
    "2022-12-13": (5, 2),
    "2022-12-14": (3, 2),
}
"""Lines and different ids of each day."""
OKTA = Path(__file__).parents[1] / "data" / "okta" / "okta_events_apache2.jsonl"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Hostile files of five days."""
    project = write_project(tmp_path_factory.mktemp("lines"), CONFIGS, start="2024-03-01")
    (project.root / "raw" / "countries.csv").write_text(COUNTRIES_CSV)
    for day, lines in random_files(Random(5), DAYS, 30).items():
        project.write(day, lines)
    return project


def test_every_line_of_a_file_is_landed_quarantined_or_blank(project: Project) -> None:
    results = project.run(DAYS, project.ops("raw"))["raw__events"]
    for day in DAYS:
        notes = results.days[day].notes
        lines = (project.root / "raw" / f"{day}.jsonl").read_text().splitlines()
        quarantined = project.rows("quarantine/events", day)
        assert notes["lines"] == len(lines)
        assert notes["blank"] == lines.count("")
        assert notes["quarantined"] == len(quarantined)
        assert results.days[day].rows == len(lines) - lines.count("") - len(quarantined)
        assert len({row["source_line"] for row in quarantined}) == len(quarantined)
        assert all(row["reason"] and row["detail"] for row in quarantined)


def test_every_landed_line_is_a_row_or_is_counted(project: Project) -> None:
    project.run(DAYS, project.ops("raw"))
    results = project.run(DAYS, project.ops("event"))
    for name in ("login", "failure", "verdict"):
        for day in DAYS:
            notes = results[f"event__{name}"].days[day].notes
            rows = len(project.rows(f"events/{name}", day))
            counted = ("duplicates", "other_events", "filtered")
            assert notes["lines"] == rows + sum(int(str(notes[it])) for it in counted)
            assert all(isinstance(notes[it], int) for it in counted)


def test_what_is_set_aside_of_a_row_family_is_counted(project: Project) -> None:
    day = DAYS[0]
    project.run([day])
    notes = project.run([day], project.ops("row", owner="request"))["row__request"].days[day].notes
    events = project.rows("events/login", day)
    sessions = [row["session__v1"] for row in events]
    assert notes["null_keys"] == sessions.count(None)
    repeated = len(events) - sessions.count(None) - len(set(sessions) - {None})
    assert notes["repeated_keys"] == repeated
    assert len(project.rows("families/request", day)) == len(set(sessions) - {None})


def test_rows_without_an_entity_since_their_key_has_another_type_are_counted(
    tmp_path: Path,
) -> None:
    [day] = days = days_from("2024-03-01", 1)
    fields = {"session": "session", "asn": "asn"}
    group: Json = {"source": "login", "granularity_field": "session", "features": {"asn": "$asn"}}
    counted: Json = {
        "source": "request",
        "granularity_field": "asn",
        "features": {"request_count": "@COUNT(*)"},
    }
    number: Json = {"name": "asn", "granularity": "number", "granularity_type": "bigint"}
    files: Json = {
        "events/all.json": {"name": "login", "event_name": "login", "fields": fields},
        "features/all.json": [
            {"name": "request", "granularity": "session_id", "groups": [group]},
            {**number, "period": ["daily"], "groups": [counted]},
        ],
    }
    project = write_project(tmp_path, files, start="2024-03-01")
    numbers = ["1", "x", None, "2", "x"]
    project.write(
        day,
        [
            {"kind": "login", "at": f"{day}T10:00:00Z", "session": f"s{n}", "asn": it}
            for n, it in enumerate(numbers)
        ],
    )

    results = project.run(days)

    assert results["window__asn__daily"].days[day].notes == {"lost_keys": numbers.count("x")}
    assert "lost_keys" not in results["row__request"].days[day].notes


def test_an_event_with_its_own_time_quarantines_its_own_lines(tmp_path: Path) -> None:
    day = date(2024, 3, 1)
    login: Json = {"name": "login", "event_name": "login", "time": "when", "fields": {"asn": "asn"}}
    logout: Json = {**login, "name": "logout", "event_name": "logout", "time": "ended"}
    events: Json = {"events/all.json": [login, logout]}
    project = write_project(tmp_path, events, start="2024-03-01")
    lines: list[Json] = [
        {"kind": "login", "when": "2024-03-01T10:00Z"},
        {"kind": "login", "ended": "2024-03-01T10:00Z"},
        {"kind": "logout", "when": "2024-03-01T10:00Z"},
        {"kind": "logout", "ended": "2024-03-01T10:00Z"},
        {"kind": "other", "when": "2024-03-01T10:00Z"},
    ]
    project.write(day, lines)
    results = project.run([day])
    quarantined = project.rows("quarantine/events", day)
    assert [(row["source_line"], row["reason"]) for row in quarantined] == [
        (2, "no usable time"),
        (3, "no usable time"),
    ]
    assert [row["source_line"] for row in project.rows("events/login", day)] == [1]
    assert [row["source_line"] for row in project.rows("events/logout", day)] == [4]
    notes = results["raw__events"].days[day].notes
    assert (notes["lines"], notes["quarantined"], notes["unclaimed"]) == (5, 2, 1)
    assert all(verdict.passed for verdict in results["raw__events"].days[day].verdicts)


@pytest.fixture(scope="module")
def okta(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The Okta events, in one file without a date in its name."""
    root = tmp_path_factory.mktemp("okta")
    event: Json = {
        "name": "okta",
        "fields": {
            "type": "eventType",
            "actor": "actor:id",
            "ip": "client:ipAddress",
            "outcome": "outcome:result",
            "country": "client:geographicalContext:country",
            "target_count": {"function": "@ARRAY_SIZE(@PARSE_JSON($targets))"},
            "targets": "target",
        },
    }
    environment: Json = {
        "name": "local",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "models"},
        "sources": {"log": {"format": "json", "path": "raw/*.jsonl"}},
        "event_defaults": {"event_type": "eventType", "time": "published", "id": "uuid"},
        "start_date": FIRST.isoformat(),
        "end_date": LAST.isoformat(),
    }
    configs: Json = {"events/okta.json": event, "environments/local.json": environment}
    project = write_project(root, configs, start=FIRST.isoformat())
    shutil.copy(OKTA, root / "raw" / "okta.jsonl")
    return project


def test_the_okta_events_are_rows_or_quarantined_with_a_reason(okta: Project) -> None:
    [result] = okta.run([FIRST], okta.ops("raw"))["raw__log"].days.values()
    reasons = {"no usable time": 21, "late": 28, "from the future": 13}
    assert result.notes["quarantine"] == reasons
    assert (result.notes["lines"], result.notes["blank"], result.rows) == (94, 0, 32)
    assert Counter(row["reason"] for row in okta.rows("quarantine/log", FIRST)) == reasons


def test_the_okta_events_of_a_day_are_one_row_for_each_id(okta: Project) -> None:
    okta.run([FIRST], okta.ops("raw"))
    days = [date.fromisoformat(day) for day in OKTA_ROWS]
    [results] = okta.run(days, okta.ops("event")).values()
    oracle = okta.oracle()
    for day, (lines, count) in zip(days, OKTA_ROWS.values(), strict=True):
        rows = okta.rows("events/okta", day)
        assert len(rows) == count
        assert not differences(rows, oracle.event_rows("okta", day))
        notes = results.days[day].notes
        assert (notes["lines"], notes["duplicates"]) == (lines, lines - count)
    assert sum(lines for lines, _ in OKTA_ROWS.values()) == 32
    assert okta.stale(days) == {}
