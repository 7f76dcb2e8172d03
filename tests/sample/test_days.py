import gzip
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from fig_assets.sample import write_days
from tests.sample.reading import DAYS, EVENTS_PER_DAY, SEED, Log, events_in, lines_in


@pytest.mark.parametrize(
    ("start", "end"),
    [(DAYS[1], DAYS[1]), (DAYS[0], DAYS[1]), (DAYS[1], DAYS[2])],
    ids=["alone", "as the last day", "as the first day"],
)
def test_a_day_has_the_same_bytes_in_any_range(
    log: Log, tmp_path: Path, start: date, end: date
) -> None:
    write_days(tmp_path, start, end, events_per_day=EVENTS_PER_DAY, seed=SEED)

    for name in (f"events/{DAYS[1]}.jsonl.gz", f"truth/{DAYS[1]}.csv", "as_registry.csv"):
        assert (tmp_path / name).read_bytes() == (log.folder / name).read_bytes()


def test_another_seed_makes_another_log(log: Log, tmp_path: Path) -> None:
    write_days(tmp_path, DAYS[0], DAYS[0], events_per_day=EVENTS_PER_DAY, seed=SEED + 1)

    mine = set(lines_in(tmp_path / "events" / f"{DAYS[0]}.jsonl.gz"))
    assert not mine & set(lines_in(log.folder / "events" / f"{DAYS[0]}.jsonl.gz"))


def test_it_counts_its_lines_and_tells_each_day(tmp_path: Path) -> None:
    told: list[tuple[date, int]] = []

    total = write_days(
        tmp_path,
        DAYS[0],
        DAYS[1],
        events_per_day=500,
        seed=1,
        on_day=lambda day, lines: told.append((day, lines)),
    )

    written = [(d, len(lines_in(tmp_path / "events" / f"{d}.jsonl.gz"))) for d in DAYS[:2]]
    assert told == written
    assert total == sum(lines for _, lines in written)


def test_a_week_has_about_as_many_lines_as_asked_and_a_quiet_weekend(tmp_path: Path) -> None:
    counts: dict[date, int] = {}
    monday = date(2026, 10, 5)

    total = write_days(
        tmp_path,
        monday,
        monday + timedelta(days=6),
        events_per_day=1000,
        seed=1,
        on_day=counts.__setitem__,
    )

    assert total == pytest.approx(7000, rel=0.04)
    assert counts[date(2026, 10, 10)] < 0.65 * counts[date(2026, 10, 7)]


def test_a_few_events_arrive_a_day_late_and_none_later(log: Log) -> None:
    for day, events in log.days.items():
        ages = [(day - date.fromisoformat(event["published"][:10])).days for event in events]
        assert set(ages) == {0, 1}
        assert 0.001 < sum(ages) / len(ages) < 0.01


def test_a_few_events_arrive_twice(log: Log) -> None:
    for events in log.days.values():
        again = len(events) - len({event["uuid"] for event in events})
        assert 0 < again < 0.005 * len(events)


def test_some_late_events_had_been_there_on_time(log: Log) -> None:
    first = {event["uuid"] for event in log.days[DAYS[0]]}
    second = {event["uuid"] for event in log.days[DAYS[1]]}

    assert first & second


def test_the_truth_of_a_day_names_every_event_of_that_day(log: Log) -> None:
    for event in (event for events in log.days.values() for event in events):
        if event["published"][:10] >= DAYS[0].isoformat():
            assert event["uuid"] in log.kinds


def test_no_raw_line_tells_what_is_hidden(log: Log) -> None:
    words = ("malicious", "legitimate", "stuffing", "spraying", "brute", "attack", "campaign")

    for events in log.days.values():
        text = json.dumps(events).lower()
        assert not [word for word in words if word in text]


def test_two_to_four_percent_of_the_sign_ins_are_malicious(log: Log) -> None:
    for day in DAYS:
        known = [log.malicious[e["uuid"]] for e in log.days[day] if e["uuid"] in log.malicious]
        assert 0.015 < sum(known) / len(known) < 0.045


def test_gzip_files_carry_no_time_and_no_name(log: Log) -> None:
    head = (log.folder / "events" / f"{DAYS[0]}.jsonl.gz").read_bytes()[:10]

    assert head[:2] == b"\x1f\x8b"
    assert head[3] == 0
    assert head[4:8] == bytes(4)


def test_nothing_unfinished_is_left_in_the_folder(log: Log) -> None:
    names = sorted(path.name for path in (log.folder / "events").iterdir())

    assert names == [f"{day}.jsonl.gz" for day in DAYS]


def test_a_file_is_replaced_by_a_second_run(tmp_path: Path) -> None:
    target = tmp_path / "events" / f"{DAYS[0]}.jsonl.gz"
    target.parent.mkdir()
    target.write_bytes(gzip.compress(b"old"))

    lines = write_days(tmp_path, DAYS[0], DAYS[0], events_per_day=200, seed=1)

    assert len(events_in(target)) == lines


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"end": DAYS[0] - timedelta(days=1)}, "the last day 2026-10-04 lies before the first"),
        ({"events_per_day": 99}, "events_per_day is 99; the least is 100"),
        ({"seed": -1}, "seed is -1; it must not be negative"),
    ],
    ids=["days in the wrong order", "too few events", "a negative seed"],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    asked = {"start": DAYS[0], "end": DAYS[0], "events_per_day": 100, "seed": 0, **change}

    with pytest.raises(ValueError, match=message):
        write_days(tmp_path, **asked)
