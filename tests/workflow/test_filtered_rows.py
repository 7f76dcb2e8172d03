"""A row family whose base group has a `where`: which events form rows, set side by side."""

import copy
from datetime import date
from pathlib import Path

from tests import naive
from tests.assets.signins import FIRST, IP, REQUEST, opened, write_project

DAYS = 2


def test_the_where_of_the_base_group_decides_which_events_form_rows(tmp_path: Path) -> None:
    filtered = copy.deepcopy(REQUEST)
    filtered["groups"][0]["where"] = "$is_failure"
    write_project(tmp_path, {"features/all.json": [IP, filtered]}, days=DAYS)
    plain = naive.load(tmp_path / "configs", "local")
    with opened(tmp_path) as site:
        summary = site.run(FIRST, date(2024, 1, DAYS))
        rows = site.project.read("request", columns=["hour"]).to_pylist()

    assert summary.refused == {}
    expected = [
        (day, row["session_id"])
        for day in (FIRST, date(2024, 1, DAYS))
        for row in plain.request_rows("request", day)
    ]
    events = [row for day in (FIRST, date(2024, 1, DAYS)) for row in plain.event_rows("login", day)]
    assert 0 < len(expected) < len(events)
    assert sorted((row["day"], row["session_id"]) for row in rows) == sorted(expected)
