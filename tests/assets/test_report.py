from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.assets.signins import (
    FIRST,
    LOGIN,
    Site,
    days_from,
    login,
    opened,
    write_day,
    write_project,
)

RATE = "features/ip/weekly_by_day/failure_rate__v1"
WEEK = "families/ip/weekly_by_day"
SECONDS = "events/login/seconds__v1"
SESSION = "events/login/session__v1"
DAYS = days_from(FIRST, 5)
NAMES = [str(day) for day in DAYS]
BAD = DAYS[2]
TWICE = 2


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Five days, built at once; on the third, sign-ins take too long, which is a warning."""
    root = tmp_path_factory.mktemp("report")
    write_project(root, days=5)
    write_day(root, BAD, [login(BAD, n, seconds=61 if n < TWICE else 1) for n in range(24)])
    with opened(root) as site:
        assert site.run(DAYS[0], DAYS[-1]).refused == {}
        yield site


@pytest.mark.parametrize(
    "asset",
    ["raw/events", "events/login", SECONDS, "states/ip", RATE, WEEK, "families/request",
     "labels/truth/failed__v1", "label_sets/truth", "models/scorer__v1",
     "scores/scorer/badness__v1"],
)  # fmt: skip
def test_each_day_of_a_range_is_materialised(site: Site, asset: str) -> None:
    assert site.days(asset) == NAMES
    assert len(site.events(asset)) == len(NAMES)


def test_an_asset_without_days_is_materialised_once(site: Site) -> None:
    found = site.metadata("tables/networks")

    assert found == {None: {"dagster/row_count": 2, "null_keys": 0, "repeated_keys": 0}}


def test_a_column_tells_its_rows_its_nulls_and_its_distribution(site: Site) -> None:
    found = site.metadata(RATE)[NAMES[0]]

    assert {name: found[name] for name in ("dagster/row_count", "nulls", "min", "max")} == {
        "dagster/row_count": 6,
        "nulls": 0.0,
        "min": 0.0,
        "max": 1.0,
    }
    assert found["mean"] == pytest.approx(1 / 3)
    assert len(str(found["fig/digest"])) == 16


def test_an_event_accounts_for_every_line(site: Site) -> None:
    found = site.metadata("events/login")[NAMES[0]]
    raw = site.metadata("raw/events")[NAMES[0]]

    assert {name: found[name] for name in ("lines", "other_events", "duplicates", "filtered")} == {
        "lines": 24,
        "other_events": 0,
        "duplicates": 0,
        "filtered": 0,
    }
    assert (raw["lines"], raw["quarantined"]) == (24, 0)
    assert isinstance(raw["shares"], dict)
    assert raw["shares"][NAMES[0]] == 24


def test_the_statement_that_ran_is_shown_once_a_run(site: Site) -> None:
    found = site.metadata(WEEK)

    assert [day for day, shown in found.items() if "fig/sql" in shown] == [NAMES[-1]]
    text = str(found[NAMES[-1]]["fig/sql"])
    assert text.startswith("```sql\n")
    assert "failure_rate__v1" in text


def test_a_model_tells_its_decision(site: Site) -> None:
    found = site.metadata("models/scorer__v1")

    assert found[NAMES[0]]["outcome"] == "no model yet"
    assert found[NAMES[-1]]["outcome"] == "promoted"
    assert found[NAMES[-1]]["trained_for"] == NAMES[-1]
    assert "dagster/row_count" not in found[NAMES[-1]]


def test_a_warning_tells_day_count_and_sample_and_blocks_nothing(site: Site) -> None:
    verdicts = site.verdicts(SECONDS, "in_range")

    assert {day: verdict.passed for day, verdict in verdicts.items()} == {
        None: False,
        **{day: day != str(BAD) for day in NAMES},
    }
    failed = verdicts[str(BAD)]
    assert failed.severity == dg.AssetCheckSeverity.WARN
    assert failed.description == f"{TWICE} of 24 rows fail"
    sample = failed.metadata["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert [record.data["seconds__v1"] for record in sample.records] == ["61.0"] * TWICE
    assert verdicts[None].metadata["failed_days"].value == str(BAD)


def test_every_check_is_evaluated_for_every_day(site: Site) -> None:
    for asset, check in ((SESSION, "nonnull"), ("events/login", "schema"), (WEEK, "schema")):
        verdicts = site.verdicts(asset, check)
        assert set(verdicts) == {None, *NAMES}
        assert all(verdict.passed for verdict in verdicts.values())


def test_running_again_gives_the_same_data_versions(site: Site) -> None:
    before = {asset: site.versions(asset) for asset in (RATE, SECONDS, "labels/truth/failed__v1")}

    site.run(DAYS[0], DAYS[-1])

    for asset, versions in before.items():
        assert len(site.events(asset)) > len(NAMES)
        assert site.versions(asset) == versions
        assert "" not in versions.values()


def test_a_single_day_has_its_digest_as_data_version(site: Site) -> None:
    site.run(DAYS[1], DAYS[1], f'key:"{RATE}"')

    assert site.versions(RATE)[NAMES[1]] == site.metadata(RATE)[NAMES[1]]["fig/digest"]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Four days; on the third, two sign-ins have no session, which blocks."""
    root = tmp_path_factory.mktemp("broken")
    write_project(root, days=4)
    write_day(
        root, BAD, [login(BAD, n, **({"session": None} if n < TWICE else {})) for n in range(9)]
    )
    with opened(root) as site:
        yield site


@pytest.fixture(scope="module")
def refusal(broken: Site) -> str:
    """What the run said."""
    return broken.run(DAYS[0], DAYS[3]).refused["event__login"]


@pytest.mark.usefixtures("refusal")
def test_a_failed_blocking_check_leaves_the_day_unpublished(broken: Site) -> None:
    good = [day for day in NAMES[:4] if day != str(BAD)]

    assert broken.days("events/login") == good
    assert broken.days(SESSION) == good
    engine = broken.project.workspace.engine
    assert [str(day) for day in engine.days("events/login")] == good


def test_the_refusal_names_the_day_the_check_and_the_rows(refusal: str) -> None:
    assert refusal == (
        "event__login was refused for 2024-01-03\n"
        "2024-01-03: not published, because a blocking check failed: "
        f"{SESSION} nonnull: 2 of 9 rows fail"
    )


@pytest.mark.usefixtures("refusal")
def test_the_failing_rows_are_in_the_evaluation(broken: Site) -> None:
    verdicts = broken.verdicts(SESSION, "nonnull")

    failed = verdicts[str(BAD)]
    assert not failed.passed
    assert failed.severity == dg.AssetCheckSeverity.ERROR
    assert failed.metadata["failed_rows"].value == TWICE
    sample = failed.metadata["sample"]
    assert isinstance(sample, dg.TableMetadataValue)
    assert len(sample.records) == TWICE
    assert all(verdicts[day].passed for day in NAMES[:4] if day != str(BAD))


@pytest.mark.usefixtures("refusal")
def test_the_newest_evaluation_of_a_refused_check_is_the_failed_one(broken: Site) -> None:
    asked = dg.AssetCheckKey(dg.AssetKey(SESSION.split("/")), "nonnull")
    storage = broken.instance.event_log_storage
    newest = storage.get_latest_asset_check_execution_by_key([asked])[asked]
    assert newest.event is not None
    evaluation = newest.event.asset_check_evaluation
    assert evaluation is not None
    assert (evaluation.partition, evaluation.passed) == (None, False)
    assert evaluation.description == f"{TWICE} of 81 rows fail on {BAD}"
    assert evaluation.metadata["failed_days"].value == str(BAD)


@pytest.mark.usefixtures("refusal")
def test_good_days_of_a_refused_run_have_metadata_and_data_versions(broken: Site) -> None:
    found = broken.metadata(SESSION)
    versions = broken.versions(SESSION)

    assert found[NAMES[0]]["dagster/row_count"] == 24
    assert versions == {day: shown["fig/digest"] for day, shown in found.items()}


@pytest.mark.usefixtures("refusal")
def test_good_days_go_on_and_what_needs_the_bad_day_is_refused(broken: Site) -> None:
    assert broken.days("states/ip") == [NAMES[0], NAMES[1], NAMES[3]]
    # The window of the fourth day holds the third, and its request sees the window before it.
    assert broken.days(WEEK) == NAMES[:2]
    assert broken.days("families/request") == NAMES[:2]


def test_a_mended_day_is_published_by_running_again(broken: Site, refusal: str) -> None:
    assert refusal
    write_day(broken.root, BAD, [login(BAD, n) for n in range(9)])

    summary = broken.run(BAD, DAYS[3])

    assert summary.refused == {}
    assert broken.days("families/request") == NAMES[:4]
    assert all(verdict.passed for verdict in broken.verdicts(SESSION, "nonnull").values())


def test_states_brought_up_to_date_on_the_way_are_reported(tmp_path: Path) -> None:
    write_project(tmp_path, days=3)
    with opened(tmp_path) as site:
        site.run(DAYS[0], DAYS[2], '+key:"events/login"')
        assert site.days("states/ip") == []

        summary = site.run(DAYS[2], DAYS[2], f'key:"{RATE}"')

        assert summary.refused == {}
        assert site.days(RATE) == [NAMES[2]]
        assert site.days("states/ip") == NAMES[:3]
        told = site.metadata("states/ip")[NAMES[0]]
        assert told["fig/refreshed_for"] == "window__ip__weekly"


def test_a_changed_set_of_rows_is_reported_for_the_columns_it_rewrote(tmp_path: Path) -> None:
    write_project(tmp_path, days=1)
    with opened(tmp_path) as site:
        site.run(DAYS[0], DAYS[0])
        write_day(tmp_path, DAYS[0], [login(DAYS[0], n) for n in range(3)])
        site.run(DAYS[0], DAYS[0], 'key:"raw/events"')

        site.run(DAYS[0], DAYS[0], f'key:"{SESSION}"')

        assert len(site.events("events/login/outcome__v1")) == TWICE
        assert site.metadata("events/login/outcome__v1")[NAMES[0]]["dagster/row_count"] == 3


def test_a_check_of_an_event_reaches_its_own_words(tmp_path: Path) -> None:
    fields = {**LOGIN["fields"], "outcome": {"json": "outcome", "checks": {"isin": ["SUCCESS"]}}}  # type: ignore[dict-item]
    write_project(tmp_path, {"events/login.json": {**LOGIN, "fields": fields}}, days=1)
    with opened(tmp_path) as site:
        summary = site.run(DAYS[0], DAYS[0], '+key:"events/login"')

    assert summary.failed_checks == [
        "events/login/outcome__v1 isin: 8 of 24 rows fail on 2024-01-01"
    ]
    assert (summary.checks_failed, summary.refused) == (1, {})


def test_a_training_shows_what_it_was_judged_by_and_other_days_do_not(site: Site) -> None:
    found = site.metadata("models/scorer__v1")
    trained = found[NAMES[-1]]

    value = "candidate_average_precision"
    assert float(str(trained[f"{value}_low"])) <= float(str(trained[value]))
    assert float(str(trained[value])) <= float(str(trained[f"{value}_high"]))
    for name in ("precision_recall", "calibration", "score_histogram"):
        assert str(trained[f"fig/{name}"]).startswith("![")
        assert f"fig/{name}" not in found[NAMES[0]]
