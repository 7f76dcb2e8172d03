"""A training of own code -> a training job at SageMaker, and the files of its model."""

import json
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fig_assets.container.layout import CODE
from fig_assets.engines.sagemaker import POLL_S, Place, TrainingJob, run_training_job
from fig_assets.errors import EngineError, ModelError
from fig_assets.models import model_files
from fig_assets.models.jobs import Job, lay_out

LONGEST_NAME = 40
"""Characters of a job's name before the eight that make it the only one; AWS allows 63."""


@dataclass(frozen=True)
class SageMakerPlatform:
    """Trains at SageMaker: the same folders, sent there."""

    place: Place
    poll_s: float = POLL_S

    def train(self, job: Job) -> dict[str, bytes]:
        """See `Platform.train`."""
        with tempfile.TemporaryDirectory(prefix="fig-model-") as folder:
            layout = lay_out(job, Path(folder) / "ml")
            texts = json.loads((layout.config / "hyperparameters.json").read_text())
            names = [*job.channels, *([CODE] if job.code else [])]
            asked = TrainingJob(
                name=job_name(job.name),
                hyperparameters=texts,
                channels={name: layout.channel(name) for name in names},
                timeout_s=job.timeout_s,
                most_bytes=model_files.MOST_BYTES,
            )
            archive = Path(folder) / "model.tar.gz"
            try:
                run_training_job(asked, self.place, archive, poll_s=self.poll_s)
                with archive.open("rb") as packed:
                    return model_files.from_archive(packed)
            except (EngineError, ModelError) as refusal:
                raise job.refuse(str(refusal)) from refusal


def job_name(title: str) -> str:
    """Make a name of letters, digits and hyphens that no other job has.

    >>> job_name("model 'scorer' v1 trained for 2024-01-06")[:-8]
    'fig-scorer-v1-2024-01-06-'
    """
    short = title.removeprefix("model ").replace("trained for ", "")
    plain = re.sub("[^A-Za-z0-9]+", "-", f"fig-{short}").strip("-")[:LONGEST_NAME]
    return f"{plain.rstrip('-')}-{secrets.token_hex(4)}"
