"""What earlier materialisations of a score say -> pictures of drift and metrics over days."""

from collections.abc import Mapping
from datetime import date, timedelta

from dagster import AssetKey, AssetRecordsFilter, DagsterInstance

from fig_assets.assets.partitions import partition
from fig_assets.pictures.lines import Line, lines

DAYS = 30
MOST_LINES = 6
"""Inputs that a picture shows: those that were furthest on any of the days."""
PSI, MATURED = "psi/", "matured/"
METRICS = ("average_precision", "roc_auc", "alert_precision", "alert_recall")

Numbers = Mapping[str, float]


def trend_pictures(
    instance: DagsterInstance, key: AssetKey, told: Mapping[date, Numbers]
) -> dict[str, str]:
    """Draw the 30 days that end with the last of `told`: what this run tells and what others told.

    Returns:
        SVG pictures by name; none where nothing is known.
    """
    last = max(told)
    days = [last - timedelta(days=n) for n in reversed(range(DAYS))]
    known = {**_recorded(instance, key, days), **told}
    days = [day for day in days if day >= min(known)]
    names = {n.removeprefix(PSI) for row in known.values() for n in row if n.startswith(PSI)}
    far = {
        name: [known.get(day, {}).get(PSI + name) for day in days] for name in names - {"furthest"}
    }
    highest = {n: max((v for v in far[n] if v is not None), default=0.0) for n in far}
    shown = sorted(far, key=lambda n: (n != "score", -highest[n], n))[: MOST_LINES + 1]
    labels = [str(day) for day in days]
    later = [Line(n, [known.get(day, {}).get(MATURED + n) for day in days]) for n in METRICS]
    found = {
        "drift": lines(labels, [Line(n, far[n]) for n in shown], title="PSI by day"),
        "metrics": lines(labels, later, title="metrics by the day on which the labels had come"),
    }
    return {name: svg for name, svg in found.items() if svg}


def _recorded(
    instance: DagsterInstance, key: AssetKey, days: list[date]
) -> dict[date, dict[str, float]]:
    """Read the numbers of the newest materialisation of each day."""
    wanted = AssetRecordsFilter(key, asset_partitions=[partition(day) for day in days])
    found: dict[date, dict[str, float]] = {}
    for record in instance.fetch_materializations(wanted, limit=5 * DAYS).records:
        made = record.asset_materialization
        if made is None or made.partition is None:
            continue
        values = {name: entry.value for name, entry in made.metadata.items()}
        numbers = {n: v for n, v in values.items() if isinstance(v, int | float)}
        found.setdefault(date.fromisoformat(made.partition), numbers)
    return found
