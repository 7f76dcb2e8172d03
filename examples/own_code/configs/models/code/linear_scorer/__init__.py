"""A logistic regression of scikit-learn. It is stored as JSON, so scoring needs no scikit-learn."""

import json
from pathlib import Path

import numpy as np
import pandas as pd

FILE = "linear.json"


def train(
    rows: pd.DataFrame,
    labels: np.ndarray,
    weights: np.ndarray,
    validation_rows: pd.DataFrame,
    validation_labels: np.ndarray,
    hyperparameters: dict,
    model_dir: Path,
) -> None:
    """Fit with each strength of regularisation; keep the one that is best on the held-out fifth."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss

    encoding = _learn_encoding(rows)
    matrix = _matrix(rows, encoding)
    losses = {}
    for strength in hyperparameters["C"]:
        fitted = LogisticRegression(
            C=strength, random_state=hyperparameters["seed"], max_iter=1_000
        ).fit(matrix, labels, sample_weight=weights)
        model = {
            "encoding": encoding,
            "weights": fitted.coef_[0].tolist(),
            "intercept": float(fitted.intercept_[0]),
        }
        found = _probabilities(model, validation_rows)
        losses[strength] = log_loss(validation_labels, found, labels=[False, True])
        if losses[strength] == min(losses.values()):
            (model_dir / FILE).write_text(json.dumps(model, indent=1))


def predict(rows: pd.DataFrame, model_dir: Path) -> np.ndarray:
    """Return the probability of the positive class for each row."""
    return _probabilities(_load(model_dir), rows)


def explain(rows: pd.DataFrame, model_dir: Path) -> np.ndarray:
    """Return what each input adds to the log odds of an average row, and that row's log odds."""
    model = _load(model_dir)
    parts = _matrix(rows, model["encoding"]) * np.array(model["weights"])
    owners = [entry["column"] for entry in model["encoding"]]
    by_input = [parts[:, [o == name for o in owners]].sum(axis=1) for name in rows.columns]
    base = np.full(len(rows), model["intercept"])
    return np.column_stack([*by_input, base])


def _load(model_dir: Path) -> dict:
    return json.loads((model_dir / FILE).read_text())


def _probabilities(model: dict, rows: pd.DataFrame) -> np.ndarray:
    log_odds = _matrix(rows, model["encoding"]) @ np.array(model["weights"]) + model["intercept"]
    return 1 / (1 + np.exp(-log_odds))


def _learn_encoding(rows: pd.DataFrame) -> list[dict]:
    """Say how each column of the matrix is made: a text's value, or a number brought to scale."""
    encoding = []
    for column in rows.columns:
        if pd.api.types.is_numeric_dtype(rows[column]):
            mean, scale = float(rows[column].mean()), float(rows[column].std()) or 1.0
            encoding.append({"column": column, "mean": mean, "scale": scale})
        else:
            values = sorted(rows[column].dropna().unique())
            encoding += [{"column": column, "value": value} for value in values]
    return encoding


def _matrix(rows: pd.DataFrame, encoding: list[dict]) -> np.ndarray:
    """Encode rows; what is missing, or was never seen, is as the average row."""
    columns = []
    for entry in encoding:
        values = rows[entry["column"]]
        if "value" in entry:
            columns.append((values == entry["value"]).to_numpy(float))
        else:
            scaled = (values.astype(float) - entry["mean"]) / entry["scale"]
            columns.append(scaled.fillna(0.0).to_numpy())
    return np.column_stack(columns)
