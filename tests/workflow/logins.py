"""A project that uses the whole language at once, and random hostile events for it."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

Json = dict[str, object]

LOGIN: Json = {
    "name": "login",
    "event_name": "login",
    "fields": {
        "session": "session",
        "asn": "client:asn",
        "country": "client:country",
        "seconds": "seconds::float",
        "bytes": "bytes::bigint",
        "trusted": "trusted::boolean",
        "born": "born::date",
        "seen": "seen::timestamp",
        "chain": "client:chain",
        "chain_length": "",
        "hop": 'client:chain[1]:"odd key"',
        "is_failure": {"function": "$outcome = 'FAILURE'"},
        "outcome": {
            "default_version": 2,
            "versions": {
                "1": "outcome",
                "2": {"function": "@UPPER($outcome@1)"},
                "3": {"function": "@LOWER($outcome@1)", "retired": True},
            },
        },
    },
}
LOGIN["fields"]["chain_length"] = {"function": "@ARRAY_SIZE(@PARSE_JSON($chain))"}  # type: ignore[index]
FAILURE: Json = {
    "name": "failure",
    "event_name": "login",
    "id": "session",
    "where": "$is_failure AND NOT @COALESCE($trusted, FALSE)",
    "fields": {
        "asn": "client:asn::bigint",
        "outcome": "outcome",
        "trusted": "trusted::boolean",
        "is_failure": {"function": "@UPPER($outcome) = 'FAILURE'"},
    },
}
VERDICT: Json = {
    "name": "verdict",
    "event_name": "verdict",
    "fields": {"asn": "asn::bigint", "level": "level::float", "about": "session"},
}
ASN: Json = {
    "name": "asn",
    "granularity": "number",
    "granularity_type": "bigint",
    "period": ["daily", "weekly_by_day", "5d_by_day"],
    "groups": [
        {
            "features": {
                "verdicts_a_login": "$verdict_count / $login_count",
                "events_counted": "$verdict_count + $login_count",
                "doubled": {"versions": {"1": "$failure_rate@2 * 2", "2": "$failure_rate * 2"}},
            }
        },
        {
            "source": "login",
            "granularity_field": "asn",
            "features": {
                "login_count": "@COUNT(*)",
                "named_count": "@COUNT($country)",
                "trusted_count": "@COUNT_IF($trusted)",
                "trusted_sum": "@SUM($trusted)",
                "country_count": "@COUNT_DISTINCT($country)",
                "day_count": "@COUNT_DISTINCT($born)",
                "about_countries": "@APPROX_COUNT_DISTINCT($country)",
                "about_bytes": "@APPROX_COUNT_DISTINCT($bytes) FILTER (WHERE $is_failure)",
                "failed_country_count": "@COUNT_DISTINCT($country) FILTER (WHERE $is_failure)",
                "byte_sum": "@SUM($bytes)",
                "second_sum": "@SUM($seconds)",
                "byte_mean": "@AVG($bytes)",
                "second_mean": "@AVG($seconds)",
                "trusted_share": "@AVG($trusted)",
                "country_min": "@MIN($country)",
                "country_max": "@MAX($country)",
                "seen_max": "@MAX($seen)",
                "byte_min": "@MIN($bytes)",
                "second_spread": "@STDDEV($seconds)",
                "byte_variance": "@VARIANCE($bytes)",
                "any_trusted": "@BOOL_OR($trusted)",
                "all_trusted": "@BOOL_AND($trusted)",
                "first_country": "@FIRST($country)",
                "last_outcome": "@LAST($outcome@1)",
                "last_bytes": "@LAST($bytes) FILTER (WHERE $trusted)",
                "country_entropy": "@ENTROPY($country)",
                "country_mode": "@MODE($country)",
                "byte_mode": "@MODE($bytes)",
                "failed_bytes": "@SUM($bytes) FILTER (WHERE $is_failure)",
                "bytes_a_login": "@SUM($bytes) / @COUNT(*)",
                "weighted_count": "@COUNT(*) FILTER (WHERE $is_failure) * 2 + @COUNT($bytes) / 7",
                "count_and_one": "@COUNT(*) + 1",
                "newest": {"function": "@MAX($event_time)", "type": "timestamp"},
                "failure_count": {"function": "@SUM($is_failure)", "type": "bigint"},
                "failure_rate": {
                    "default_version": 1,
                    "versions": {
                        "1": {"function": "@DIVIDE($failure_count, $login_count)", "type": "float"},
                        "2": {"function": "($failure_count + 1) / ($login_count + 20)"},
                        "3": {"function": "$login_count", "retired": True},
                    },
                },
            },
        },
        {
            "source": "login",
            "granularity_field": "asn",
            "where": "$trusted OR $seconds > 5",
            "features": {"bold_count": "@COUNT(*)", "bold_mode": "@MODE($country)"},
        },
        {
            "source": "verdict",
            "granularity_field": "asn",
            "features": {
                "verdict_count": "@COUNT(*)",
                "worst": "@MAX($level)",
                "newest_verdict": "@LAST($event_id)",
                "about_count": "@COUNT_DISTINCT($about)",
                "sessions_about": "@APPROX_COUNT_DISTINCT($about) + 1",
                "late_weight": "@SUM($level) + $login_count",
            },
        },
        {
            "source": "failure",
            "granularity_field": "asn",
            "features": {"hard_count": "@COUNT(*)"},
        },
    ],
}
PLACE: Json = {
    "name": "place",
    "granularity": "value",
    "period": ["weekly_by_day"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "country",
            "features": {"asn_count": "@COUNT_DISTINCT($asn)", "usual_asn": "@MODE($asn)"},
        }
    ],
}
REQUEST: Json = {
    "name": "request",
    "granularity": "session_id",
    "granularity_type": "string",
    "groups": [
        {
            "features": {
                "is_bad": "$asn_weekly_failure_rate@2 > 0.04 OR $country_risk > 5",
                "growth": "$asn_weekly_login_count / $asn_5d_login_count",
            }
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "weekly_by_day"},
            "features": {
                "login_count": {},
                "failure_rate": {"default": 0.5},
                "failure_rate@2": {},
                "last_outcome": {"default": "none"},
                "byte_sum": {},
            },
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "5d_by_day"},
            "no_match": "zero",
            "features": [
                *("login_count", "country_count", "verdict_count", "byte_sum", "hard_count"),
                *("events_counted", "weighted_count", "count_and_one", "about_countries"),
                *("verdicts_a_login", "failure_rate@2", "bytes_a_login", "sessions_about"),
            ],
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "daily"},
            "features": {"last_bytes": {"default": -1}, "failed_bytes": {"default": 7}},
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "daily"},
            "as_of": "same_day",
            "prefix": "today_",
            "features": "*",
        },
        {
            "source": "login",
            "granularity_field": "session",
            "features": {
                "country": "@LOWER($country)",
                "hour": "@HOUR($event_time)",
                "home": "@UPPER($country)",
                "outcome_text": "$outcome@1",
            },
        },
        {
            "source": "countries",
            "granularity_match": {"field": "country"},
            "prefix": "country_",
            "features": "*",
        },
        {
            "source": "place",
            "granularity_match": {"field": "home", "period": "weekly_by_day"},
            "no_match": "zero",
            "features": "*",
        },
    ],
}
REVIEW: Json = {
    "name": "review",
    "granularity": "verdict_id",
    "groups": [
        {"source": "verdict", "granularity_field": "event_id", "features": {"level": "$level"}},
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "weekly_by_day"},
            "features": ["login_count"],
        },
    ],
}
VERDICTS: Json = {
    "name": "verdicts",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "crowded": {"when": "$asn_weekly_login_count > 3", "vote": "bad"},
        "late": {"when": "@HOUR($event_time) > 20", "vote": "bad"},
        "quick": {"function": "CASE WHEN $seconds < 1 THEN 'good' WHEN $seconds > 9 THEN 'x' END"},
        "known": {
            "default_version": 2,
            "versions": {
                "1": {"when": "$trusted", "vote": "good"},
                "2": {"when": "$trusted AND $country = 'de'", "vote": "good"},
            },
        },
    },
    "strong_labels": {
        "plurality": {"method": "plurality_vote"},
        "assumed": {"method": "plurality_vote", "ties": "bad", "default": "good"},
        "weighted": {"method": "weighted_vote", "weights": {"quick": 3, "failed": 0.5}},
        "most": {"method": "majority_vote", "ties": "bad"},
        "first": {"method": "priority_vote", "order": ["known", "late"]},
        "any": {"method": "any_vote", "vote": "good", "conflicts": "bad"},
        "all": {"method": "all_vote", "default": "good"},
        "learned": {"method": "label_model", "fit_days": 2, "default": "good"},
        "assured": {
            "method": "label_model",
            "fit_days": 1,
            "class_prior": {"good": 9, "bad": 1},
            "conflicts": "abstain",
        },
    },
}
COUNTRIES: Json = {
    "name": "countries",
    "source": "countries",
    "key": "code",
    "columns": {"code": "string", "risk": "bigint", "name": "string"},
}
COUNTRIES_CSV = "name,code,risk\nRussia,ru,9\nGermany,de,1\nagain,ru,0\nnobody,,3\nX,xx,abc\n"
"""A key that occurs twice, an empty key, and a cell that is no number."""

CONFIGS: Json = {
    "environments/local.json": {
        "name": "local",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "models"},
        "sources": {
            "events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 1},
            "countries": {"format": "csv", "path": "raw/countries.csv"},
        },
        "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
    },
    "events/all.json": [LOGIN, FAILURE, VERDICT],
    "features/all.json": [ASN, PLACE, REQUEST, REVIEW],
    "labels/verdicts.json": VERDICTS,
    "tables/countries.json": COUNTRIES,
}

ASNS = (1, 2, 2, 2, 3, "3", 4, "x", 5.5, True, None)
COUNTRY_NAMES = ("de", "ru", "RU", "xx", "", "zz", None, 7, ["de"])
SECONDS: tuple[object, ...] = (0, 0.5, 1, 5, 5.25, 9.5, "7.5", "soon", -3.125, 1e6, True, None, {})
BYTES = (0, 1, 1, 2, 2.7, "12", "12.0", 1 << 62, -(1 << 62), 1 << 63, "1e3", False, None, "many")
FLAGS = (True, True, False, "true", "FALSE", "yes", 1, 0, None, 2)
DATES = ("2024-01-01", "2024-02-30", "2024-01-01T23:59:59Z", "today", None, 20240101)
MOMENTS = (
    "2024-01-01T00:00:00Z",
    "2024-01-01 00:00:00.1234567",
    "2024-01-01T01:00:00+01:00",
    "9999-12-31T23:59:59Z",
    "infinity",
    None,
)
CHAINS: tuple[object, ...] = (
    [{"ip": "a"}, {"odd key": "b"}],
    [],
    [1, 2.5, None],
    {"a": [1]},
    "[1,2",
    None,
    "x",
)
OUTCOMES = ("failure", "FAILURE", "Success", None, "")


def random_files(chance: Random, days: Sequence[date], a_day: int) -> dict[date, list[Json | str]]:
    """Give the raw lines of each file: hostile values, duplicates, late events, broken lines."""
    files: dict[date, list[Json | str]] = {day: [] for day in days}
    for day in days:
        for n in range(chance.choice([a_day // 2, a_day, 0 if chance.random() < 0.2 else a_day])):
            event = _event(chance, day, n)
            file = day + timedelta(days=chance.random() < 0.15)
            if file in files:
                files[file].append(event)
            if chance.random() < 0.1:
                again = {**event, "outcome": chance.choice(OUTCOMES), "bytes": 99}
                files[day].append(again)
        files[day] += chance.sample(_broken(day), 2)
    for lines in files.values():
        chance.shuffle(lines)
    return files


def _event(chance: Random, day: date, n: int) -> Json:
    # Times are all different where there is no id: nothing else says which event was first.
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    moment += timedelta(seconds=chance.choice([0, 86399, 3600 * (n % 24)]), milliseconds=n)
    common: Json = {
        "at": _written(chance, moment),
        "session": chance.choice([f"s{n % 20}", n, None]),
    }
    if chance.random() < 0.2:
        verdict = {"kind": "verdict", "id": f"v{n}", "asn": chance.choice(ASNS)}
        return {**common, **verdict, "level": chance.choice(SECONDS)}
    client = {"asn": chance.choice(ASNS), "country": chance.choice(COUNTRY_NAMES)}
    return {
        **common,
        "kind": chance.choice(["login"] * 9 + ["logout", None]),
        "id": chance.choice([f"{day}-{n}", f"{day}-{n}", n, None]),
        "client": {**client, "chain": chance.choice(CHAINS)},
        "seconds": chance.choice(SECONDS),
        "bytes": chance.choice(BYTES),
        "trusted": chance.choice(FLAGS),
        "born": chance.choice(DATES),
        "seen": chance.choice(MOMENTS),
        "outcome": chance.choice(OUTCOMES),
    }


def _written(chance: Random, moment: datetime) -> str:
    """Write one moment in one of the ways of ISO 8601."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}"
    west = (moment - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S.")
    west += f"{moment.microsecond // 1000:03}-05:00"
    return chance.choice([text + "Z", text, text.replace("T", " ") + "+00", west])


def _broken(day: date) -> list[Json | str]:
    return [
        "",
        "{",
        "[1]",
        '{"kind": "login", "kind": "login"}',
        json.dumps({"kind": "login", "at": "redacted", "id": "r"}),
        json.dumps({"kind": "login", "id": "no time"}),
        json.dumps({"kind": "login", "at": str(day - timedelta(days=2)), "id": "too late"}),
        json.dumps({"kind": "verdict", "at": str(day + timedelta(days=3)), "id": "too early"}),
    ]
