"""The hyperparameters a configuration may set, with their bounds.

A closed list: LightGBM's other parameters read and write files, open sockets or break the promise
that the same rows give the same model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from fig_assets.errors import ModelError

Value = int | float | bool


@dataclass(frozen=True)
class Hyperparameter:
    """One setting: its default, whose type is the setting's type, and its bounds, both allowed."""

    default: Value
    low: float
    high: float
    alias: str = ""
    """The name that scikit-learn's interface uses."""


HYPERPARAMETERS: Mapping[str, Hyperparameter] = {
    "num_iterations": Hyperparameter(300, 1, 10_000, "n_estimators"),
    "early_stopping_rounds": Hyperparameter(30, 0, 10_000),
    "learning_rate": Hyperparameter(0.1, 1e-6, 1.0),
    "num_leaves": Hyperparameter(31, 2, 4_096),
    "max_depth": Hyperparameter(-1, -1, 64),
    "min_data_in_leaf": Hyperparameter(20, 0, 1_000_000, "min_child_samples"),
    "min_sum_hessian_in_leaf": Hyperparameter(1e-3, 0.0, 1e6, "min_child_weight"),
    "min_gain_to_split": Hyperparameter(0.0, 0.0, 1e6, "min_split_gain"),
    "lambda_l1": Hyperparameter(0.0, 0.0, 1e6, "reg_alpha"),
    "lambda_l2": Hyperparameter(0.0, 0.0, 1e6, "reg_lambda"),
    "feature_fraction": Hyperparameter(1.0, 1e-3, 1.0, "colsample_bytree"),
    "bagging_fraction": Hyperparameter(1.0, 1e-3, 1.0, "subsample"),
    "bagging_freq": Hyperparameter(0, 0, 10_000, "subsample_freq"),
    "max_bin": Hyperparameter(255, 2, 1_023),
    "path_smooth": Hyperparameter(0.0, 0.0, 1e6),
    "extra_trees": Hyperparameter(default=False, low=0, high=1),
    "scale_pos_weight": Hyperparameter(1.0, 1e-6, 1e6),
    "cat_smooth": Hyperparameter(10.0, 0.0, 1e6),
    "cat_l2": Hyperparameter(10.0, 0.0, 1e6),
    "min_data_per_group": Hyperparameter(100, 1, 1_000_000),
    "max_cat_threshold": Hyperparameter(32, 1, 255),
}


def resolve(given: Mapping[str, object]) -> dict[str, Value]:
    """Return the value of every hyperparameter: the given ones, under either name, and defaults.

    Raises:
        ModelError: Names each unknown or repeated name and each value out of bounds.
    """
    names = {entry.alias: name for name, entry in HYPERPARAMETERS.items() if entry.alias}
    chosen: dict[str, Value] = {}
    faults: list[str] = []
    for written, value in given.items():
        name = names.get(written, written)
        fault = (
            f"'{written}' says '{name}' again" if name in chosen else _fault(written, name, value)
        )
        if fault:
            faults.append(fault)
        elif isinstance(value, int | float):
            chosen[name] = _typed(name, value)
    if faults:
        raise ModelError("\n".join(["wrong hyperparameters", *(f"  {fault}" for fault in faults)]))
    return {name: chosen.get(name, entry.default) for name, entry in HYPERPARAMETERS.items()}


def _fault(written: str, name: str, value: object) -> str:
    entry = HYPERPARAMETERS.get(name)
    if entry is None:
        known = [*HYPERPARAMETERS, *(entry.alias for entry in HYPERPARAMETERS.values())]
        near = get_close_matches(written, known, n=1)
        return f"unknown '{written}'" + (f"; fix: write '{near[0]}'" if near else "")
    if not isinstance(value, int | float) or not _is_like(value, entry.default):
        kind = {bool: "true or false", int: "a whole number", float: "a number"}
        return f"'{written}' is {value!r}; fix: write {kind[type(entry.default)]}"
    if not entry.low <= value <= entry.high:
        return f"'{written}' is {value!r}; fix: write a number from {entry.low:g} to {entry.high:g}"
    return ""


def _is_like(value: Value, default: Value) -> bool:
    if isinstance(value, bool) or isinstance(default, bool):
        return isinstance(value, bool) and isinstance(default, bool)
    return isinstance(default, float) or float(value).is_integer()


def _typed(name: str, value: Value) -> Value:
    """Give `20` and `20.0` one spelling, so that they give one model."""
    return type(HYPERPARAMETERS[name].default)(value)
