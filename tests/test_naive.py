import gzip
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from tests import naive
from tests.naive.example import CONFIGS, COUNTRIES

Event = dict[str, object]
Load = Callable[[dict[str, list[Event]]], naive.Naive]

DAY = date(2024, 3, 15)


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write the project, and raw files by their date; then read it."""
    for name, content in CONFIGS.items():
        path = tmp_path / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "countries.csv").write_text(COUNTRIES)

    def write(files: dict[str, list[Event]]) -> naive.Naive:
        for dated, events in files.items():
            lines = "".join(json.dumps(event) + "\n" for event in events)
            (tmp_path / "raw" / f"{dated}.jsonl").write_text(lines)
        return naive.load(tmp_path / "configs", "local")

    return write


def login(at: str, **more: object) -> Event:
    return {"kind": "login", "at": at, "id": at, "session": at, "client": {"asn": 7}, **more}


def counts(rows: list[naive.Row], feature: str = "login_count__v1") -> dict[naive.Value, object]:
    return {row["number"]: row[feature] for row in rows}


# ---------------------------------------------------------------- windows and their ends


@pytest.mark.parametrize(
    ("at", "file", "seen"),
    [
        ("2024-03-07T23:59:59.999Z", "2024-03-07", 0),
        ("2024-03-08T00:00:00Z", "2024-03-08", 1),
        ("2024-03-14T23:59:59.999Z", "2024-03-14", 1),
        ("2024-03-14T23:59:59.9999999Z", "2024-03-14", 1),
        ("2024-03-15T00:00:00Z", "2024-03-15", 0),
        ("2024-03-15T10:29:59Z", "2024-03-15", 0),
        ("2024-03-15T01:00:00+02:00", "2024-03-15", 1),
        ("2024-03-14T23:00:00-02:00", "2024-03-15", 0),
    ],
)
def test_a_request_sees_the_seven_days_before_its_day(
    load: Load, at: str, file: str, seen: int
) -> None:
    files = {file: [login(at, outcome="failure")], "2024-03-16": [login("2024-03-15T10:30:00Z")]}
    request = load(files).request_rows("request", DAY)[-1]
    assert request["session_id"] == "2024-03-15T10:30:00Z"
    assert request["asn_weekly_login_count__v1"] == seen
    assert request["asn_weekly_failure_rate__v1"] == (1.0 if seen else None)


@pytest.mark.parametrize(
    ("period", "first"),
    [("daily", "2024-03-15"), ("weekly_by_day", "2024-03-09"), ("14d_by_day", "2024-03-02")],
)
def test_a_window_holds_n_days_with_both_ends(load: Load, period: str, first: str) -> None:
    start = date.fromisoformat(first)
    dates = [(start + timedelta(days=n)).isoformat() for n in (-1, 0)]
    dates += [DAY.isoformat(), (DAY + timedelta(days=1)).isoformat()]
    project = load({it: [login(f"{it}T00:00:00Z"), login(f"{it}T23:59:59Z")] for it in set(dates)})
    [row] = project.window_rows("asn", period, DAY)
    assert row["login_count__v1"] == 2 * len(set(dates[1:3]))
    assert row["window_start"] == start
    assert row["window_end"] == date(2024, 3, 16)
    assert row["window_complete"] is True


def test_days_before_the_start_are_not_there(load: Load) -> None:
    project = load({it: [login(f"{it}T12:00:00Z")] for it in ("2024-02-29", "2024-03-01")})
    [row] = project.window_rows("asn", "weekly_by_day", date(2024, 3, 6))
    assert row["login_count__v1"] == 1
    assert row["window_start"] == date(2024, 2, 29)
    assert row["window_complete"] is False
    [row] = project.window_rows("asn", "weekly_by_day", date(2024, 3, 7))
    assert row["window_complete"] is True
    assert project.event_rows("login", date(2024, 2, 29)) == []


def test_another_start_date_can_be_given(load: Load) -> None:
    project = load({it: [login(f"{it}T12:00:00Z")] for it in ("2024-03-01", "2024-03-02")})
    later = naive.load(project.config.root / "configs", "local", start=date(2024, 3, 2))
    assert counts(project.window_rows("asn", "weekly_by_day", date(2024, 3, 2))) == {7: 2}
    assert counts(later.window_rows("asn", "weekly_by_day", date(2024, 3, 2))) == {7: 1}


def test_no_event_in_the_window_and_no_granularity_give_no_row(load: Load) -> None:
    project = load(
        {
            "2024-03-14": [
                login("2024-03-14T01:00:00Z", client={"asn": None}),
                login("2024-03-14T02:00:00Z", client={"asn": "12"}),
                login("2024-03-14T03:00:00Z", client={"asn": "AS12"}),
            ]
        }
    )
    assert counts(project.window_rows("asn", "daily", date(2024, 3, 14))) == {12: 1}
    assert project.window_rows("asn", "daily", DAY) == []


def test_groups_of_different_events_are_joined_on_the_granularity(load: Load) -> None:
    verdicts: list[Event] = [
        {"kind": "verdict", "at": "2024-03-15T00:00:00Z", "id": it, "asn": 8} for it in "ba"
    ]
    project = load({"2024-03-15": [login("2024-03-15T01:00:00Z"), *verdicts]})
    logins, verdict = project.window_rows("asn", "daily", DAY)
    assert counts([logins, verdict]) == {7: 1, 8: 0}
    assert counts([logins, verdict], "verdict_count__v1") == {7: 0, 8: 2}
    assert logins["newest_verdict__v1"] is None
    assert (verdict["number"], verdict["login_count__v1"], verdict["verdict_count__v1"]) == (
        8,
        0,
        2,
    )
    assert verdict["failure_count__v1"] is None
    assert verdict["verdicts_a_login__v1"] is None
    assert verdict["newest_verdict__v1"] == "b"


def test_every_live_version_is_a_column(load: Load) -> None:
    failure = login("2024-03-15T01:00:00Z", outcome="failure")
    project = load({"2024-03-15": [failure, login("2024-03-15T02:00:00Z", outcome="SUCCESS")]})
    [row] = project.window_rows("asn", "daily", DAY)
    assert row["failure_rate__v1"] == 0.5
    assert row["failure_rate__v2"] == pytest.approx(2 / 22)
    assert "failure_rate__v3" not in row


# ---------------------------------------------------------------- events


def test_the_first_event_of_an_id_and_day_counts(load: Load) -> None:
    project = load(
        {
            "2024-03-15": [
                login("2024-03-15T02:00:00Z", id="a", session="late"),
                login("2024-03-15T01:00:00Z", id="a", session="early"),
                login("2024-03-15T03:00:00Z", id=None, session="x"),
                login("2024-03-15T03:00:00Z", id=None, session="y"),
            ],
            "2024-03-16": [
                login("2024-03-15T01:00:00Z", id="a", session="file"),
                login("2024-03-16T01:00:00Z", id="a", session="next day"),
            ],
        }
    )
    sessions = [row["session__v1"] for row in project.event_rows("login", DAY)]
    assert sessions == ["early", "x", "y"]
    [after] = project.event_rows("login", date(2024, 3, 16))
    assert after["session__v1"] == "next day"


def test_a_filter_looks_at_the_first_event_of_an_id_only(load: Load) -> None:
    project = load(
        {
            "2024-03-15": [
                login("2024-03-15T01:00:00Z", id="a", outcome="SUCCESS"),
                login("2024-03-15T02:00:00Z", id="a", outcome="FAILURE"),
                login("2024-03-15T03:00:00Z", id="b", outcome="FAILURE"),
                login("2024-03-15T04:00:00Z", id="c"),
            ]
        }
    )
    failures = project.config.events["login"] | {"where": "$is_failure"}
    project.config.events["failure"] = failures
    assert [row["event_id"] for row in project.event_rows("failure", DAY)] == ["b"]


def test_late_lines_count_and_those_out_of_reach_do_not(load: Load) -> None:
    at = "2024-03-15T12:00:00Z"
    dates = ("2024-03-14", "2024-03-15", "2024-03-16", "2024-03-17")
    project = load({it: [login(at, id=it)] for it in dates})
    rows = project.event_rows("login", DAY)
    assert [(row["event_id"], row["source_file"], row["source_line"]) for row in rows] == [
        ("2024-03-15", "raw/2024-03-15.jsonl", 1),
        ("2024-03-16", "raw/2024-03-16.jsonl", 1),
    ]


def test_lines_that_are_no_events_are_left_out(load: Load) -> None:
    project = load({})
    good = json.dumps(login("2024-03-15T12:00:00Z")).encode()
    lines = [b"\xef\xbb\xbf" + good + b"\r", b"", b"[1]", b"{", b'{"kind": "login", "at": NaN}']
    lines += [
        b'{"kind": "login", "at": "redacted"}',
        b'{"kind": "login"}',
        good[:-1] + b', "id":1}',
    ]
    lines += [b'{"kind": "\xff"}', b'{"kind": "\\ud800"}', b'{"kind": "other", "at": "2024-03-15"}']
    path = project.config.root / "raw" / "2024-03-15.jsonl.gz"
    path.write_bytes(gzip.compress(b"\n".join([*lines, good.replace(b"T12", b"T13")])))
    assert [row["source_line"] for row in project.event_rows("login", DAY)] == [1, 12]


def test_fields_have_versions_and_read_each_other(load: Load) -> None:
    event = login("2024-03-15T12:00:00.1234567Z", outcome="failure", seconds="1.5")
    [row] = load({"2024-03-15": [event]}).event_rows("login", DAY)
    assert row["event_time"] == datetime.fromisoformat("2024-03-15T12:00:00.123456")
    assert (row["outcome__v1"], row["outcome__v2"]) == ("failure", "FAILURE")
    assert row["is_failure__v1"] is True
    assert row["seconds__v1"] == 1.5
    assert (row["asn__v1"], row["country__v1"]) == ("7", None)


# ---------------------------------------------------------------- rows and labels


def test_a_row_takes_what_was_known_when_its_day_began(load: Load) -> None:
    project = load(
        {
            "2024-03-14": [login("2024-03-14T01:00:00Z", outcome="FAILURE")],
            "2024-03-15": [
                login("2024-03-15T02:00:00Z", client={"asn": 7, "country": "RU"}, session="s"),
                login("2024-03-15T03:00:00Z", client={"asn": 9, "country": "XX"}, session="t"),
                login("2024-03-15T04:00:00Z", client={"asn": 7}, session="s"),
                login("2024-03-15T05:00:00Z", session=None),
            ],
        }
    )
    scores = {"score": {(DAY, "s"): 0.25}}
    known, unknown = project.request_rows("request", DAY, scores=scores)
    assert (known["session_id"], known["event_id"]) == ("s", "2024-03-15T02:00:00Z")
    assert known["asn_weekly_login_count__v1"] == 1
    assert known["asn_weekly_failure_rate__v2"] == pytest.approx(2 / 21)
    assert known["today_login_count__v1"] == 3
    assert (known["country__v1"], known["country_risk__v1"]) == ("ru", 9)
    assert (known["score__v1"], known["is_bad_place__v1"]) == (0.25, True)
    assert unknown["session_id"] == "t"
    assert unknown["asn_weekly_login_count__v1"] == 0
    assert unknown["asn_weekly_failure_rate__v2"] == -1
    assert unknown["asn_weekly_failure_rate__v1"] is None
    assert (unknown["country_risk__v1"], unknown["score__v1"]) == (None, None)
    assert unknown["is_bad_place__v1"] is None


def test_a_family_can_aggregate_rows_with_what_each_had(load: Load) -> None:
    ru = {"asn": 7, "country": "RU"}
    days = ("2024-03-13", "2024-03-14", "2024-03-15")
    project = load({it: [login(f"{it}T01:00:00Z", client=ru, session=it)] for it in days})
    scores = {"score": {(date.fromisoformat(it), it): int(it[-1]) / 10 for it in days}}
    [row] = project.window_rows("place", "weekly_by_day", DAY, scores=scores)
    assert (row["country"], row["requests__v1"], row["worst__v1"]) == ("ru", 2, 0.5)


@pytest.mark.parametrize(
    ("event", "score", "expected"),
    [
        ({"outcome": "FAILURE"}, 0.9, ["bad", "bad", None, "bad", "bad", "bad"]),
        ({"outcome": "FAILURE", "seconds": 0.5}, None, ["bad", None, "good", None, "bad", "good"]),
        ({"outcome": "FAILURE", "seconds": 0.5}, 0.9, ["bad", "bad", "good", "bad", "bad", "good"]),
        ({"seconds": 10}, 0.5, [None, None, None, None, "good", None]),
    ],
    ids=["both say bad", "a tie", "two against one of weight three", "nobody votes"],
)
def test_weak_labels_vote(
    load: Load, event: Event, score: float | None, expected: list[str | None]
) -> None:
    project = load({"2024-03-15": [login("2024-03-15T01:00:00Z", session="s", **event)]})
    [row] = project.label_rows("verdicts", DAY, scores={"score": {(DAY, "s"): score}})
    assert list(row.values()) == ["s", *expected]
    assert list(row)[1:4] == ["failed__v1", "scored__v1", "quick__v1"]
    assert list(row)[4:] == ["plurality__v1", "assumed__v1", "weighted__v1"]
