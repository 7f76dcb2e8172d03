from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from fig_assets.engines.connection import S3Access
from fig_assets.errors import EngineError, ModelError
from fig_assets.models.artifact import Artifact, digest_of
from fig_assets.models.registry import Registry, open_registry
from tests.engines.s3 import BUCKET, Server
from tests.models.rows import DAY, trained
from tests.models.test_registry import DECISION


@pytest.fixture
def opened(
    s3_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> Callable[[], Registry]:
    s3_server.login(monkeypatch)
    address = s3_server.lake()
    access = S3Access(environment="cloud")
    return lambda: open_registry(address, tmp_path, access)


def test_what_was_saved_is_loaded_by_another_process(opened: Callable[[], Registry]) -> None:
    place = opened().save(trained())
    assert str(place).startswith(f"s3://{BUCKET}/")
    assert str(place).endswith("/scorer/v1/2024-03-15")
    assert opened().load("scorer", 1, DAY) == trained()
    assert opened().trained_days("scorer", 1) == (DAY,)


def test_another_artifact_of_the_day_replaces_the_first(opened: Callable[[], Registry]) -> None:
    registry = opened()
    registry.save(trained())
    text = trained().model_text + "\n"
    other = Artifact(text, replace(trained().card, sha256=digest_of(text)))
    registry.save(other)
    assert opened().load("scorer", 1, DAY) == other


def test_a_changed_text_is_refused_before_lightgbm_sees_it(
    opened: Callable[[], Registry], s3_server: Server
) -> None:
    registry = opened()
    registry.save(trained())
    client = s3_server.client()
    found = client.list_objects_v2(Bucket=BUCKET, Prefix=registry.root.key)["Contents"]
    [key] = [it["Key"] for it in found if it["Key"].endswith(".txt")]
    client.put_object(Bucket=BUCKET, Key=key, Body=trained().model_text.encode() + b"\n")
    with pytest.raises(ModelError, match=r"^s3://.*model-.*\.txt: model 'scorer' .*digest"):
        registry.load("scorer", 1, DAY)


def test_what_is_not_there_is_named(opened: Callable[[], Registry]) -> None:
    with pytest.raises(ModelError, match=r"^s3://.*card\.json: there is no such file\n  fix: "):
        opened().load("scorer", 1, DAY)
    assert opened().decision("scorer", 1, DAY) is None
    assert opened().evaluation("scorer", 1, DAY) is None
    assert opened().champion("scorer", 1, DAY) is None


def test_decisions_of_the_rule_are_replaced_and_those_by_hand_never(
    opened: Callable[[], Registry],
) -> None:
    registry, earlier = opened(), DAY - timedelta(days=7)
    registry.record(DECISION)
    registry.record(replace(DECISION, reason="better"))
    back = replace(DECISION, outcome="rolled back", champion=earlier, by_hand=True)
    registry.record_by_hand(back)
    registry.record_by_hand(replace(back, reason="again"))
    found = opened().decisions("scorer", 1)
    assert [one.reason for one in found] == ["better", "good", "again"]
    assert opened().champion("scorer", 1, DAY) == earlier


def test_of_two_people_who_decide_at_once_one_is_refused(
    opened: Callable[[], Registry], monkeypatch: pytest.MonkeyPatch
) -> None:
    registry = opened()
    decision = replace(DECISION, by_hand=True)
    monkeypatch.setattr(registry, "_by_hand", lambda *_: {})
    registry.record_by_hand(decision)
    with pytest.raises(ModelError, match="somebody else decided just now"):
        registry.record_by_hand(replace(decision, reason="another"))


def test_a_store_that_refuses_is_told_with_the_environment(
    s3_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    s3_server.login(monkeypatch, secret="wrong")
    registry = open_registry("s3://bucket/x", tmp_path, S3Access(environment="cloud"))
    with pytest.raises(EngineError, match=r"environment 'cloud': s3://bucket/x/.*are refused"):
        registry.champion("scorer", 1, DAY)
