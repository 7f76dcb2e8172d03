"""Seeded nested sign-in events of about 1 KB, in the form of an identity provider's log."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from benchmarks.events import START

Json = dict[str, object]

FIELDS = {
    "version": "version",
    "severity": "severity",
    "display_message": "displayMessage",
    "session_id": "authenticationContext:externalSessionId",
    "step": "authenticationContext:authenticationStep::bigint",
    "provider": "authenticationContext:authenticationProvider",
    "credential": "authenticationContext:credentialType",
    "actor_id": "actor:id",
    "actor_type": "actor:type",
    "email": "actor:alternateId",
    "actor_name": "actor:displayName",
    "ip_address": "client:ipAddress",
    "device": "client:device",
    "zone": "client:zone",
    "user_agent": "client:userAgent:rawUserAgent",
    "os": "client:userAgent:os",
    "browser": "client:userAgent:browser",
    "country": "client:geographicalContext:country",
    "city": "client:geographicalContext:city",
    "latitude": "client:geographicalContext:geolocation:lat::float",
    "longitude": "client:geographicalContext:geolocation:lon::float",
    "as_number": "securityContext:asNumber::bigint",
    "as_org": "securityContext:asOrg",
    "is_proxy": "securityContext:isProxy::boolean",
    "outcome": "outcome:result",
    "reason": "outcome:reason",
    "request_id": "debugContext:debugData:requestId",
    "request_uri": "debugContext:debugData:requestUri",
    "risk": "debugContext:debugData:risk::float",
    "transaction": "transaction:id",
}
"""Thirty fields and their paths; a path without a type is text."""

AGENTS = (
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)", "Windows"),
    ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Safari/605.1", "Mac OS X"),
    ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0 (desktop)", "Linux"),
)
CITIES = (("Auckland", "New Zealand"), ("Oslo", "Norway"), ("Graz", "Austria"), ("Lyon", "France"))


def lines(day: int, count: int, seed: int = 7) -> Iterator[str]:
    """Make the lines of the day `day` after `START`, each one JSON object."""
    chance = Random(f"{seed}/{day}")
    begin = datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day)
    for number in range(count):
        at = begin + timedelta(microseconds=number * 86_399_999_999 // count)
        event = _event(chance, day, number, f"{at:%Y-%m-%dT%H:%M:%S.%fZ}")
        yield json.dumps(event, separators=(",", ":"))


def _event(chance: Random, day: int, number: int, at: str) -> Json:
    token = f"{chance.getrandbits(64):016x}"
    user = int(20_000 * chance.random() ** 2)
    asn = int(5_000 * chance.random() ** 2)
    agent, system = AGENTS[user % 3]
    city, country = CITIES[asn % 4]
    failed = chance.random() < 0.1
    place = {"lat": asn / 100 - 25, "lon": asn / 50 - 50}
    return {
        "uuid": f"{day:04d}-{number:09d}-{token}",
        "published": at,
        "eventType": "user.session.start",
        "version": "0",
        "severity": "WARN" if failed else "INFO",
        "displayMessage": "User login to the identity provider",
        "actor": {
            "id": f"00u{user:08d}",
            "type": "User",
            "alternateId": f"user{user}@example.org",
            "displayName": f"User Number {user}",
        },
        "client": {
            "userAgent": {"rawUserAgent": agent, "os": system, "browser": "CHROME"},
            "zone": "null",
            "device": "Computer",
            "ipAddress": f"10.{asn % 200}.{user % 250}.{number % 250}",
            "geographicalContext": {"city": city, "country": country, "geolocation": place},
        },
        "outcome": {"result": "FAILURE" if failed else "SUCCESS", "reason": _reason(failed=failed)},
        "securityContext": {"asNumber": asn, "asOrg": f"network {asn}", "isProxy": asn % 50 == 0},
        "authenticationContext": {
            "externalSessionId": f"102{token}",
            "authenticationStep": number % 3,
            "authenticationProvider": "FACTOR_PROVIDER",
            "credentialType": "PASSWORD",
        },
        "debugContext": {
            "debugData": {
                "requestId": token[::-1],
                "requestUri": "/api/v1/authn",
                "risk": round(chance.random(), 6),
            }
        },
        "transaction": {"type": "WEB", "id": f"tx{token}"},
    }


def _reason(*, failed: bool) -> str | None:
    return "INVALID_CREDENTIALS" if failed else None
