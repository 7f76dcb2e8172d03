from dataclasses import replace
from datetime import date, timedelta
from xml.etree import ElementTree

from fig_assets.cli.drift_report import MOST_LINES, drift_page, pictures
from fig_assets.models.watch import DayWatch, Watched
from fig_assets.workflow.learning.drift_report import Drift, DriftDay
from fig_assets.workflow.learning.monitor import Matured

DAY = date(2024, 1, 5)


def day_of(number: int, **psi: float) -> DriftDay:
    day = DAY + timedelta(days=number)
    inputs = tuple(Watched(name, 600, 0.0, psi=value) for name, value in psi.items())
    watched = DayWatch(Watched("score", 600, 0.0, psi=0.01 * number), inputs, {0.5: 0.1})
    return DriftDay(day, DAY, watched, Matured(day, 600, 30, 0.9, 0.95, 0.5, 0.6), "")


def test_the_pictures_show_the_scores_and_what_lay_furthest_on_any_day() -> None:
    quiet = {f"r.quiet{n}@1": 0.01 * n for n in range(9)}
    drift = Drift("m@1", (day_of(0, **quiet), day_of(1, **quiet, **{"r.loud@1": 3.0})))

    found = pictures(drift)

    assert set(found) == {"PSI", "metrics"}
    for svg in found.values():
        ElementTree.fromstring(svg)
    assert "r.loud@1" in found["PSI"]
    assert "score" in found["PSI"]
    assert "r.quiet0@1" not in found["PSI"]
    assert found["PSI"].count("<polyline") == MOST_LINES + 1
    assert "average precision" in found["metrics"]


def test_what_is_not_known_has_no_picture_and_says_why_on_the_page() -> None:
    blank = DriftDay(DAY, None, None, None, "no model yet")

    assert pictures(Drift("m@1", (blank,))) == {}
    found = drift_page([Drift("m@1", (blank, replace(blank, day=DAY + timedelta(days=1))))])
    assert "2024-01-05 to 2024-01-06, 2 days: no model yet" in found
    assert "<svg" not in found


def test_names_from_the_data_are_no_markup() -> None:
    day = day_of(0, **{"<script>@1": 0.5})
    watch = day.watch
    assert watch is not None
    top = replace(watch.inputs[0], top=(("<b>&", 0.5),))
    day = replace(day, watch=replace(watch, inputs=(top,)), problem="<i>")

    found = drift_page([Drift("<m>", (day,))])

    for mark in ("<script>", "<b>&", "<i>", "<m>"):
        assert mark not in found


def test_a_model_without_scores_has_a_heading_only() -> None:
    assert "<h2>m@1</h2>" in drift_page([Drift("m@1", ())])
