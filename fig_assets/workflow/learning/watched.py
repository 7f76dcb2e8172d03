"""What was measured of a day -> numbers that are plotted over days, and tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from fig_assets.models.watch import QUANTILES, DayWatch, Watched
from fig_assets.workflow.learning.monitor import Matured

MOST_PLOTTED = 40
"""Inputs of which numbers are plotted, the first in the model; the table holds all."""
HEADS = ("attribute", "nulls", "mean", *QUANTILES, "top", "PSI", "JS")


def numbers_of(found: DayWatch) -> dict[str, float]:
    """Return what is plotted of a watched day, by names such as `psi/request.country@2`."""
    numbers = {f"above/{threshold:g}": share for threshold, share in found.above.items()}
    if found.furthest is not None:
        numbers["psi/furthest"] = found.furthest.psi or 0.0
    for it in (found.scores, *found.inputs[:MOST_PLOTTED]):
        told = {
            "psi": it.psi,
            "js": it.js,
            "nulls": it.null_share,
            "mean": it.mean,
            **it.quantiles,
        }
        numbers |= {f"{what}/{it.name}": v for what, v in told.items() if v is not None}
    return numbers


def numbers_of_matured(found: Matured) -> dict[str, float]:
    """Return what is plotted of a day whose labels came, by names such as `matured/roc_auc`."""
    values = {it.name: getattr(found, it.name) for it in fields(found) if it.name != "day"}
    return {f"matured/{name}": value for name, value in values.items() if value is not None}


def rows_of(found: DayWatch) -> list[dict[str, str]]:
    """Return a row for the scores and for each input, all cells as text."""
    return [dict(zip(HEADS, cells(it), strict=True)) for it in (found.scores, *found.inputs)]


def cells(it: Watched) -> Sequence[str]:
    """Return the cells of an attribute, in the order of `HEADS`; `-` for what is not known."""
    top = ", ".join(f"{text[:40]} {share:.1%}" for text, share in it.top)
    return (
        it.name,
        "-" if it.null_share is None else f"{it.null_share:.2%}",
        _number(it.mean),
        *(_number(it.quantiles.get(name)) for name in QUANTILES),
        top or "-",
        _number(it.psi),
        _number(it.js),
    )


def notes_of(found: DayWatch) -> Mapping[str, object]:
    """Return what is told of a watched day in words."""
    if found.problem:
        return {"watched": found.problem}
    if found.furthest is None:
        return {"watched": "too few rows to tell how far they lie from the training's"}
    return {"furthest": found.furthest.name}


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
