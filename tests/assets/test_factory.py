"""The multi-assets as Dagster runs them: no launcher between, as from the UI or a sensor."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from fig_assets.assets.definitions import build_assets
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from tests.assets.signins import (
    ENVIRONMENT,
    FIRST,
    Site,
    days_from,
    key,
    login,
    opened,
    write_day,
    write_project,
)

DAYS = [str(day) for day in days_from(FIRST, 6)]
COUNT = "features/ip/weekly_by_day/login_count__v1"
RATE = "features/ip/weekly_by_day/failure_rate__v1"
MODEL = "models/scorer__v1"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Six days, everything built but the models."""
    root = tmp_path_factory.mktemp("factory")
    write_project(root, days=len(DAYS))
    days = days_from(FIRST, len(DAYS))
    with opened(root) as site:
        unlearnt = 'not (key:"models/*" or key:"scores/*")'
        assert site.run(days[0], days[-1], unlearnt).refused == {}
        yield site


def materialise(
    site: Site,
    *assets: str,
    day: str | None = None,
    days: tuple[str, str] | None = None,
    run_config: dict[str, object] | None = None,
) -> dg.ExecuteInProcessResult:
    """Materialise assets for one day or a range of days, as a run of Dagster."""
    ends = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
    return dg.materialize(
        build_assets(site.project.workspace),
        selection=dg.AssetSelection.assets(*map(key, assets)),
        instance=site.instance,
        resources={WORKSPACE: OpenWorkspace(site.project.workspace)},
        partition_key=day,
        tags=dict(zip(ends, days, strict=True)) if days else None,
        run_config=run_config,
        raise_on_error=False,
    )


def made(result: dg.ExecuteInProcessResult) -> dict[str, list[str]]:
    """Give the days that each asset was materialised for."""
    found: dict[str, list[str]] = {}
    for event in result.get_asset_materialization_events():
        name = event.asset_key.to_user_string() if event.asset_key else ""
        found.setdefault(name, []).append(event.partition or "")
    return found


def test_one_attribute_of_an_op_is_materialised_alone(site: Site) -> None:
    result = materialise(site, COUNT, day=DAYS[2])

    assert result.success
    assert made(result) == {COUNT: [DAYS[2]]}


def test_a_range_is_materialised_day_by_day_in_one_run(site: Site) -> None:
    result = materialise(site, RATE, days=(DAYS[1], DAYS[4]))

    assert result.success
    assert made(result) == {RATE: DAYS[1:5]}


def test_attributes_of_several_ops_run_in_the_order_of_the_graph(site: Site) -> None:
    joined = "features/request/ip_weekly_login_count__v1"

    result = materialise(site, joined, COUNT, "states/ip", day=DAYS[3])

    assert result.success
    assert list(made(result)) == ["states/ip", COUNT, joined]


def test_only_the_checks_of_the_chosen_attributes_are_evaluated(site: Site) -> None:
    result = materialise(site, COUNT, RATE, day=DAYS[2])

    evaluated = {check.asset_key for check in result.get_asset_check_evaluations()}
    assert evaluated == {key(COUNT)}


@pytest.mark.parametrize(
    ("day", "outcome"),
    [
        pytest.param(DAYS[0], "no model yet", id="before anything can be trained"),
        pytest.param(DAYS[4], "promoted", id="due"),
        pytest.param(DAYS[5], "kept", id="not due"),
    ],
)
def test_a_model_is_trained_when_it_is_due(site: Site, day: str, outcome: str) -> None:
    result = materialise(site, MODEL, day=day)

    assert result.success
    assert site.metadata(MODEL)[day]["outcome"] == outcome


def test_the_launchpad_can_ask_for_training_on_any_day(site: Site) -> None:
    always: dict[str, object] = {"ops": {"model__scorer": {"config": {"train": "always"}}}}

    result = materialise(site, MODEL, day=DAYS[5], run_config=always)

    assert result.success
    assert site.project.workspace.registry.load("scorer", 1, days_from(FIRST, 6)[5])


def test_the_launchpad_refuses_what_it_does_not_know(site: Site) -> None:
    wrong: dict[str, object] = {"ops": {"model__scorer": {"config": {"train": "sometimes"}}}}

    with pytest.raises(dg.DagsterInvalidConfigError, match="sometimes"):
        materialise(site, MODEL, day=DAYS[5], run_config=wrong)


def test_a_refused_day_fails_the_step_and_says_why(site: Site) -> None:
    result = materialise(site, "events/login/ip__v1", day="2024-01-20")

    [failed] = result.get_step_failure_events()
    words = failed.step_failure_data.user_failure_data
    assert words is not None
    assert words.description == (
        "event__login was refused for 2024-01-20\n"
        "2024-01-20: events/login of 2024-01-20 needs landing/events/0 of the day 2024-01-20, "
        "never built; build first: fig run --from 2024-01-20 --to 2024-01-20"
    )
    assert words.metadata["refused_days"].value == "2024-01-20"


def test_days_beside_the_chosen_ones_are_not_touched(site: Site) -> None:
    lake = site.root / "lake" / "families" / "ip" / "weekly_by_day"
    before = {path: path.stat().st_mtime_ns for path in lake.rglob("*.parquet")}

    materialise(site, RATE, day=DAYS[2])

    changed = {path.parent.name for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed <= {f"day={DAYS[2]}"}


def test_a_source_without_days_lands_every_day_at_once(tmp_path: Path) -> None:
    days = days_from(FIRST, 2)
    sources: dict[str, object] = dict(ENVIRONMENT["sources"])  # type: ignore[call-overload]
    sources["events"] = {"format": "json", "path": "raw/*.jsonl"}
    changes = {
        "project.json": {"name": "s", "start_date": DAYS[0], "end_date": DAYS[1]},
        "environments/local.json": {**ENVIRONMENT, "sources": sources},
    }
    write_project(tmp_path, changes)
    write_day(tmp_path, days[0], [login(day, n) for day in days for n in range(5)])
    with opened(tmp_path) as site:
        summary = site.run(days[0], days[1], '+key:"events/login"')

        rows = [
            found["dagster/row_count"] for found in site.metadata("events/login/ip__v1").values()
        ]
    assert summary.refused == {}
    assert summary.done["raw__events"] == 1
    assert rows == [5, 5]
