"""A small project that uses most of the language once, as the JSON of its files."""

LOGIN = {
    "name": "login",
    "event_name": "login",
    "fields": {
        "session": "session",
        "asn": "client:asn",
        "country": "client:country",
        "seconds": "seconds::float",
        "is_failure": {"function": "$outcome = 'FAILURE'"},
        "outcome": {
            "default_version": 2,
            "versions": {"1": "outcome", "2": {"function": "@UPPER($outcome@1)"}},
        },
    },
}
VERDICT = {"name": "verdict", "event_name": "verdict", "fields": {"asn": "asn::bigint"}}
ASN = {
    "name": "asn",
    "granularity": "number",
    "granularity_type": "bigint",
    "period": ["daily", "weekly_by_day", "14d_by_day"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "asn",
            "features": {
                "login_count": "@COUNT(*)",
                "failure_count": {"function": "@SUM($is_failure)", "type": "bigint"},
                "failure_rate": {
                    "default_version": 1,
                    "versions": {
                        "1": {"function": "@DIVIDE($failure_count, $login_count)"},
                        "2": {"function": "($failure_count + 1) / ($login_count + 20)"},
                        "3": {"function": "1", "retired": True},
                    },
                },
            },
        },
        {
            "source": "verdict",
            "granularity_field": "asn",
            "features": {
                "verdict_count": "@COUNT(*)",
                "newest_verdict": "@LAST($event_id)",
                "verdicts_a_login": "$verdict_count / $login_count",
            },
        },
    ],
}
REQUEST = {
    "name": "request",
    "granularity": "session_id",
    "groups": [
        {"features": {"is_bad_place": "$asn_weekly_failure_rate@2 > 0.04 OR $country_risk > 5"}},
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "weekly_by_day"},
            "no_match": "zero",
            "features": {"login_count": {}, "failure_rate@2": {"default": -1}, "failure_rate": {}},
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
            "features": {"country": "@LOWER($country)", "asn_text": "$asn"},
        },
        {
            "source": "countries",
            "granularity_match": {"field": "country"},
            "prefix": "country_",
            "features": "*",
        },
        {"source": "scorer", "features": ["score"], "prefix": ""},
    ],
}
PLACES = {
    "name": "place",
    "granularity": "country",
    "period": ["weekly_by_day"],
    "groups": [
        {
            "source": "request",
            "granularity_field": "country",
            "where": "$asn_weekly_login_count > 0",
            "features": {"requests": "@COUNT(*)", "worst": "@MAX($score)"},
        }
    ],
}
LABELS = {
    "name": "verdicts",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "scored": {"when": "$score > 0.5", "vote": "bad"},
        "quick": {"function": "CASE WHEN $seconds < 1 THEN 'good' WHEN $seconds > 9 THEN 'x' END"},
    },
    "strong_labels": {
        "plurality": {"method": "plurality_vote"},
        "assumed": {"method": "plurality_vote", "ties": "bad", "default": "good"},
        "weighted": {"method": "weighted_vote", "weights": {"quick": 3}},
    },
}
CONFIGS = {
    "project.json": {"name": "test", "start_date": "2024-03-01"},
    "environments/local.json": {
        "name": "local",
        "sources": {
            "events": {"format": "json", "path": "raw/{date}*.jsonl*"},
            "countries": {"format": "csv", "path": "raw/countries.csv"},
        },
        "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
    },
    "events/all.json": [LOGIN, VERDICT],
    "features/all.json": [ASN, REQUEST, PLACES],
    "labels/verdicts.json": LABELS,
    "models/scorer.json": {"name": "scorer", "output_features": ["score"]},
    "tables/countries.json": {
        "name": "countries",
        "source": "countries",
        "key": "code",
        "columns": {"code": "string", "risk": "bigint"},
    },
}

COUNTRIES = "code,risk\nru,9\nde,1\nru,0\nxx,\n"
"""The raw file of the table: a key that occurs twice, and an empty cell."""
