import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest

from fig_assets.sample.batch import KINDS, MALICIOUS_KINDS
from tests.sample.reading import DAYS, Log, at, leaves

CONFIGS = Path(__file__).parents[2] / "configs"
SHIPPED = json.loads((CONFIGS / "events" / "user_session_start.json").read_text(encoding="utf-8"))
PATHS = {
    name: field["json"].split("::")[0]
    for name, field in SHIPPED["fields"].items()
    if "json" in field
}
# Which address an attack came from yesterday says much about today: windows live of that.
ADDRESS_PATHS = (":client:ip_address", ":client:ip_chain[0]:ip", ":metadata:ip_metadata:key")


def starts(log: Log) -> list[dict]:
    events = [event for day in DAYS for event in log.days[day]]
    return [event for event in events if event["event_name"] == "user.session.start"]


@pytest.mark.parametrize("field", PATHS)
def test_each_field_of_the_shipped_event_is_in_the_log(log: Log, field: str) -> None:
    values = [at(event, PATHS[field]) for event in starts(log)]

    known = [value for value in values if value is not None]
    assert len(known) > 0.05 * len(values)
    assert len({json.dumps(value) for value in known}) > 1


def test_most_events_are_starts_of_sessions_and_some_are_not(log: Log) -> None:
    names = Counter(event["event_name"] for events in log.days.values() for event in events)
    total = names.total()

    assert set(names) == {
        "user.session.start",
        "user.session.end",
        "user.authentication.verify",
    }
    assert names["user.session.start"] > 0.85 * total
    assert min(names.values()) > 0.02 * total


def test_the_end_of_a_session_names_a_session_that_started(log: Log) -> None:
    session = "authentication_context:external_session_id"
    begun = {at(event, session) for event in starts(log)}
    ended = [e for e in log.days[DAYS[1]] if e["event_name"] == "user.session.end"]

    assert {at(event, session) for event in ended} <= begun


@pytest.mark.parametrize(
    "path",
    [
        "metadata",
        "metadata:ip_metadata",
        "metadata:ip_metadata:value",
        "client:geographical_context",
        "client:device",
        "client:user_agent:raw_user_agent",
        "security_context:as_number",
        "debug_context:debug_data:threat_suspected",
        "actor:display_name",
    ],
)
def test_objects_and_values_are_missing_in_a_few_events(log: Log, path: str) -> None:
    missing = np.array([at(event, path) is None for event in starts(log)])

    assert 0 < missing.mean() < 0.1


def test_no_organisation_is_ever_missing(log: Log) -> None:
    assert all(event["org_id"] for events in log.days.values() for event in events)


def test_addresses_are_used_unevenly_as_in_a_real_log(log: Log) -> None:
    counts = Counter(at(event, "client:ip_address") for event in starts(log))
    sizes = np.array(sorted(counts.values(), reverse=True))

    assert sizes[: len(sizes) // 50].sum() > 0.25 * sizes.sum()
    assert (sizes == 1).mean() > 0.3
    ranks = np.arange(1, 201)
    slope = np.polyfit(np.log(ranks), np.log(sizes[:200]), 1)[0]
    assert -1.6 < slope < -0.4


def test_some_networks_have_numbers_above_31_bits(log: Log) -> None:
    numbers = [at(event, "security_context:as_number") for event in starts(log)]
    large = [number for number in numbers if number is not None and number > 2**31]

    assert 0.01 < len(large) / len(numbers) < 0.4
    assert max(large) < 2**32


def test_people_work_in_the_day_of_where_they_are(log: Log) -> None:
    hours = Counter(
        int(event["published"][11:13])
        for event in starts(log)
        if at(event, "client:geographical_context:country") == "US"
        and log.kinds.get(event["uuid"]) == "office"
    )

    assert sum(hours[hour] for hour in range(12, 23)) > 0.75 * hours.total()


def test_every_kind_of_traffic_happens(log: Log) -> None:
    assert set(log.kinds.values()) == set(KINDS)
    hidden = {kind for event, kind in log.kinds.items() if log.malicious[event]}
    assert hidden == set(MALICIOUS_KINDS)


def test_ids_are_random_for_honest_and_hidden_events_alike(log: Log) -> None:
    for path in ("uuid", "authentication_context:external_session_id"):
        for position in range(24):
            letters: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
            for event in starts(log):
                if event["uuid"] in log.malicious and (text := at(event, path)):
                    letters[log.malicious[event["uuid"]]][str(text)[position]] += 1
            common = set(letters[True]) - set(letters[False])
            assert not common


@pytest.mark.parametrize(
    "path",
    [
        "security_context:as_number",
        "client:geographical_context:country",
        "client:user_agent:raw_user_agent",
        "client:device",
        "outcome:result",
        "outcome:reason",
        "request:http_headers:accept",
        "request:http_headers:accept-language",
        "debug_context:debug_data:device_token_type",
        "debug_context:debug_data:threat_suspected",
        "metadata:ip_metadata:value:proxy_type",
        "org_id",
    ],
)
def test_what_attacks_look_like_honest_people_look_like_too(log: Log, path: str) -> None:
    seen: dict[bool, Counter[object]] = {False: Counter(), True: Counter()}
    for event in starts(log):
        if event["uuid"] in log.malicious:
            seen[log.malicious[event["uuid"]]][at(event, path)] += 1

    shared = sum(count for value, count in seen[True].items() if seen[False][value])
    assert shared > 0.95 * seen[True].total()


def test_half_of_the_attacks_come_from_addresses_that_honest_people_use(log: Log) -> None:
    seen: dict[bool, Counter[object]] = {False: Counter(), True: Counter()}
    for event in starts(log):
        if event["uuid"] in log.malicious:
            seen[log.malicious[event["uuid"]]][at(event, "client:ip_address")] += 1

    shared = sum(count for value, count in seen[True].items() if seen[False][value])
    assert shared > 0.5 * seen[True].total()


def best_f1(scores: np.ndarray, truth: np.ndarray) -> float:
    """The best F1 of any threshold on `scores`."""
    order = np.argsort(-scores, kind="stable")
    found = np.cumsum(truth[order])
    last = np.append(np.diff(scores[order]) != 0, [True])
    return float((2 * found / (np.arange(1, len(truth) + 1) + truth.sum()))[last].max())


def test_no_threshold_and_no_list_of_values_of_one_field_finds_the_attacks(log: Log) -> None:
    """Give each field the best chance: the truth about the days before, value by value."""
    rows = {
        day: [(dict(leaves(e)), log.malicious[e["uuid"]]) for e in log.days[day]
              if e["uuid"] in log.malicious]
        for day in DAYS
    }  # fmt: skip
    paths = {path for seen in rows.values() for event, _ in seen for path in event}
    truth = np.array([hidden for _, hidden in rows[DAYS[2]]], dtype=np.float64)

    for path in paths:
        counts: dict[object, list[float]] = defaultdict(lambda: [0.03, 1.0])
        for event, hidden in rows[DAYS[0]] + rows[DAYS[1]]:
            entry = counts[event.get(path, "absent")]
            entry[0] += hidden
            entry[1] += 1
        values = [event.get(path, "absent") for event, _ in rows[DAYS[2]]]
        listed = np.array([counts[value][0] / counts[value][1] for value in values])
        size = np.array([
            float(value) if isinstance(value, int | float) else float(len(str(value)))
            for value in values
        ])  # fmt: skip
        limit = 0.85 if path in ADDRESS_PATHS else 0.65
        assert best_f1(listed, truth) < limit, path
        assert max(best_f1(size, truth), best_f1(-size, truth)) < 0.6, path
