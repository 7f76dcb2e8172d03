import pytest

from fig_assets.engines.connection import Connection
from fig_assets.errors import EngineError

GIVEN = Connection({"user": "fig"}, {"password": "FIG_TEST_PASSWORD"}, "production")


def test_secrets_are_read_when_somebody_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIG_TEST_PASSWORD", "hunter2")

    assert GIVEN.resolved() == {"user": "fig", "password": "hunter2"}
    assert "hunter2" not in repr(GIVEN)


@pytest.mark.parametrize("value", [None, ""], ids=["not set", "empty"])
def test_a_secret_that_is_not_there_is_named_with_the_environment(
    monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    monkeypatch.delenv("FIG_TEST_PASSWORD", raising=False)
    if value is not None:
        monkeypatch.setenv("FIG_TEST_PASSWORD", value)

    with pytest.raises(EngineError) as refusal:
        GIVEN.resolved()

    assert str(refusal.value) == (
        "environment 'production': FIG_TEST_PASSWORD is not set\n"
        "  fix: export FIG_TEST_PASSWORD=... before you run this"
    )
