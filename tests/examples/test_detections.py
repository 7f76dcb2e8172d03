"""Public detections for identity logs: each fires on exactly the entries it should."""

import csv
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workflow.projects import Project, days_from
from tests.workflow.test_oracle import assert_equal_to_oracle

DETECTIONS = Path(__file__).parents[2] / "examples" / "detections"
OKTA = Path(__file__).parents[1] / "data" / "okta" / "okta_events_apache2.jsonl"
DAYS = days_from("2026-03-01", 3)
KINDS = ("raw", "event", "states", "window", "row", "label")
Entry = dict[str, Any]


def at(entry: object, *path: str) -> Any:
    for step in path:
        entry = entry.get(step) if isinstance(entry, dict) else None
    return entry


def targets(entry: Entry, key: str) -> list[str]:
    found = at(entry, "target")
    return [t[key] for t in found if t.get(key)] if isinstance(found, list) else []


def is_type(*kinds: str) -> Callable[[Entry], bool]:
    return lambda entry: entry["eventType"] in kinds


def succeeded(*kinds: str) -> Callable[[Entry], bool]:
    return lambda entry: entry["eventType"] in kinds and at(entry, "outcome", "result") == "SUCCESS"


def from_new_place(entry: Entry) -> bool:
    debug = at(entry, "debugContext", "debugData")
    listed = set(at(debug, "behaviors") or ())
    kept = at(debug, "logOnlySecurityData", "behaviors")
    return {"New Device=POSITIVE", "New IP=POSITIVE"} <= listed or (
        at(kept, "New Device") == "POSITIVE" and at(kept, "New IP") == "POSITIVE"
    )


def sprays(entry: Entry) -> bool:
    text = at(entry, "debugContext", "debugData", "threatDetections")
    return bool(text) and json.loads(text).get("Password Spray") == "HIGH"


RULES: dict[str, Callable[[Entry], bool]] = {
    "support_access": is_type(
        "user.session.impersonation.grant", "user.session.impersonation.initiate"
    ),
    "directory_agent_abuse": lambda e: (
        e["eventType"]
        in (
            "system.agent.ad.agent_instance_added",
            "system.agent.ad.config_change_detected",
            "system.api_token.create",
        )
        and at(e, "anomaly_type") is not None
    ),
    "mfa_disabled_by_admin": is_type("system.mfa.factor.deactivate"),
    "admin_role_assigned": lambda e: (
        succeeded("user.account.privilege.grant")(e)
        and "administrator"
        in (at(e, "debugContext", "debugData", "privilegeGranted") or "").lower()
    ),
    "proxy_sign_in": lambda e: (
        is_type("user.session.start")(e) and at(e, "securityContext", "isProxy") is True
    ),
    "api_key_created": succeeded("system.api_token.create"),
    "api_key_revoked": succeeded("system.api_token.revoke"),
    "token_reuse": is_type("app.oauth2.token.detect_reuse", "app.oauth2.as.token.detect_reuse"),
    "unauthorized_app": is_type("app.generic.unauth_app_access_attempt"),
    "group_admin_role": is_type("group.privilege.grant"),
    "identity_provider_changed": lambda e: "system.idp.lifecycle" in e["eventType"],
    "identity_provider_sign_in": succeeded("user.authentication.auth_via_IDP"),
    "new_place_at_console": lambda e: (
        is_type("policy.evaluate_sign_on")(e)
        and "Okta Admin Console" in targets(e, "displayName")
        and from_new_place(e)
    ),
    "org_to_org_app": lambda e: (
        is_type(*(f"application.lifecycle.{w}" for w in ("create", "update", "activate")))(e)
        and any("Org2Org" in name for name in targets(e, "displayName"))
    ),
    "password_shown_to_other": lambda e: (
        is_type("application.user_membership.show_password")(e)
        and e["target"][0]["alternateId"] != at(e, "actor", "alternateId")
    ),
    "passwords_pushed": lambda e: (
        is_type("application.lifecycle.update")(e)
        and "Pushing user passwords" in (at(e, "outcome", "reason") or "")
    ),
    "phishing_blocked": lambda e: (
        is_type("user.authentication.auth_via_mfa")(e)
        and at(e, "outcome", "reason") == "FastPass declined phishing attempt"
        and at(e, "outcome", "result") == "FAILURE"
    ),
    "rate_limited": lambda e: (
        re.search("rate_limit[_.](violation|warning|exceeded)", e["eventType"]) is not None
    ),
    "password_spray": lambda e: is_type("security.threat.detected")(e) and sprays(e),
    "account_locked": is_type("user.account.lock", "user.account.lock.limit"),
    "factors_reset": succeeded("user.mfa.factor.suspend", "user.mfa.factor.reset_all"),
    "reported_by_user": is_type("user.account.report_suspicious_activity_by_enduser"),
    "reset_by_support": lambda e: (
        is_type("user.account.reset_password")(e)
        and at(e, "actor", "alternateId") == "system@okta.com"
        and at(e, "transaction", "id") == "unknown"
        and at(e, "client", "userAgent", "rawUserAgent") is None
    ),
    "cloud_console": lambda e: (
        is_type("user.authentication.sso")(e)
        and any(re.search(r"(?i)\baws\b", name) for name in targets(e, "displayName"))
    ),
    "failed_sign_in": lambda e: (
        is_type("user.session.start")(e) and at(e, "outcome", "result") == "FAILURE"
    ),
}


def records() -> list[Entry]:
    files = sorted((DETECTIONS / "data" / "raw").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.fixture(scope="module")
def detections(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("detections")
    shutil.copytree(DETECTIONS / "configs", root / "configs")
    shutil.copytree(DETECTIONS / "data" / "raw", root / "data" / "raw")
    project = Project(root)
    project.run(DAYS, project.ops(*KINDS))
    return project


@pytest.fixture(scope="module")
def fired(detections: Project) -> dict[str, list[str]]:
    rows = [row for day in DAYS for row in detections.rows("events/audit_log", day)]
    return {
        rule: sorted(row["record__v1"] for row in rows if row[f"{rule}__v1"] is True)
        for rule in RULES
    }


def test_the_entries_are_the_public_events_in_the_envelope_of_a_collector() -> None:
    events = [json.loads(line) for line in OKTA.read_text(encoding="utf-8").splitlines()]
    assert [record["event"] for record in records()] == events


@pytest.mark.parametrize("rule", RULES)
def test_a_detection_fires_where_its_plain_python_fires(
    fired: dict[str, list[str]], rule: str
) -> None:
    expected = [record["record"] for record in records() if RULES[rule](record["event"])]
    assert fired[rule] == expected


def test_what_fires_is_what_the_example_says(fired: dict[str, list[str]]) -> None:
    with (DETECTIONS / "expected.csv").open(encoding="utf-8", newline="") as file:
        expected = [(row["detection"], row["record"]) for row in csv.DictReader(file)]
    assert [(rule, record) for rule, found in fired.items() for record in found] == expected


def test_every_relation_equals_the_oracle(detections: Project) -> None:
    assert_equal_to_oracle(detections, DAYS)
