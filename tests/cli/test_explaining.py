import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from fig_assets.cli import main
from fig_assets.cli.explaining import _show
from fig_assets.project import load_project
from fig_assets.workflow.run import run_op
from tests.assets.signins import FIRST, SCORER, days_from, write_project

OK, PROBLEMS = 0, 1
DAYS = days_from(FIRST, 5)
KEY = f"s-{DAYS[-1]}-5"


@pytest.fixture(scope="module")
def configs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days, the last of which is the first that a model is trained for."""
    scorer = {**SCORER, "explain": {"top_k": 2, "above": 0.3}}
    root = tmp_path_factory.mktemp("explaining")
    folder = write_project(root, {"models/scorer.json": scorer}, days=len(DAYS))
    with load_project(folder) as project:
        for op in project.graph.ops:
            assert run_op(project.workspace, op, DAYS, op.keys).refused == {}
    return folder


def fig(configs: Path, *words: str) -> Result:
    return CliRunner().invoke(main, [*words, "--project", str(configs), "--env", "local"])


def test_it_tells_score_windows_population_votes_and_the_replay(configs: Path) -> None:
    done = fig(configs, "explain", "request", KEY)

    assert done.exit_code == OK, done.output
    for words in (
        f"request '{KEY}' of {DAYS[-1]}",
        f"champion trained for {DAYS[-1]}",
        "the same to the last bit",
        "2023-12-29",
        "2024-01-04",
        "50.0% the same",
        "weak labels: failed@1 bad, 1 abstain",
        "strong labels: plurality@1 bad",
        "both included",
    ):
        assert words in done.stdout


def test_programs_get_every_attribute_and_people_the_first_ones(configs: Path) -> None:
    (told,) = json.loads(fig(configs, "explain", "scorer", KEY, "--json").stdout)
    short = fig(configs, "explain", "scorer", KEY, "--top", "1").stdout

    assert len(told["parts"]) == 3
    assert told["replay"]["exact"] is True
    assert "2 more attributes contribute" in short
    assert "hour@1" not in short


def test_a_model_that_cannot_tell_contributions_is_shown_without_them(
    configs: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with load_project(configs) as project:
        (told,) = project.explain("scorer", KEY)
    silent = tuple(replace(part, contribution=None) for part in told.parts)
    monkeypatch.setattr("fig_assets.cli.explaining.out", Console(width=200))

    _show(replace(told, parts=silent, base=None, log_odds=None), top=1)

    shown = capsys.readouterr().out
    assert "does not tell what each attribute contributed" in shown
    assert "2 more attributes: --top, --json" in shown
    assert "+0.000" not in shown


def test_no_name_is_cut_off(configs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fig_assets.cli.explaining.out", Console(width=60))

    narrow = fig(configs, "explain", "scorer", KEY).stdout

    assert "…" not in narrow
    assert max(map(len, narrow.splitlines()[4:12])) <= 60


def test_a_score_that_is_not_reproduced_ends_with_a_problem(configs: Path) -> None:
    with load_project(configs) as project:
        features = [op for op in project.graph.ops if op.kind == "row"]
        path = configs / "features" / "all.json"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("@HOUR($event_time)", "@HOUR($event_time) * 0"))
    with load_project(configs) as changed:
        for op in features:
            run_op(changed.workspace, op, [DAYS[-1]], op.keys)

    done = fig(configs, "explain", "scorer", f"s-{DAYS[-1]}-23")
    path.write_text(text, encoding="utf-8")

    assert done.exit_code == PROBLEMS
    assert "which is NOT the stored score" in done.stdout
    assert "does not reproduce the score" in done.stderr


def test_a_key_that_is_nowhere_is_a_message(configs: Path) -> None:
    done = fig(configs, "explain", "request", "[bold]nobody")

    assert done.exit_code == PROBLEMS
    assert "has a row with session_id '[bold]nobody'" in done.stderr
    assert "Traceback" not in done.stderr


def test_explanations_are_rows_to_query(configs: Path) -> None:
    done = fig(configs, "query", "explanations/scorer", "--json", "--limit", "1")
    wrong = fig(configs, "query", "explanations/scorre")

    assert set(json.loads(done.stdout)) == {
        *("day", "session_id", "rank", "attribute", "version", "attribute_id"),
        *("value", "contribution", "trained_for"),
    }
    assert wrong.exit_code == PROBLEMS
    assert "there are: explanations/scorer@1" in wrong.stderr
