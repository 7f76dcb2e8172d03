"""Days that cannot be trained or scored: what Dagster shows, and what stays as it was."""

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from fig_assets.assets.launch import Summary
from tests.assets.signins import (
    FIRST,
    SCORER,
    Json,
    Site,
    days_from,
    key,
    login,
    opened,
    write_day,
    write_project,
)

BEFORE, TRAINED, NO_LABELS, ONE_CLASS, EMPTY_INPUT, USUAL, LAST = days_from(FIRST, 7)
MODEL: Json = {
    **SCORER,
    "training_delay_delta_days": 0,
    "training_time_delta_days": 1,
    "input_features": [
        {"family_name": "request", "feature_names": {"all": ["network", "hour", "networks_kind"]}}
    ],
    "promotion": {"metric": "average_precision", "min_gain": -1},
    "retrain": {"every_days": 1},
}
ASSET, SCORE = "models/scorer__v1", "scores/scorer/badness__v1"


def events(day: date) -> list[Json]:
    found = [login(day, n) for n in range(60)]
    for event in found:
        client = event["client"]
        assert isinstance(client, dict)
        if day in (BEFORE, NO_LABELS):
            event["outcome"] = None
        if day == ONE_CLASS:
            event["outcome"] = "SUCCESS"
        if day == EMPTY_INPUT:
            client["network"] = None
        if day == LAST:
            event["at"] = f"{day}T07:00:00Z"
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """All days in one range run; each is due for training."""
    root = tmp_path_factory.mktemp("bad_models")
    write_project(root, {"models/scorer.json": MODEL})
    for day in days_from(FIRST, 7):
        write_day(root, day, events(day))
    with opened(root) as site:
        assert site.run(FIRST, LAST).refused == {}, "a range run goes through"
        yield site


def trained_check(site: Site, day: date) -> tuple[bool | None, str]:
    """Give the verdict of the check of a day, and its sample."""
    found = dg.AssetCheckKey(key(ASSET), "trained")
    history = site.instance.event_log_storage.get_asset_check_execution_history(found, limit=50)
    for record in history:
        assert record.event is not None
        evaluation = record.event.asset_check_evaluation
        assert evaluation is not None
        if evaluation.partition == str(day):
            assert evaluation.severity == dg.AssetCheckSeverity.WARN
            shown = {name: value.value for name, value in evaluation.metadata.items()}
            return evaluation.passed, str(shown.get("sample", ""))
    raise AssertionError(f"{day} was not judged")


@pytest.mark.parametrize(
    ("day", "outcome", "words"),
    [
        (BEFORE, "no model yet", "has a label"),
        (NO_LABELS, "kept", "no row of 2024-01-03 to 2024-01-03 has a label"),
        (ONE_CLASS, "kept", "do not have both 'bad' and another class"),
        (EMPTY_INPUT, "kept", "request.network@1 is NULL on all"),
    ],
    ids=["before any label", "no labels", "one class", "an input without values"],
)
def test_a_day_that_cannot_be_trained_keeps_what_was_and_fails_its_check(
    site: Site, day: date, outcome: str, words: str
) -> None:
    told = site.metadata(ASSET)[str(day)]
    passed, sample = trained_check(site, day)

    assert (told["outcome"], passed) == (outcome, False)
    for text in (str(told["reason"]), sample):
        assert f"model 'scorer' v1 trained for {day}" in text
        assert words in text
    assert told["trained_for"] == ("" if day == BEFORE else str(TRAINED))


def test_an_input_with_one_value_is_trained_on_and_fails_the_check_by_name(site: Site) -> None:
    passed, sample = trained_check(site, LAST)

    assert site.metadata(ASSET)[str(LAST)]["trained_for"] == str(LAST)
    assert passed is False
    assert f"model 'scorer' v1 trained for {LAST}: request.hour@1 has one value" in sample


def test_a_day_that_could_be_trained_passes_its_check(site: Site) -> None:
    for day in (TRAINED, USUAL):
        assert trained_check(site, day)[0] is True
        assert site.metadata(ASSET)[str(day)]["outcome"] == "promoted"


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (NO_LABELS, "has a label"),
        (ONE_CLASS, "do not have both"),
        (EMPTY_INPUT, "request.network@1 is NULL on all 60 labelled rows"),
    ],
    ids=["no labels", "one class", "an input without values"],
)
def test_the_training_of_such_a_day_fails_where_somebody_asks_for_it(
    site: Site, day: date, words: str
) -> None:
    registry, engine = site.project.workspace.registry, site.project.workspace.engine
    before = registry.decisions("scorer", 1), engine.partition("scores/scorer", day)

    summary = site.run(day, day, f'key:"{ASSET}"', train=True)

    assert f"model 'scorer' v1 trained for {day}" in str(summary.refused)
    assert words in str(summary.refused)
    assert (registry.decisions("scorer", 1), engine.partition("scores/scorer", day)) == before


@pytest.mark.parametrize("damage", ["missing", "changed", "no card"])
def test_a_day_whose_champion_is_damaged_is_not_scored_and_its_scores_stay(
    site: Site, tmp_path: Path, damage: str
) -> None:
    folder = site.project.workspace.registry.root / "scorer" / "v1" / str(USUAL)
    shutil.copytree(folder, tmp_path / "kept")
    [text] = folder.glob("model-*.txt")
    before = site.project.workspace.engine.partition("scores/scorer", USUAL)
    champion = site.project.workspace.registry.champion("scorer", 1, USUAL)
    if damage == "missing":
        text.unlink()
    elif damage == "changed":
        text.write_text(text.read_text(encoding="utf-8").replace("leaf", "leav", 1))
    else:
        (folder / "card.json").write_text(json.dumps({"format": 1}))
    try:
        summary: Summary = site.run(USUAL, USUAL, f'key:"{SCORE}"')
    finally:
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "kept", folder)

    said = str(summary.refused)
    assert f"scorer/v1/{USUAL}" in said
    assert "train the model again" in said
    assert str(USUAL) in said
    assert site.project.workspace.engine.partition("scores/scorer", USUAL) == before
    assert site.project.workspace.registry.champion("scorer", 1, USUAL) == champion
