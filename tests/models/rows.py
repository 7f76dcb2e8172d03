"""Rows, a request and a quickly trained model that the tests of this folder share."""

from dataclasses import replace
from datetime import date, timedelta
from functools import cache

import numpy as np
import pyarrow as pa

from fig_assets.models.train import Artifact, Input, TrainingRequest, train

DAY = date(2024, 3, 15)
INPUTS = (
    Input("rate__v1", "request.rate@1", "float", 11),
    Input("country__v2", "request.country@2", "string", 12),
    Input("logins__v1", "request.logins@1", "bigint", 13),
    Input("is_vip__v1", "request.is_vip@1", "boolean", 14),
    Input("seen__v1", "request.seen@1", "timestamp", 15),
    Input("joined__v1", "request.joined@1", "date", 16),
)
REQUEST = TrainingRequest(
    model="scorer",
    version=1,
    trained_for=DAY,
    days=(date(2024, 3, 11), date(2024, 3, 12)),
    inputs=INPUTS,
    label="verdict__v1",
    positive="malicious",
    key="session",
    hyperparameters={"num_iterations": 12, "learning_rate": 0.3, "num_leaves": 7},
)


def labelled_rows(count: int = 600, seed: int = 3) -> pa.Table:
    """Rows whose class follows from `rate__v1` and `country__v2`, with some noise and NULLs."""
    random = np.random.default_rng(seed)
    rate = random.random(count)
    country = random.choice(["BR", "DE", "JP", "US"], count, p=[0.1, 0.2, 0.3, 0.4])
    risk = rate + 0.5 * (country == "BR") + random.normal(0, 0.08, count)
    days = random.integers(0, 400, count)
    start = np.datetime64("2023-01-01T06:30:00", "us")
    return pa.table(
        {
            "session": [f"s{seed}-{number}" for number in range(count)],
            "rate__v1": pa.array(rate, mask=random.random(count) < 0.1),
            "country__v2": pa.array(country.tolist(), pa.string()),
            "logins__v1": pa.array(random.integers(0, 50, count)),
            "is_vip__v1": pa.array(random.random(count) < 0.05),
            "seen__v1": pa.array(start + days * np.timedelta64(86_400_000_000, "us")),
            "joined__v1": [date(2020, 1, 1) + timedelta(days=int(day)) for day in days],
            "verdict__v1": np.where(risk > 0.95, "malicious", "legitimate").tolist(),
        }
    )


def with_column(table: pa.Table, name: str, values: object) -> pa.Table:
    """Return `table` with the column `name` replaced."""
    position = table.column_names.index(name)
    return table.set_column(position, name, values)


def shuffled(table: pa.Table, seed: int = 1) -> pa.Table:
    """Return the rows of `table` in another order."""
    return table.take(np.random.default_rng(seed).permutation(table.num_rows))


@cache
def trained(days_earlier: int = 0) -> Artifact:
    """Return the model of `labelled_rows`, for `DAY` or some days before."""
    return train(labelled_rows(), replace(REQUEST, trained_for=DAY - timedelta(days=days_earlier)))
