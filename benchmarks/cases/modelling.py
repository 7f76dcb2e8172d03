"""Training and scoring one model, beside LightGBM alone on the same rows, encoded before."""

import logging
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import ours
from benchmarks.case import Bench, Case, Competitor, Ratio, Work
from fig_assets.models import encode
from fig_assets.models.artifact import Artifact, Card, Input
from fig_assets.models.calibrate import calibrated
from fig_assets.models.metrics import Floats
from fig_assets.models.score import score
from fig_assets.models.train import HELD_OUT, TrainingRequest, train
from fig_assets.models.training_rows import prepare

TRAINED, SCORED = 200_000, 1_000_000
NUMBERS, WORDS = 30, 6
ALONE = "LightGBM alone"
_DAY = date(2024, 3, 15)


def cases() -> tuple[Case, ...]:
    """List the two cases."""
    return (
        Case(
            "training",
            "Training on 200,000 rows of 30 numbers and 6 texts, judged and calibrated on 60,000 "
            "rows of other days; LightGBM alone fits the same trees on an encoded matrix",
            _rows,
            (
                Competitor(ours.NAME, _training, _fitted),
                Competitor(ALONE, _training_alone, _fitted),
            ),
            ALONE,
            ("place",),
            (Ratio("training_vs_lightgbm_alone", ALONE, ours.NAME),),
        ),
        Case(
            "scoring",
            "Scoring 1,000,000 rows in memory, encoded and calibrated; LightGBM alone predicts "
            "from an encoded matrix",
            _model,
            (
                Competitor(ours.NAME, _scoring, _scores),
                Competitor(ALONE, _scoring_alone, _calibrated),
            ),
            ALONE,
            ("place",),
            (Ratio("scoring_vs_lightgbm_alone", ALONE, ours.NAME),),
        ),
    )


@cache
def _request() -> TrainingRequest:
    names = [f"number_{n}" for n in range(NUMBERS)], [f"word_{n}" for n in range(WORDS)]
    kinds = zip(names, ("float", "string"), strict=True)
    inputs = [Input(name, f"rows.{name}@1", kind) for several, kind in kinds for name in several]
    return TrainingRequest(
        model="scorer",
        version=1,
        trained_for=_DAY,
        days=(_DAY,),
        inputs=tuple(inputs),
        label="label",
        positive="bad",
        key="key",
    )


def _made(count: int, seed: int) -> pa.Table:
    """Return rows of whose class some numbers and one text tell something; a tenth is missing."""
    random = np.random.default_rng(seed)
    numbers = random.normal(size=(NUMBERS, count))
    words = random.integers(0, 60, size=(WORDS, count))
    risk = numbers[:5].sum(axis=0) + 0.5 * (words[0] < 10) + random.normal(size=count)
    columns: dict[str, object] = {"key": [f"{seed}-{n}" for n in range(count)]}
    for place, values in enumerate(numbers):
        columns[f"number_{place}"] = pa.array(values, mask=random.random(count) < 0.1)
    for place, codes in enumerate(words):
        columns[f"word_{place}"] = np.char.add("word ", codes.astype(str)).tolist()
    columns["label"] = np.where(risk > 4.5, "bad", "good").tolist()
    return pa.table(columns)


def _rows(bench: Bench) -> Path:
    def make(folder: Path) -> None:
        trained = bench.count(TRAINED, least=400)
        pq.write_table(_made(trained, 1), folder / "trained.parquet")
        pq.write_table(_made(trained * 3 // 10, 2), folder / "unseen.parquet")
        pq.write_table(_made(bench.count(SCORED, least=400), 3), folder / "scored.parquet")

    return bench.cached("model_rows", make)


def _model(bench: Bench) -> Path:
    rows = _rows(bench)

    def make(folder: Path) -> None:
        made = _trained(rows)
        (folder / "model.txt").write_text(made.model_text, encoding="utf-8")
        (folder / "card.json").write_text(made.card.to_json(), encoding="utf-8")

    return bench.cached("model", make)


def _trained(rows: Path) -> Artifact:
    unseen = pq.read_table(rows / "unseen.parquet")
    return train(pq.read_table(rows / "trained.parquet"), _request(), unseen=unseen)


def _training(bench: Bench, folder: Path) -> Work:
    rows = _rows(bench)
    tables = [pq.read_table(rows / f"{name}.parquet") for name in ("trained", "unseen")]
    _import_lightgbm()

    def work() -> None:
        made = train(tables[0], _request(), unseen=tables[1])
        (folder / "model.txt").write_text(made.model_text, encoding="utf-8")

    return work


def _training_alone(bench: Bench, folder: Path) -> Work:
    """Fit with the parameters of our model's card: four folds, the fifth stops."""
    import lightgbm as lgb

    rows = prepare(pq.read_table(_rows(bench) / "trained.parquet"), _request())
    settings = dict(_artifact(bench).card.hyperparameters)
    rounds, patience = (settings.pop(n) for n in ("num_iterations", "early_stopping_rounds"))
    fixed = {"objective": "binary", "metric": "binary_logloss", "verbosity": -1}
    same = {"deterministic": True, "force_col_wise": True, "seed": _request().seed}
    is_held_out = rows.folds == HELD_OUT
    matrix, labels = _numbers(rows.sample.matrix), rows.sample.labels

    def work() -> None:
        seen = lgb.Dataset(
            matrix[~is_held_out],
            labels[~is_held_out],
            categorical_feature=list(range(NUMBERS, NUMBERS + WORDS)),
            params={"verbosity": -1, "num_threads": 1},
        )
        booster = lgb.train(
            {**fixed, **same, **settings, "num_threads": 1},
            seen,
            num_boost_round=int(rounds),
            valid_sets=[seen.create_valid(matrix[is_held_out], labels[is_held_out])],
            callbacks=[lgb.early_stopping(int(patience), verbose=False)],
        )
        text = booster.model_to_string(num_iteration=booster.best_iteration)
        (folder / "model.txt").write_text(text, encoding="utf-8")

    return work


def _fitted(bench: Bench, folder: Path) -> Mapping[str, Path]:
    """Apply what was fitted to the rows of the other days."""
    import lightgbm as lgb

    known = lgb.Booster(model_file=folder / "model.txt")
    table = pq.read_table(_rows(bench) / "unseen.parquet")
    scores = known.predict(_numbers(_encoded(_artifact(bench).card, table)))
    return {"scores": _written(folder, np.asarray(scores))}


def _scoring(bench: Bench, folder: Path) -> Work:
    artifact, table = _artifact(bench), _scored(bench)
    score(artifact, table.slice(0, 10))

    def work() -> None:
        np.save(folder / "scores.npy", score(artifact, table).to_numpy())

    return work


def _scoring_alone(bench: Bench, folder: Path) -> Work:
    import lightgbm as lgb

    matrix = _numbers(_encoded(_artifact(bench).card, _scored(bench)))
    known = lgb.Booster(model_str=_artifact(bench).model_text)
    known.predict(matrix[:10], num_threads=1)

    def work() -> None:
        np.save(folder / "scores.npy", known.predict(matrix, num_threads=1))

    return work


def _scores(bench: Bench, folder: Path) -> Mapping[str, Path]:
    return {"scores": _written(folder, np.load(folder / "scores.npy"))}


def _calibrated(bench: Bench, folder: Path) -> Mapping[str, Path]:
    curve = _artifact(bench).card.calibration
    return {"scores": _written(folder, calibrated(curve, np.load(folder / "scores.npy")))}


def _written(folder: Path, scores: Floats) -> Path:
    file = folder / "scores.parquet"
    pq.write_table(pa.table({"place": np.arange(len(scores)), "score": scores}), file)
    return file


def _scored(bench: Bench) -> pa.Table:
    return pq.read_table(_rows(bench) / "scored.parquet")


def _artifact(bench: Bench) -> Artifact:
    folder = _model(bench)
    card = Card.from_json((folder / "card.json").read_text(encoding="utf-8"), "card.json")
    return Artifact((folder / "model.txt").read_text(encoding="utf-8"), card)


def _encoded(card: Card, table: pa.Table) -> pa.Table:
    return encode.matrix(table, card.inputs, card.categories)


def _numbers(matrix: pa.Table) -> Floats:
    columns = [column.to_numpy() for column in matrix.columns]
    return np.ascontiguousarray(np.column_stack(columns))


def _import_lightgbm() -> None:
    import lightgbm

    lightgbm.register_logger(logging.getLogger("benchmarks"))
