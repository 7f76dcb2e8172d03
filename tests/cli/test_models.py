"""`fig models` and `fig report models` print, choose and refuse, on artifacts a test wrote."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fig_assets.cli import main
from fig_assets.models.artifact import Artifact
from fig_assets.models.registry import Decision, Registry
from fig_assets.workflow.learning.learn import NOT_TRAINED
from tests.assets.signins import write_project
from tests.models.rows import trained

A, B = date(2024, 1, 5), date(2024, 1, 8)
WHY = ("--reason", "alerts [b]doubled")


@pytest.fixture
def configs(tmp_path: Path) -> Iterator[Path]:
    registry = Registry(tmp_path / "models")
    for day in (A, B):
        card = replace(trained().card, trained_for=day, inputs=(), positive="bad")
        registry.save(Artifact(trained().model_text, card))
        registry.record(Decision("scorer", 1, day, "promoted", day, day, "roc_auc 0.9"))
    with pytest.MonkeyPatch.context() as environment:
        for name in ("FIG_PROJECT", "FIG_ENV", "DAGSTER_HOME"):
            environment.delenv(name, raising=False)
        yield write_project(tmp_path)


def fig(configs: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--project", str(configs)])


def test_the_list_says_who_is_in_force_and_why(configs: Path) -> None:
    shown = fig(configs, "models", "list").stdout.splitlines()
    assert shown[0] == "scorer@1: trained for 2024-01-08, in force since 2024-01-08"
    assert "oof_average_precision" in shown[1]
    assert shown[2:] == [f"  {day}  promoted: roc_auc 0.9" for day in (A, B)]
    (told,) = json.loads(fig(configs, "models", "list", "scorer", "--json").stdout)
    assert (told["champion"], told["trained_for"]) == (str(B), [str(A), str(B)])


def test_the_list_says_why_the_newest_day_was_not_trained_for(configs: Path) -> None:
    """Only the newest: what failed before and was made good is nobody's concern."""
    registry = Registry(configs.parent / "models")
    for day, why in ((date(2024, 1, 9), "no row has a label"), (date(2024, 1, 10), "one class")):
        reason = f"{NOT_TRAINED}: {why}"
        registry.record(Decision("scorer", 1, day, "kept", B, None, reason))

    shown = fig(configs, "models", "list").stdout.splitlines()

    assert shown[-2:] == [
        "  2024-01-08  promoted: roc_auc 0.9",
        "  2024-01-10  kept: could not be trained: one class",
    ]


def test_without_any_model_the_list_says_what_the_newest_day_waits_for(configs: Path) -> None:
    registry = Registry(configs.parent / "models")
    for day in (A, B):
        registry.record(Decision("scorer", 1, day, "no model yet", None, None, f"wait {day}"))

    shown = fig(configs, "models", "list").stdout.splitlines()

    assert shown == ["scorer@1: no model yet", "  2024-01-08  no model yet: wait 2024-01-08"]


def test_a_rollback_and_a_promotion_are_told_and_listed(configs: Path) -> None:
    back = fig(configs, "models", "rollback", "scorer", *WHY)
    again = fig(configs, "models", "promote", "scorer@1", str(B), *WHY, "--from", "2024-01-09")
    assert back.stdout.splitlines() == [
        "scorer@1 trained for 2024-01-05 is in force from 2024-01-08 on",
        "  which scores are stale now: fig plan",
    ]
    assert again.stdout.startswith("scorer@1 trained for 2024-01-08 is in force from 2024-01-09")
    assert fig(configs, "models", "list").stdout.splitlines()[-2:] == [
        "  2024-01-08  rolled back: by hand: alerts [b]doubled",
        "  2024-01-09  promoted: by hand: alerts [b]doubled",
    ]


def test_the_report_names_each_training(configs: Path) -> None:
    shown = fig(configs, "report", "models", "scorer").stdout.splitlines()
    assert shown[0] == "scorer@1 trained for 2024-01-05"
    assert "scorer@1 trained for 2024-01-08, in force" in shown
    assert "  promoted: roc_auc 0.9" in shown
    told = json.loads(fig(configs, "report", "models", "--json").stdout)
    assert [it["outcome"] for it in told] == ["promoted", "promoted"]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["models", "list", "scorr"], 1, "there is no model 'scorr'"),
        (["report", "models", "scorr"], 1, "there is no model 'scorr'"),
        (["models", "promote", "scorer", "2024-01-06", *WHY], 1, "was not trained for 2024-01-06"),
        (["models", "rollback", "scorer", *WHY, "--from", str(A)], 1, "had no champion before"),
        (["models", "rollback", "scorer"], 2, "Missing option '--reason'"),
        (["models", "promote", "scorer", "friday", *WHY], 2, "'friday' does not match"),
    ],
    ids=["list", "report", "day", "first", "reason", "usage"],
)
def test_what_is_wrong_is_said(configs: Path, words: list[str], status: int, said: str) -> None:
    done = fig(configs, *words)
    assert done.exit_code == status
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_the_page_of_the_report_is_written_where_it_can_be(configs: Path, tmp_path: Path) -> None:
    page = tmp_path / "models.html"

    done = fig(configs, "report", "models", "--html", str(page))
    nowhere = fig(configs, "report", "models", "--html", str(tmp_path / "none" / "models.html"))

    assert "roc_auc" in done.stdout
    assert "<svg" in page.read_text(encoding="utf-8")
    assert nowhere.exit_code == 1
    assert "name a file in a folder that is there" in nowhere.stderr
