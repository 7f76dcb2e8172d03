"""Scores against the hidden truth, which no part of the pipeline reads."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from fig_assets.graph.nodes import Model
from fig_assets.models.measure import Measured, measure
from fig_assets.models.metrics import average_precision
from fig_assets.pictures.shown import page, table
from fig_assets.project import Project
from fig_assets.workflow.learning.model_pictures import precision_recall

PICTURE = "data/demo.html"
Row = tuple[date, object]
"""A day and the key of a request."""


@dataclass(frozen=True)
class Judged:
    """A model's scores beside the truth, on the requests that all judged models scored."""

    model: str
    average_precision: float
    measured: Measured
    inputs: int = 0
    description: str = ""


def judge(project: Project, truth: Path, days: tuple[date, date]) -> list[Judged]:
    """Compare each model's scores of `days`, both inclusive, with the files of the truth.

    Returns:
        As `judged`, the model with the most inputs first.
    """
    models = sorted(project.graph.models.values(), key=lambda model: -len(model.inputs))
    scores = {model.title: _scores(project, model, days) for model in models}
    found = {one.model: one for one in judged(scores, read_truth(truth))}
    return [
        replace(found[it.title], inputs=len(it.inputs), description=it.about.description)
        for it in models
        if it.title in found
    ]


def judged(scores: Mapping[str, Mapping[Row, float]], truth: Mapping[Row, bool]) -> list[Judged]:
    """Measure the scores of each model on the requests that all of them scored.

    Models that scored nothing are left out. Empty where the requests are of one kind only.
    """
    scored = {model: found for model, found in scores.items() if found}
    if not scored:
        return []
    rows = sorted(set(truth).intersection(*scored.values()), key=str)
    labels = np.array([truth[row] for row in rows], bool)
    if not labels.any() or labels.all():
        return []
    days = np.array([day.toordinal() for day, _ in rows])
    values = {model: np.array([found[row] for row in rows]) for model, found in scored.items()}
    return [
        Judged(model, average_precision(labels, found), measure(labels, found, days=days))
        for model, found in values.items()
    ]


def read_truth(folder: Path) -> dict[Row, bool]:
    """Read which requests are attacks: of each day a CSV file, of a request its first line."""
    known: dict[Row, bool] = {}
    for file in sorted(folder.glob("*.csv")):
        day = date.fromisoformat(file.stem)
        with file.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                is_bad = row["malicious"].lower() in ("1", "true")
                known.setdefault((day, row["external_session_id"]), is_bad)
    return known


def write_picture(judged: Sequence[Judged], file: Path) -> None:
    """Write a page with what every model finds at what price, as curves and as numbers."""
    named = [(f"{one.model}: {one.average_precision:.3f}", one.measured) for one in judged]
    heads = ("model", "inputs", "average precision", "95 % by days", "what it is")
    file.parent.mkdir(parents=True, exist_ok=True)
    body = [
        "<h1>Scores against the hidden truth</h1>",
        *table(heads, (cells(one) for one in judged)),
        precision_recall(named),
    ]
    file.write_text(page("Scores against the hidden truth", body), encoding="utf-8")


def cells(one: Judged) -> tuple[str, str, str, str, str]:
    """Return what a row of a table says of a model."""
    found = one.measured.intervals.get("average_precision")
    between = f"{found[0]:.3f} to {found[1]:.3f}" if found else ""
    precision = f"{one.average_precision:.3f}"
    return (one.model, str(one.inputs), precision, between, one.description)


def _scores(project: Project, model: Model, days: tuple[date, date]) -> dict[Row, float]:
    output = model.outputs[0].name
    table = project.read(model.title, start=days[0], end=days[1], columns=[output])
    key = table.column_names[1]
    columns = (table.column(name).to_pylist() for name in ("day", key, output))
    return {
        (day, name): value for day, name, value in zip(*columns, strict=True) if value is not None
    }
