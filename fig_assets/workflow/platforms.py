"""What an environment says of training -> where own code is trained, and for how long."""

from fig_assets.config.schema import Environment
from fig_assets.errors import UnsupportedOnEngine
from fig_assets.models.jobs import LocalPlatform, Platform

SECONDS = 60.0


def platform(environment: Environment) -> Platform:
    """Return where own code is trained."""
    if environment.training.type == "local":
        return LocalPlatform()
    raise UnsupportedOnEngine("training at SageMaker is not there yet")


def timeout_s(environment: Environment) -> float:
    """Return how many seconds own code may take, to train or to score a day."""
    return environment.training.timeout_minutes * SECONDS
