"""A project as large as that of the talk: 450 features in windows and rows, six models."""

from collections.abc import Mapping

from benchmarks.payloads import FIELDS
from benchmarks.projects import Files, Json, imported

KEYS = {
    "network": "as_number",
    "address": "ip_address",
    "person": "email",
    "agent": "user_agent",
    "place": "city",
    "organisation": "as_org",
}
PERIODS = ("weekly_by_day", "monthly_by_day")
AGGREGATES = {
    "login_count": "@COUNT(*)",
    "failure_count": "@COUNT_IF($is_failure)",
    "address_count": "@COUNT_DISTINCT($ip_address)",
    "person_count": "@COUNT_DISTINCT($email)",
    "agent_count": "@COUNT_DISTINCT($user_agent)",
    "city_count": "@COUNT_DISTINCT($city)",
    "risk_sum": "@SUM($risk)",
    "risk_mean": "@AVG($risk)",
    "risk_max": "@MAX($risk)",
    "risk_spread": "@STDDEV($risk)",
    "step_sum": "@SUM($step)",
    "proxy_count": "@COUNT_IF($is_proxy)",
    "last_reason": "@LAST($reason)",
}
COMPUTED = {
    "failure_rate": "@DIVIDE($failure_count, $login_count)",
    "smooth_rate": "($failure_count + 1) / ($login_count + 20)",
    "per_address": "@DIVIDE($login_count, $address_count)",
}
OWN = ("country", "city", "latitude", "longitude", "os", "browser", "device", "risk", "step")
COMPARED = ("login_count", "failure_rate", "risk_mean", "risk_max", "address_count", "step_sum")


def project(families: int = len(KEYS)) -> Files:
    """Return the project: 192 features of windows, rows that join them all, and six models.

    With fewer `families` there are fewer windows, joins and models.
    """
    keys = dict(list(KEYS.items())[:families])
    fields = {**FIELDS, "is_failure": {"function": "$outcome = 'FAILURE'"}}
    files = imported(fields)
    for family, field in keys.items():
        files[f"features/{family}.json"] = _family(family, field)
    files["features/request.json"] = _rows(keys)
    files["labels/verdict.json"] = _labels()
    for place, family in enumerate(keys):
        files[f"models/{family}_scorer.json"] = _model(family, place)
    return files


def _family(family: str, field: str) -> Json:
    kind = "bigint" if field == "as_number" else "string"
    group = {
        "source": "sign_in",
        "granularity_field": field,
        "features": {**AGGREGATES, **COMPUTED},
    }
    key: Json = {"name": family, "granularity": f"{family}_key", "granularity_type": kind}
    return {**key, "period": list(PERIODS), "groups": [group]}


def _rows(keys: Mapping[str, str]) -> Json:
    own: Json = {name: f"${name}" for name in (*OWN, "is_failure", *KEYS.values())}
    groups: list[Json] = [
        {"source": "sign_in", "granularity_field": "session_id", "features": own},
    ]
    made: Json = {}
    for family, field in keys.items():
        for period in PERIODS:
            match = {"field": field, "period": period}
            groups.append({"source": family, "granularity_match": match, "features": "*"})
        for place, name in enumerate(COMPARED):
            weekly, monthly = f"${family}_weekly_{name}", f"${family}_monthly_{name}"
            made[f"{family}_{name}_lift"] = f"{weekly} / {monthly}"
            if place % 2:
                made[f"{family}_{name}_seen"] = f"@COALESCE({weekly}, 0) > 3 AND $risk > 0.5"
    groups.append({"features": made})
    name: Json = {"name": "request", "granularity": "session", "granularity_type": "string"}
    return {**name, "groups": groups}


def _labels() -> Json:
    weak: Json = {
        "risky": {"when": "$risk > 0.9 AND $is_failure", "vote": "malicious"},
        "steps": {"when": "$step = 2 AND $risk > 0.95", "vote": "malicious"},
        "calm": {"when": "$risk < 0.3", "vote": "legitimate"},
    }
    strong = {"verdict": {"method": "plurality_vote", "default": "legitimate"}}
    name: Json = {"name": "verdict", "family": "request", "classes": ["legitimate", "malicious"]}
    return {**name, "weak_labels": weak, "strong_labels": strong}


def _model(family: str, place: int) -> Json:
    names = [f"{family}_{period}_{name}" for period in ("weekly", "monthly") for name in COMPARED]
    names += [f"{family}_{name}_lift" for name in COMPARED]
    return {
        "name": f"{family}_scorer",
        "training_delay_delta_days": 3,
        "training_time_delta_days": 3 + place % 3,
        "allow_incomplete": True,
        "input_features": [{"family_name": "request", "feature_names": {"all": names}}],
        "truth_label": {"source": "verdict", "name": "verdict"},
        "output_features": ["threat"],
        "retrain": {"every_days": 7},
    }
