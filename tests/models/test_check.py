import json
from pathlib import Path

import pytest

from fig_assets.config.load import load_config
from fig_assets.models.check import model_problems

MODEL = {
    "name": "scorer",
    "training_delay_delta_days": 3,
    "training_time_delta_days": 1,
    "input_features": [{"family_name": "request", "feature_names": {"all": ["country"]}}],
    "truth_label": {"source": "labels", "name": "vote"},
    "output_features": ["score"],
}


def problems_of(folder: Path, change: dict[str, object]) -> list[str]:
    configs = folder / "configs"
    for name in ("environments", "models"):
        (configs / name).mkdir(parents=True)
    (configs / "project.json").write_text('{"name": "p", "start_date": "2026-01-01"}')
    environment = {
        "name": "local",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "m"},
    }
    (configs / "environments" / "local.json").write_text(json.dumps(environment))
    (configs / "models" / "scorer.json").write_text(json.dumps({**MODEL, **change}))
    return [str(problem) for problem in model_problems(load_config(configs, "local"))]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"algorithm": "xgboost"}, "unknown algorithm 'xgboost'"),
        (
            {"hyperparameters": {"num_leafs": 3}},
            "unknown hyperparameter 'num_leafs'\n  fix: write \"num_leaves\"",
        ),
        ({"hyperparameters": {"learning_rate": 7}}, "learning_rate"),
        ({"promotion": {"metric": "accuracy"}}, "unknown metric 'accuracy'"),
        (
            {"retrain": {"min_metric": {"alert_precison": 0.2}}},
            "unknown metric 'alert_precison'\n  fix: write \"alert_precision\"",
        ),
    ],
    ids=["algorithm", "unknown setting", "setting out of bounds", "metric", "watched metric"],
)
def test_a_setting_that_would_fail_or_be_ignored_is_told_with_its_place(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    (found,) = problems_of(tmp_path, change)
    assert words in found
    assert "configs/models/scorer.json:1:" in found


def test_good_settings_have_no_problems(tmp_path: Path) -> None:
    assert problems_of(tmp_path, {"hyperparameters": {"num_leaves": 7}}) == []
