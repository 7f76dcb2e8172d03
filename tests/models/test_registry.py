import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.artifact import Artifact, digest_of
from fig_assets.models.registry import Decision, Registry
from tests.models.rows import DAY, trained

DECISION = Decision("scorer", 1, DAY, "promoted", DAY, DAY, "good", {"oof_roc_auc": 0.9, "x": None})


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "models")


@pytest.fixture
def saved(registry: Registry) -> tuple[Path, Path]:
    folder = registry.save(trained())
    [text] = folder.glob("model-*.txt")
    return text, folder / "card.json"


def refusal_of(registry: Registry) -> str:
    with pytest.raises(ModelError) as refusal:
        registry.load("scorer", 1, DAY)
    return str(refusal.value)


def test_what_was_saved_is_loaded(registry, saved):
    assert registry.load("scorer", 1, DAY) == trained()
    assert saved[1] == registry.root / "scorer" / "v1" / "2024-03-15" / "card.json"


def test_saving_again_changes_no_file(registry, saved):
    before = [(place.stat().st_mtime_ns, place.stat().st_ino) for place in saved]

    registry.save(trained())

    assert [(place.stat().st_mtime_ns, place.stat().st_ino) for place in saved] == before
    assert len(list(saved[0].parent.iterdir())) == 2


def test_another_artifact_of_the_day_replaces_the_first(registry, saved):
    text = trained().model_text + "\n"
    other = Artifact(text, replace(trained().card, sha256=digest_of(text)))

    registry.save(other)

    assert registry.load("scorer", 1, DAY) == other
    assert saved[0].exists()


def test_an_artifact_saved_halfway_is_not_seen(registry, saved):
    """A writer that is killed before its card leaves the earlier artifact in force."""
    text = trained().model_text + "\n"
    saved[0].with_name(f"model-{digest_of(text)[:16]}.txt").write_text(text)
    saved[0].with_name(".card.json.0123456789abcdef.tmp").write_text("{")

    assert registry.load("scorer", 1, DAY) == trained()
    assert registry.trained_days("scorer", 1) == (DAY,)


@pytest.mark.parametrize("cut", range(20))
def test_a_cut_text_is_refused_before_lightgbm_sees_it(registry, saved, cut):
    content = saved[0].read_bytes()
    saved[0].write_bytes(content[: len(content) * cut // 20])

    message = refusal_of(registry)

    assert message.startswith(f"{saved[0]}: model 'scorer' v1 trained for 2024-03-15: ")
    assert message.endswith("fix: train the model again")


@pytest.mark.parametrize("place", [0, 1], ids=["text", "card"])
def test_every_flipped_bit_is_refused(registry, saved, place):
    content = saved[place].read_bytes()
    random = np.random.default_rng(place)

    for position in random.choice(len(content), 40, replace=False):
        damaged = bytearray(content)
        damaged[position] ^= 1 << int(random.integers(0, 7))
        saved[place].write_bytes(damaged)
        assert refusal_of(registry).startswith(str(saved[place].parent))


def test_a_pickle_in_place_of_a_text_is_refused_and_not_run(registry, saved, tmp_path):
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.mkdir, (tmp_path / "ran",)

    saved[0].write_bytes(pickle.dumps(Trap()))

    assert "train the model again" in refusal_of(registry)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("place", [0, 1], ids=["text", "card"])
def test_a_missing_file_is_named(registry, saved, place):
    saved[place].unlink()

    assert f"{saved[place]}: there is no such file" in refusal_of(registry)


def test_an_artifact_in_the_folder_of_another_day_is_refused(registry, saved):
    moved = saved[0].parent.with_name("2024-03-16")
    shutil.copytree(saved[0].parent, moved)

    with pytest.raises(ModelError, match="the card of model 'scorer' v1 trained for 2024-03-15"):
        registry.load("scorer", 1, DAY + timedelta(days=1))


def test_the_trained_days_are_listed_in_order(registry):
    for earlier in (3, 0, 7):
        registry.save(trained(earlier))
    (registry.root / "scorer" / "v1" / "2024-02-31").mkdir()
    (registry.root / "scorer" / "v1" / "2024-02-31" / "card.json").touch()
    (registry.root / "scorer" / "v1" / "2024-03-01").mkdir()

    assert registry.trained_days("scorer", 1) == (date(2024, 3, 8), date(2024, 3, 12), DAY)
    assert registry.trained_days("scorer", 2) == ()


def test_a_decision_that_was_recorded_is_read(registry):
    registry.record(DECISION)

    assert registry.decision("scorer", 1, DAY) == DECISION
    assert registry.decision("scorer", 1, DAY + timedelta(days=1)) is None


def test_a_decision_recorded_twice_is_the_same_file(registry):
    first = registry.record(DECISION).read_bytes()

    assert registry.record(DECISION).read_bytes() == first


def test_the_champion_is_that_of_the_newest_decision_so_far(registry):
    later = DAY + timedelta(days=5)
    registry.record(replace(DECISION, day=later, outcome="kept", champion=DAY, candidate=None))
    registry.record(DECISION)
    registry.record(
        replace(DECISION, day=later + timedelta(days=2), champion=later + timedelta(days=2))
    )

    champions = [registry.champion("scorer", 1, DAY + timedelta(days=n)) for n in (-1, 0, 4, 6, 7)]

    assert champions == [None, DAY, DAY, DAY, later + timedelta(days=2)]


def test_rolling_back_is_one_more_decision(registry):
    registry.record(DECISION)
    back = DAY - timedelta(days=7)

    registry.record(replace(DECISION, outcome="kept", champion=back, candidate=None))

    assert registry.champion("scorer", 1, DAY) == back


def test_a_model_that_was_never_decided_on_has_no_champion(registry):
    assert registry.champion("scorer", 1, DAY) is None
    registry.record(replace(DECISION, outcome="no model yet", champion=None, candidate=None))
    assert registry.champion("scorer", 1, DAY) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a decision"),
        ("{}", "not a decision: model: Field required"),
        ('{"outcome": "maybe"}', "not a decision"),
    ],
)
def test_a_damaged_decision_is_named(registry, content, message):
    place = registry.record(DECISION)
    place.write_text(content)

    with pytest.raises(ModelError, match=message) as refusal:
        registry.champion("scorer", 1, DAY)

    assert str(refusal.value).startswith(str(place))
    assert "fix: delete the file and run scorer for 2024-03-15 again" in str(refusal.value)


def test_a_decision_of_another_day_is_refused(registry):
    place = registry.record(DECISION)
    shutil.copy(place, place.with_name("2024-03-16.json"))

    with pytest.raises(ModelError, match="the decision of 'scorer' v1 on 2024-03-15"):
        registry.decision("scorer", 1, DAY + timedelta(days=1))


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", "A", "a" * 64, "a\x00", "/etc"])
def test_a_name_that_leaves_the_folder_is_refused(registry, name):
    with pytest.raises(ModelError, match="is not the name of a model"):
        registry.load(name, 1, DAY)


def test_loading_nothing_of_lightgbm_is_needed_to_know_the_champion():
    code = "import sys, fig_assets.models.promote; print('lightgbm' in sys.modules)"

    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout

    assert printed == b"False\n"


def by_hand(day, champion, **more):
    return replace(
        DECISION, day=day, champion=champion, candidate=None, metrics={}, by_hand=True, **more
    )


def test_a_decision_by_hand_stands_until_a_candidate_of_a_later_day_is_promoted(registry):
    def day(n):
        return DAY + timedelta(days=n)

    for n in range(8):
        champion = day(n if n in (0, 2, 6) else 6 if n > 6 else 2 if n > 2 else 0)
        made = champion == day(n)
        registry.record(
            replace(
                DECISION,
                day=day(n),
                champion=champion,
                outcome="promoted" if made else "kept",
                candidate=day(n) if made else None,
            )
        )
    registry.record_by_hand(by_hand(day(3), DAY))

    champions = [registry.champion("scorer", 1, day(n)) for n in range(8)]

    assert champions == [day(n) for n in (0, 0, 2, 0, 0, 0, 6, 6)]


def test_on_its_day_a_decision_by_hand_stands_also_when_the_rule_promotes_again(registry):
    earlier = DAY - timedelta(days=7)
    registry.record(DECISION)
    registry.record_by_hand(by_hand(DAY, earlier))
    registry.record(replace(DECISION, reason="again"))

    assert registry.champion("scorer", 1, DAY) == earlier
    assert registry.champion("scorer", 1, DAY - timedelta(days=1)) is None


def test_of_the_decisions_by_hand_of_a_day_all_are_kept_and_the_last_stands(registry):
    registry.record(DECISION)
    made = [by_hand(DAY, DAY - timedelta(days=n), reason=f"{n}") for n in range(12)]
    for decision in made:
        registry.record_by_hand(decision)

    assert registry.decisions("scorer", 1) == (DECISION, *made)
    assert registry.by_hand("scorer", 1, DAY) == made[-1]
    assert registry.by_hand("scorer", 1, DAY - timedelta(days=1)) is None


def test_a_damaged_decision_by_hand_is_named(registry):
    place = registry.record_by_hand(by_hand(DAY, DAY))
    place.write_text("{}")

    with pytest.raises(ModelError, match=f"{place.name}: not a decision: .*\n.*decide by hand"):
        registry.champion("scorer", 1, DAY)
