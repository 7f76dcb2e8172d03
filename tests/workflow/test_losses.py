from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from fig_assets.workflow.run import OpResult, run_op
from tests.workflow.logins import CONFIGS, random_files
from tests.workflow.projects import days_from, write_project

PATHS: dict[str, object] = {
    "session": "session",
    "asn": "client:asn",
    "country": "client:country",
    "seconds": "seconds::float",
    "whole_seconds": {"json": "seconds::float", "type": "bigint"},
    "bytes": "bytes::bigint",
    "trusted": "trusted::boolean",
    "born": "born::date",
    "seen": "seen::timestamp",
    "chain": "client:chain",
}
FUNCTIONS = {
    "hops": "@ARRAY_SIZE($chain)",
    "rate": "$bytes / $seconds",
    "rest": "@MOD($bytes, $whole_seconds)",
    "doubled": "$bytes + $bytes - 1",
    "negative": "-($bytes * 4)",
    "logarithm": "@LN($seconds)",
    "guarded": "CASE WHEN $seconds = 0 THEN 0 WHEN $asn > 2 THEN $bytes / $seconds END",
    "either": "@COALESCE($asn::bigint, $whole_seconds, $country::bigint, -1)",
    "both": "$asn::bigint = 2 OR $bytes / $seconds > 1",
    "listed": "$asn IN (1, 2, 5.5)",
    "ranged": "$asn BETWEEN 1 AND 3",
    "switch": "CASE $asn WHEN 2 THEN $country::float WHEN 3 THEN 1 ELSE @LN($bytes) END",
    "chosen": "@IF($trusted, $asn::boolean, $country::boolean)",
    "date_of": "@DATE($country)",
    "away": "@TIMESTAMP_DIFF('microsecond', $seen, $event_time)",
    "harmless": "@NULLIF($country, 'de') || @REGEXP_EXTRACT($country, 'r.')",
    "part": "@SPLIT_PART($country, 'e', $bytes)",
    "power": "@POWER($seconds, 0.5) + @EXP($bytes)",
}
CONVERTED = {
    "as_number": {"function": "$asn", "type": "bigint"},
    "hop": {"function": "@GET(@PARSE_JSON($chain), 0)", "type": "float"},
    "parsed": {"function": "@PARSE_JSON($chain)", "type": "string"},
    "root": {"function": "@SQRT($seconds) * 1000", "type": "bigint"},
}
LOGIN = {
    "name": "login",
    "event_name": "login",
    "fields": {
        **PATHS,
        **{name: {"function": text} for name, text in FUNCTIONS.items()},
        **CONVERTED,
    },
}
ASN = {
    "name": "asn",
    "granularity": "number",
    "granularity_type": "bigint",
    "period": ["daily", "3d_by_day"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "asn",
            "where": "$country IS NOT NULL",
            "features": {
                "login_count": "@COUNT(*)",
                "byte_sum": "@SUM($bytes)",
                "text_sum": "@SUM($country::bigint)",
                "root_mean": "@AVG(@SQRT($seconds))",
                "spread": "@STDDEV($seconds)",
                "huge": "@SUM($seconds * 1e302)",
                "huge_mean": "@AVG($seconds * 1e302)",
                "different": "@COUNT_DISTINCT($country::bigint)",
                "quick": "@COUNT(*) FILTER (WHERE $bytes / $seconds > 1)",
                "some": "@SUM(1 / $seconds) FILTER (WHERE $trusted)",
                "per_login": {"function": "@SUM($bytes) / @MIN($bytes)", "type": "bigint"},
                "rate": {"function": "@SUM($bytes) / $login_count", "type": "bigint"},
                "inherits_nothing": "$text_sum + 1",
                "last_root": "@LAST(@SQRT($seconds))",
            },
        },
        {
            "source": "verdict",
            "granularity_field": "asn",
            "features": {"level": "@SUM($level::bigint)", "verdict_count": "@COUNT(*)"},
        },
        {"features": {"share": "$login_count / $verdict_count", "plain": "$login_count * 1.0"}},
    ],
}
VERDICT = {
    "name": "verdict",
    "event_name": "verdict",
    "fields": {"asn": "asn::bigint", "level": "level"},
}
REQUEST = {
    "name": "request",
    "granularity": "session_id",
    "groups": [
        {
            "source": "login",
            "granularity_field": "session",
            "features": {
                "asn": "$asn",
                "asn_number": {"function": "$asn", "type": "bigint"},
                "asn_twice": "$asn_number * 2",
                "rate": {"function": "$bytes / $seconds", "type": "bigint"},
            },
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "daily"},
            "features": ["byte_sum", "text_sum"],
        },
        {"features": {"share": "$asn_daily_byte_sum / $rate", "near": "@LN($asn_daily_byte_sum)"}},
    ],
}
LABELS = {
    "name": "verdicts",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {
        "fast": {"when": "$bytes / $seconds > 1", "vote": "bad"},
        "odd": {"function": "CASE WHEN $asn::bigint % 2 = 1 THEN 'bad' ELSE $country END"},
        "sure": {"when": "$asn IS NULL", "vote": "good"},
    },
    "strong_labels": {"plurality": {"method": "plurality_vote"}},
}
FILES = {
    "environments/local.json": CONFIGS["environments/local.json"],
    "events/all.json": [LOGIN, VERDICT],
    "features/all.json": [ASN, REQUEST],
    "labels/all.json": LABELS,
}


def lost_on(results: Mapping[str, OpResult], kind: str, owner: str, day: date) -> dict[str, int]:
    """Give, by column, the losses that ops told of one day."""
    return {
        key[-1]: facts.lost
        for result in results.values()
        if result.op.kind == kind and owner in {result.op.owner, "/".join(result.op.keys[0][1:3])}
        for key, facts in result.days[day].facts.items()
    }


def only_lost(found: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in found.items() if count}


@settings(
    max_examples=2,
    derandomize=True,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(chance=st.randoms(use_true_random=True))
def test_losses_are_those_of_the_plain_reading(
    tmp_path_factory: pytest.TempPathFactory, chance: Random
) -> None:
    days = days_from("2024-03-01", 3)
    project = write_project(tmp_path_factory.mktemp("losses"), FILES, start="2024-03-01")
    (project.root / "raw" / "countries.csv").write_text("code\n")
    for day, lines in random_files(chance, days, 40).items():
        project.write(day, lines)

    results = project.run(days)

    oracle = project.oracle()
    for day in days[1:]:
        for event in ("login", "verdict"):
            expected = only_lost(oracle.event_losses(event, day))
            assert only_lost(lost_on(results, "event", event, day)) == expected
        for period in ("daily", "3d_by_day"):
            expected = only_lost(oracle.window_losses("asn", period, day))
            assert only_lost(lost_on(results, "window", f"asn/{period}", day)) == expected
        expected = only_lost(oracle.request_losses("request", day))
        assert only_lost(lost_on(results, "row", "request", day)) == expected
        expected = only_lost(oracle.label_losses("verdicts", day))
        assert only_lost(lost_on(results, "label", "verdicts", day)) == expected


def test_a_scoped_write_counts_too_and_stores_no_flag(tmp_path: Path) -> None:
    [day] = days = days_from("2024-03-01", 1)
    project = write_project(tmp_path, FILES, start="2024-03-01")
    common = {"kind": "login", "at": f"{day}T10:00:00Z", "client": {"asn": 1}}
    values = [("1", 2), ("x", 0), (None, 0.0)]
    project.write(
        day,
        [
            {**common, "id": n, "session": n, "bytes": b, "seconds": s}
            for n, (b, s) in enumerate(values)
        ],
    )
    project.run(days)
    before = project.files()
    [op] = project.ops("event", owner="login")
    key = ("events", "login", "bytes__v1")

    result = run_op(project.workspace, op, days, [key])

    assert {k: facts.lost for k, facts in result.days[day].facts.items()} == {key: 1}
    names = project.rows("events/login", day)[0]
    assert not [name for name in names if name.startswith("lost")]
    assert project.files().keys() == before.keys()
