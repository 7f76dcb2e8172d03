import math
from collections import defaultdict
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import hand, ours
from benchmarks.case import Bench
from benchmarks.events import START, Traffic

TRAFFIC = Traffic(events_per_day=60, entities=4, days=4)
DAY = START + timedelta(days=3)
SPAN = 7
FEATURES = tuple(hand.COLUMNS)


def naive(rows: list[dict[str, object]]) -> dict[str, object]:
    seconds = [row["seconds"] for row in rows]
    mean = sum(seconds) / len(seconds)
    squares = sum((value - mean) ** 2 for value in seconds)
    failed = [row["bytes"] for row in rows if row["is_failure"]]
    return {
        "event_count": len(rows),
        "failure_count": len(failed),
        "bytes_sum": sum(row["bytes"] for row in rows),
        "seconds_mean": mean,
        "bytes_max": max(row["bytes"] for row in rows),
        "seconds_spread": math.sqrt(squares / (len(rows) - 1)) if len(rows) > 1 else None,
        "address_count": len({row["address"] for row in rows}),
        "user_count": len({row["user"] for row in rows}),
        "failed_bytes": sum(failed) if failed else None,
    }


def test_the_sql_by_hand_is_what_plain_loops_count(tmp_path: Path) -> None:
    bench = Bench(tmp_path, scale=0.001)
    statements = hand.windows(
        lambda found: ours.event_lake(found, "hand", TRAFFIC), [SPAN], lambda _: [DAY], FEATURES
    )
    first = DAY - timedelta(days=bench.window(SPAN) - 1)
    by_entity: dict[int, list[dict[str, object]]] = defaultdict(list)
    for day in TRAFFIC.dates:
        for row in TRAFFIC.day(day).to_pylist():
            if first <= row["event_time"].date() <= DAY:
                by_entity[row["number"]].append(row)

    hand.copying(statements)(bench, tmp_path / "run")()

    (path,) = hand.copied(hand.window_titles([SPAN], lambda _: [DAY]))(
        bench, tmp_path / "run"
    ).values()
    found = {row.pop("network_number"): row for row in pq.read_table(path).to_pylist()}
    assert found.keys() == by_entity.keys()
    for entity, rows in by_entity.items():
        assert found[entity] == pytest.approx(naive(rows))


def test_the_events_of_a_day_do_not_depend_on_the_other_days() -> None:
    longer = Traffic(events_per_day=60, entities=4, days=40)

    assert TRAFFIC.day(date(2024, 1, 3)) == longer.day(date(2024, 1, 3))
