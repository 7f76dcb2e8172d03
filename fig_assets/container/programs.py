"""The programs of a container: train, predict and explain files, check the code."""

import json
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fig_assets.container import answers
from fig_assets.container.code import Code, load_code
from fig_assets.container.layout import (
    ABOUT,
    ANSWER,
    FAILED,
    INPUTS,
    LABEL,
    LOCATION,
    MOST_FAILURE,
    OWN_PREFIXES,
    ROWS,
    TRAIN,
    VALIDATION,
    WEIGHT,
    Layout,
    here,
)
from fig_assets.usercode.source import CodeError


def main(arguments: list[str]) -> int:
    """Run the program that `arguments` name first; return its exit status.

    What fails is written to `output/failure`, in words, and to the error stream.
    """
    known = ", ".join([*PROGRAMS, "serve"])
    if not arguments or arguments[0] not in (*PROGRAMS, "serve"):
        print(f"usage: python -m fig_assets.container PROGRAM, one of: {known}", file=sys.stderr)  # noqa: T201
        return 2
    layout = here()
    if arguments[0] == "serve":
        from fig_assets.container.serve import serve

        return serve(layout)
    return _run(PROGRAMS[arguments[0]], layout)


def train() -> None:
    """Train; for the public toolkit, which reports what is raised.

    Raises:
        CodeError: The package failed.
    """
    _train(here())


def load(layout: Layout) -> Code:
    """Import the package that the hyperparameters name."""
    return load_code(str(layout.hyperparameters()[LOCATION]), layout.code)


def read_rows(folder: Path) -> pa.Table:
    """Read all Parquet files of a channel, as one table, in the order of their names."""
    tables = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
    if not tables:
        raise CodeError(f"there is no Parquet file in {folder}")
    return pa.concat_tables(tables)


def _run(program: Callable[[Layout], None], layout: Layout) -> int:
    try:
        program(layout)
    except CodeError as refusal:
        fix = f"\n  fix: {refusal.fix}" if refusal.fix else ""
        _fail(layout, f"{refusal.message}{fix}", refusal.__cause__)
        return 1
    return 0


def _fail(layout: Layout, message: str, cause: BaseException | None) -> None:
    layout.failure.parent.mkdir(parents=True, exist_ok=True)
    layout.failure.write_text(message[:MOST_FAILURE], encoding="utf-8", errors="replace")
    print(FAILED, message, file=sys.stderr)  # noqa: T201
    if cause is not None:
        traceback.print_exception(cause)


def _train(layout: Layout) -> None:
    code = load(layout)
    seen = read_rows(layout.channel(TRAIN))
    unseen = read_rows(layout.channel(VALIDATION))
    layout.model.mkdir(parents=True, exist_ok=True)
    code.call("train", {**_split(seen), **_split(unseen, "validation_"), **_asked_with(layout)})
    if not any(layout.model.iterdir()):
        raise CodeError("train wrote nothing to model_dir", "write the model's files there")
    about = (seen.schema.metadata or {}).get(ABOUT, b"{}")
    (layout.model / INPUTS).write_bytes(about + b"\n")
    layout.success.parent.mkdir(parents=True, exist_ok=True)
    layout.success.touch()


def _split(table: pa.Table, prefix: str = "") -> Mapping[str, object]:
    """Part the columns of a channel: inputs, classes, and what each row counts for."""
    others = [name for name in (LABEL, WEIGHT) if name in table.column_names]
    labels = table.column(LABEL).to_numpy().astype(bool)
    weights = np.ones(len(labels))
    if WEIGHT in others:
        weights = table.column(WEIGHT).to_numpy()
    rows = table.drop_columns(others).replace_schema_metadata(None)
    return {f"{prefix}rows": rows, f"{prefix}labels": labels, f"{prefix}weights": weights}


def _asked_with(layout: Layout) -> Mapping[str, object]:
    found = layout.hyperparameters()
    own = {name: value for name, value in found.items() if not name.startswith(OWN_PREFIXES)}
    return {"hyperparameters": own, "model_dir": layout.model}


def _predict(layout: Layout) -> None:
    code, rows = load(layout), read_rows(layout.channel(ROWS))
    returned = code.call("predict", {"rows": rows, "model_dir": layout.model})
    found = answers.scores(returned, rows.num_rows)
    _answer(layout, pa.table({"score": pa.array(found)}))


def _explain(layout: Layout) -> None:
    code, rows = load(layout), read_rows(layout.channel(ROWS))
    returned = code.call("explain", {"rows": rows, "model_dir": layout.model})
    found = answers.contributions(returned, rows.num_rows, rows.num_columns)
    _answer(layout, pa.table({str(n): pa.array(column) for n, column in enumerate(found.T)}))


def _check(layout: Layout) -> None:
    code = load(layout)
    layout.answers.mkdir(parents=True, exist_ok=True)
    (layout.answers / "check.json").write_text(json.dumps({"explains": code.explains}))


def _answer(layout: Layout, table: pa.Table) -> None:
    layout.answers.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, layout.answers / ANSWER)


PROGRAMS: Mapping[str, Callable[[Layout], None]] = {
    "train": _train,
    "predict": _predict,
    "explain": _explain,
    "check": _check,
}
