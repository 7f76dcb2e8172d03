"""What an environment says of training -> where own code is trained, and for how long."""

from fig_assets.config.schema import Environment
from fig_assets.engines.sagemaker import Place
from fig_assets.models.jobs import LocalPlatform, Platform
from fig_assets.models.remote import SageMakerPlatform
from fig_assets.workflow.access import s3_access

SECONDS = 60.0


def platform(environment: Environment) -> Platform:
    """Return where own code is trained."""
    said = environment.training
    if said.type == "local":
        return LocalPlatform()
    place = Place(
        role=said.role or "",
        image=said.image or "",
        s3=said.s3 or "",
        instance_type=said.instance_type,
        volume_gb=said.volume_gb,
        region=said.region,
        access=s3_access(environment),
    )
    return SageMakerPlatform(place)


def timeout_s(environment: Environment) -> float:
    """Return how many seconds own code may take, to train or to score a day."""
    return environment.training.timeout_minutes * SECONDS
