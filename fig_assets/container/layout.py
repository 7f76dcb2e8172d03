"""The folders and files of SageMaker's container contract, and what stands in them.

    input/config/hyperparameters.json, inputdataconfig.json, resourceconfig.json
    input/data/<channel>/          train, validation, code; rows where a program scores
    model/                         what training leaves behind
    output/failure, output/success why training failed, or that it did not
    output/data/                   what a program that scores answers
    code/                          the code, where an image holds it

Source: Amazon SageMaker Developer Guide, "Use your own training algorithms".
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE = "SAGEMAKER_BASE_DIR"
"""The environment variable that names another folder than `/opt/ml`; the public toolkit's."""
TRAIN, VALIDATION, CODE, ROWS = "train", "validation", "code", "rows"
LOCATION, SEED = "fig_location", "seed"
"""Hyperparameters beside the user's: the package, and what makes its training repeatable."""
OWN_PREFIXES = ("fig_", "sagemaker_")
"""What the names of hyperparameters begin with that are not the user's."""
LABEL, WEIGHT = "label", "weight"
"""Columns beside the inputs, whose names end in `__v<N>`."""
ABOUT = b"fig"
"""The key in the metadata of the rows under which their inputs are described as JSON."""
INPUTS = "fig-inputs.json"
"""The file in `model/` that describes the inputs to the server."""
PARQUET = "rows.parquet"
ANSWER = "answer.parquet"
FAILED = "failed:"
"""What the line begins with that says why a program failed."""
MOST_FAILURE = 1_024
"""Characters of `output/failure` that SageMaker shows."""


@dataclass(frozen=True)
class Layout:
    """Where a program finds its input and leaves its output."""

    base: Path

    @property
    def config(self) -> Path:
        """The folder of what the job was asked with."""
        return self.base / "input" / "config"

    def channel(self, name: str) -> Path:
        """Return the folder of a channel."""
        return self.base / "input" / "data" / name

    @property
    def code(self) -> Path:
        """The folder that holds the package: a channel, or what the image holds."""
        sent = self.channel(CODE)
        return sent if sent.is_dir() else self.base / "code"

    @property
    def model(self) -> Path:
        """The folder whose files are the trained model."""
        return self.base / "model"

    @property
    def answers(self) -> Path:
        """The folder of what is not the model."""
        return self.base / "output" / "data"

    @property
    def failure(self) -> Path:
        """The file that says why training failed."""
        return self.base / "output" / "failure"

    @property
    def success(self) -> Path:
        """The file that says that training came to its end."""
        return self.base / "output" / "success"

    def hyperparameters(self) -> dict[str, object]:
        """Read all hyperparameters: JSON where a text is some, else the text."""
        found = json.loads((self.config / "hyperparameters.json").read_text(encoding="utf-8"))
        return {name: _decoded(text) for name, text in found.items()}


def here() -> Layout:
    """Return the layout of this process."""
    return Layout(Path(os.environ.get(BASE, "/opt/ml")))


def as_texts(hyperparameters: Mapping[str, object]) -> dict[str, str]:
    """Write every hyperparameter as a text, which is JSON: the contract knows nothing else."""
    return {
        name: json.dumps(value, sort_keys=True, allow_nan=False)
        for name, value in hyperparameters.items()
    }


def _decoded(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
