"""How one logs in to a warehouse: plain settings, and the names of what the environment holds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from fig_assets.errors import EngineError


@dataclass(frozen=True)
class S3Access:
    """How an environment reaches S3; what is empty is boto3's own choice."""

    endpoint: str = ""
    region: str = ""
    profile: str = ""
    environment: str = ""
    """The name of the environment, for messages."""


ANY_ACCESS = S3Access()


@dataclass(frozen=True)
class Connection:
    """The `connection` of an environment's warehouse; secrets are read when one logs in.

    `secrets` gives the environment variable of each; `environment` is what messages name; `s3`
    says how a lake in a bucket is reached; `project` is shown in a warehouse's history of queries.
    """

    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    environment: str = ""
    s3: S3Access = ANY_ACCESS
    project: str = ""

    def resolved(self) -> dict[str, str]:
        """Return all settings, with the secrets read from the process's environment.

        Raises:
            EngineError: a variable is not set; names it, never a value.
        """
        missing = sorted({name for name in self.secrets.values() if not os.environ.get(name)})
        if missing:
            raise EngineError(
                f"environment '{self.environment}': {', '.join(missing)} is not set\n"
                f"  fix: export {missing[0]}=... before you run this"
            )
        read = {key: os.environ[name] for key, name in self.secrets.items()}
        return {**self.settings, **read}


NO_CONNECTION = Connection()
