"""What an environment says of S3 -> how its lake, its models and its training sets reach it."""

from fig_assets.config.schema import Environment
from fig_assets.engines.connection import S3Access


def s3_access(environment: Environment) -> S3Access:
    """Return how S3 is reached; what is not said is boto3's own choice."""
    said = environment.s3
    return S3Access(said.endpoint or "", said.region or "", said.profile or "", environment.name)
