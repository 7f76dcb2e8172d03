"""What Dagster and the terminal show of values and keys that were lost."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from fig_assets.assets.launch import Summary
from fig_assets.terminal import show_summary
from tests.assets.signins import (
    ENVIRONMENT,
    FIRST,
    LAST,
    Site,
    days_from,
    login,
    opened,
    write_day,
)

DAYS = days_from(FIRST, 3)
NAMES = [str(day) for day in DAYS]
NETWORKS = {
    NAMES[0]: [1, 2, 3, 4],
    NAMES[1]: [1, "x", None, "7.0"],
    NAMES[2]: [1, "x", "2.5", 4],
}
"""By day, the network of each event: a string, and the key of numbers."""
CONFIGS = {
    "project.json": {"name": "signins", "start_date": str(FIRST), "end_date": str(LAST)},
    "environments/local.json": {
        **ENVIRONMENT,
        "sources": {"events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 0}},
    },
    "events/login.json": {
        "name": "login",
        "event_name": "login",
        "fields": {
            "session": "session",
            "ip": "client:ip",
            "network": "client:network::string",
            "number": {
                "function": "$network::bigint",
                "checks": {"max_lost_fraction": 0.25, "severity": "block"},
            },
            "size": {"json": "size::float", "checks": {"max_lost_fraction": 0}},
        },
    },
    "features/all.json": [
        {
            "name": "net",
            "granularity": "number",
            "granularity_type": "bigint",
            "period": ["daily"],
            "groups": [
                {
                    "source": "login",
                    "granularity_field": "network",
                    "features": {"login_count": "@COUNT(*)"},
                }
            ],
        },
        {
            "name": "row",
            "granularity": "number",
            "granularity_type": "bigint",
            "groups": [
                {"source": "login", "granularity_field": "network", "features": {"ip": "$ip"}}
            ],
        },
    ],
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Summary]]:
    """Three days: nothing is lost on the first, one in four on the second, two on the third."""
    root: Path = tmp_path_factory.mktemp("losses")
    for name, content in CONFIGS.items():
        path = root / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")
    (root / "raw").mkdir()
    for day in DAYS:
        networks = NETWORKS[str(day)]
        events = [
            login(day, n, client={"ip": "::1", "network": network}, size="big" if n > 2 else n)
            for n, network in enumerate(networks)
        ]
        write_day(root, day, events)
    with opened(root) as site:
        yield site, site.run(DAYS[0], DAYS[-1])


def shown(site: Site, asset: str) -> dict[str | None, tuple[object, object]]:
    """Give, by day, the losses that the materialisations of an asset tell, if any."""
    return {
        day: (found.get("fig/lost"), found.get("fig/lost_fraction"))
        for day, found in site.metadata(asset).items()
    }


def test_losses_stand_beside_their_own_attribute_and_day(ran: tuple[Site, Summary]) -> None:
    site, _ = ran
    nothing = (None, None)

    assert shown(site, "events/login/number__v1") == {NAMES[0]: nothing, NAMES[1]: (1, 0.25)}
    assert shown(site, "events/login/size__v1") == dict.fromkeys(NAMES[:2], (1, 0.25))
    assert shown(site, "events/login/network__v1") == dict.fromkeys(NAMES[:2], nothing)
    assert shown(site, "events/login") == dict.fromkeys(NAMES[:2], nothing)


def test_too_large_a_share_of_lost_values_keeps_the_day_back(ran: tuple[Site, Summary]) -> None:
    site, summary = ran
    blocking = site.verdicts("events/login/number__v1", "max_lost_fraction")
    warning = site.verdicts("events/login/size__v1", "max_lost_fraction")

    assert {day: it.passed for day, it in blocking.items() if day} == {
        NAMES[0]: True,
        NAMES[1]: True,
        NAMES[2]: False,
    }
    assert blocking[NAMES[2]].description == "2 of 4 rows fail"
    assert not any(verdict.passed for verdict in warning.values())
    assert site.days("events/login/number__v1") == NAMES[:2]
    assert "max_lost_fraction: 2 of 4 rows fail" in summary.refused["event__login"]


def test_keys_that_could_not_be_converted_are_notes_of_their_day(
    ran: tuple[Site, Summary],
) -> None:
    site, summary = ran
    rows = site.metadata("families/row")
    states = site.metadata("states/net")

    assert [(rows[day]["null_keys"], rows[day]["lost_keys"]) for day in NAMES[:2]] == [
        (0, 0),
        (2, 1),
    ]
    assert [states[day]["lost_keys"] for day in NAMES[:2]] == [0, 1]
    assert summary.lost_keys == {"states/net": 1, "families/row": 1}
    assert summary.as_json()["lost_keys"] == summary.lost_keys


def test_the_terminal_names_lost_keys_only_where_there_are_any() -> None:
    def words(lost: dict[str, int]) -> str:
        out = StringIO()
        show_summary(Console(file=out), Summary(FIRST, LAST, lost_keys=lost))
        return out.getvalue()

    assert "keys lost in their conversion: states/net 1,200, families/row 3\n" in words(
        {"states/net": 1200, "families/row": 3}
    )
    assert "lost" not in words({})
