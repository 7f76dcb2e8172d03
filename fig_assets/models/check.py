"""What a configuration asks of its models -> problems, before anything is trained."""

from collections.abc import Iterator

from fig_assets.config.load import Config, Definition
from fig_assets.config.schema import Model
from fig_assets.errors import ModelError, Problem
from fig_assets.models.hyperparameters import resolve
from fig_assets.models.metrics import METRICS

ALGORITHM = "lightgbm"
WATCHED_LATER = ("max_drift_psi", "min_metric")


def model_problems(config: Config) -> tuple[Problem, ...]:
    """Return what is wrong with the settings of the models, and what they ask for in vain."""
    return tuple(problem for model in config.models for problem in _of(model))


def _of(model: Definition[Model]) -> Iterator[Problem]:
    spec = model.spec
    if spec.algorithm != ALGORITHM:
        where = model.where("algorithm")
        yield Problem(where, f"unknown algorithm '{spec.algorithm}'", f'write "{ALGORITHM}"')
    try:
        resolve(spec.hyperparameters)
    except ModelError as refusal:
        yield Problem(model.where("hyperparameters"), str(refusal))
    metric = spec.promotion.metric
    if metric not in METRICS:
        known = ", ".join(sorted(METRICS))
        where = model.where("promotion", "metric")
        yield Problem(where, f"unknown metric '{metric}'", f"use one of: {known}")
    for key in WATCHED_LATER:
        if key in spec.retrain.model_fields_set:
            message = f'"{key}" is not watched yet; the sensor looks at age and new labels only'
            where = model.where("retrain", key)
            yield Problem(where, message, "set every_days, or leave it out", "warning")
