from datetime import date, timedelta
from xml.etree import ElementTree

import dagster as dg

from fig_assets.assets.trend import DAYS, trend_pictures

KEY = dg.AssetKey(["scores", "scorer", "badness__v1"])
LAST = date(2024, 3, 15)


def recorded(instance: dg.DagsterInstance, days_before: int, **numbers: float) -> None:
    """Materialise a day with numbers, `__` in their names for `/`."""
    metadata = {name.replace("__", "/"): value for name, value in numbers.items()}
    day = str(LAST - timedelta(days=days_before))
    event = dg.AssetMaterialization(KEY, partition=day, metadata={**metadata, "furthest": "x"})
    instance.report_runless_asset_event(event)


def test_a_picture_shows_what_this_run_and_what_earlier_runs_told() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        recorded(instance, 2, psi__score=9.0)
        recorded(instance, 2, psi__score=0.125, matured__roc_auc=0.75)
        recorded(instance, 1, psi__score=0.25, psi__furthest=0.25, psi__country=0.5)
        recorded(instance, DAYS, psi__score=7.0)

        found = trend_pictures(instance, KEY, {LAST: {"psi/score": 0.375}})

    for svg in found.values():
        ElementTree.fromstring(svg)
    drift = found["drift"]
    for told in ("2024-03-13: 0.125", "2024-03-14: 0.25", "2024-03-15: 0.375", "2024-03-14: 0.5"):
        assert f"<title>{told}</title>" in drift
    for untold in ("furthest", ": 9", ": 7"):
        assert untold not in drift
    assert "<title>2024-03-13: 0.75</title>" in found["metrics"]


def test_nothing_that_is_known_is_no_picture() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert trend_pictures(instance, KEY, {LAST: {}}) == {}
