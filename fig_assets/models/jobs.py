"""A training of own code -> the folders of a container, a process, and the files it leaves."""

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from fig_assets.container.layout import (
    BASE,
    CODE,
    FAILED,
    LOCATION,
    MOST_FAILURE,
    PARQUET,
    Layout,
    as_texts,
)
from fig_assets.container.lifeline import LIFELINE
from fig_assets.errors import ModelError
from fig_assets.models import model_files
from fig_assets.models.artifact import TIMEOUT_S
from fig_assets.models.process import MOST_SHOWN, Ended, run

PROGRAM = "fig_assets.container"
CHANNEL = {
    "ContentType": "application/x-parquet",
    "TrainingInputMode": "File",
    "S3DistributionType": "FullyReplicated",
    "RecordWrapperType": "None",
}
LOCAL = "localhost"
LAST_LINES, LONGEST_LINE = 20, 500
"""How much of what a program printed last is told when it fails."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""For scores: sums of floats in one order, whatever the machine, and days beside each other."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class OwnCodeFailed(ModelError):
    """A package raised, hung, or answered with what is no answer: somebody must mend it."""


@dataclass(frozen=True, eq=False)
class Job:
    """What a program of a package is asked with."""

    name: str
    """The model and the day, for messages."""
    location: str
    code: Mapping[str, bytes]
    """The files of the package, by path; none where it is installed."""
    channels: Mapping[str, pa.Table]
    hyperparameters: Mapping[str, object] = field(default_factory=dict)
    timeout_s: float = TIMEOUT_S

    def refuse(self, message: str, fix: str = "") -> OwnCodeFailed:
        """Return the error that names the model, its code, and what is wrong."""
        mend = f"\n  fix: {fix}" if fix else ""
        return OwnCodeFailed(f"{self.name}: own code '{self.location}': {message}{mend}")


class Platform(Protocol):
    """Where own code is trained."""

    def train(self, job: Job) -> dict[str, bytes]:
        """Train, and return the files of the model by path.

        Raises:
            OwnCodeFailed: The code failed; names model, day and what was wrong.
            ModelError: The platform refused.
        """
        ...


class LocalPlatform:
    """Trains in a process on this machine, with the folders of a container."""

    def train(self, job: Job) -> dict[str, bytes]:
        """See `Platform.train`."""
        with _folder() as base:
            layout = lay_out(job, Path(base))
            _run(job, "train", layout)
            if not layout.success.is_file():
                raise job.refuse("train ended the process before it returned", "leave exit() out")
            return model_of(job, layout)


def model_of(job: Job, layout: Layout) -> dict[str, bytes]:
    """Read the files that a training has left.

    Raises:
        OwnCodeFailed: There are too many or too large ones, or other things than files.
    """
    try:
        return model_files.from_folder(layout.model)
    except ModelError as refusal:
        raise job.refuse(str(refusal)) from refusal


def ask(job: Job, program: str, model: Mapping[str, bytes], answer: str) -> pa.Table:
    """Run a program that answers with a table.

    Args:
        job: What it is asked with.
        program: Such as `predict`.
        model: The files of the model, by path.
        answer: The name of the file that it answers with.

    Raises:
        OwnCodeFailed: It failed, was too slow, or did not answer with a table.
    """
    with _folder() as base:
        layout = lay_out(job, Path(base))
        model_files.write(model, layout.model)
        _run(job, program, layout, ONE_THREAD)
        try:
            return pq.read_table(layout.answers / answer)
        except (OSError, pa.ArrowException) as refusal:
            message = f"{program} ended the process before it answered"
            raise job.refuse(message, "leave exit() out") from refusal


def check(job: Job) -> None:
    """Import a package, and see that its functions can be called.

    Raises:
        OwnCodeFailed: They cannot; says why.
    """
    with _folder() as base:
        _run(job, "check", lay_out(job, Path(base)))


def lay_out(job: Job, base: Path) -> Layout:
    """Write what a container finds below `/opt/ml` to `base`."""
    layout = Layout(base)
    for folder in (layout.config, layout.model, layout.answers):
        folder.mkdir(parents=True)
    for name, table in job.channels.items():
        layout.channel(name).mkdir(parents=True)
        pq.write_table(table, layout.channel(name) / PARQUET)
    if job.code:
        model_files.write(job.code, layout.channel(CODE))
    channels = [*job.channels, *([CODE] if job.code else [])]
    hosts = {"current_host": LOCAL, "hosts": [LOCAL], "network_interface_name": "lo"}
    asked = as_texts({**job.hyperparameters, LOCATION: job.location})
    _write(layout.config / "hyperparameters.json", asked)
    _write(layout.config / "inputdataconfig.json", dict.fromkeys(channels, CHANNEL))
    _write(layout.config / "resourceconfig.json", hosts)
    return layout


def _run(job: Job, program: str, layout: Layout, more: Mapping[str, str] | None = None) -> None:
    """Run a program in a process; raises what it says is wrong."""
    command: Sequence[str] = (sys.executable, "-m", PROGRAM, program)
    places = {BASE: str(layout.base), LIFELINE: "1", **(more or {})}
    work = layout.base / "tmp"
    work.mkdir()
    shown = MOST_SHOWN if program == "train" else 0
    ended = run(command, work, timeout_s=job.timeout_s, more=places, shown=shown)
    if ended.timed_out:
        raise job.refuse(
            f"{program} took longer than {job.timeout_s:g} seconds, and was ended{_last(ended)}",
            'make it faster, or raise "timeout_minutes" of "training" in the environment',
        )
    if ended.status:
        raise job.refuse(_why(program, ended, layout))


def _why(program: str, ended: Ended, layout: Layout) -> str:
    """Say why a program failed: in its own words, else by what it printed last."""
    if layout.failure.is_file() and not layout.failure.is_symlink():
        with layout.failure.open("rb") as file:
            return _clean(file.read(4 * MOST_FAILURE).decode(errors="replace")) + _last(ended)
    if ended.status < 0:
        return f"{program} was ended by signal {-ended.status}{_last(ended)}"
    return f"{program} ended with status {ended.status}{_last(ended)}"


def _last(ended: Ended) -> str:
    """Return the last lines that the user's code printed, not those about its failure."""
    words = _clean(ended.words.partition(f"{FAILED} ")[0])
    lines = [line[:LONGEST_LINE] for line in words.splitlines()[-LAST_LINES:]]
    return "".join(["\n  it printed last:", *(f"\n    {line}" for line in lines)]) if lines else ""


def _clean(text: str) -> str:
    return _CONTROL.sub("", text)


def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(
        prefix=f"fig-model-{os.getpid()}-", ignore_cleanup_errors=True
    )


def _write(place: Path, content: object) -> None:
    place.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")
