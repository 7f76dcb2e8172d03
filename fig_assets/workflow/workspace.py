"""Configuration and graph -> everything an op needs at hand: engine, registry, folders."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fig_assets.config.load import Config
from fig_assets.config.schema import Environment
from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine
from fig_assets.engines.connection import Connection
from fig_assets.engines.limits import Limits, memory_bytes
from fig_assets.graph.nodes import Graph
from fig_assets.graph.version import RULE
from fig_assets.models.registry import Registry, open_registry
from fig_assets.workflow.access import s3_access


@dataclass(frozen=True, eq=False)
class Workspace:
    """One project in one environment, opened.

    `root` is the folder in which relative paths of the environment start.
    """

    graph: Graph
    engine: Engine
    registry: Registry
    environment: Environment
    root: Path
    config: Config

    @property
    def workers(self) -> int:
        """How many days or files are computed at once: one for each core, unless it is said."""
        return self.environment.warehouse.threads or workers()

    def fitting(self, size: int) -> int:
        """Return how many days that take so many bytes each are computed at once: one or more."""
        memory = memory_bytes(self.environment.warehouse.memory_limit)
        return max(1, min(self.workers, memory // max(size, 1)))

    def close(self) -> None:
        """Release the engine."""
        self.engine.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()


def workers() -> int:
    """Return how many cores this process may use."""
    return max(1, len(os.sched_getaffinity(0)))


def open_workspace(config: Config, graph: Graph) -> Workspace:
    """Open the engine and the model store that the environment names.

    Raises:
        UnsupportedOnEngine: the warehouse's type has no engine yet.
    """
    environment = config.environment.spec
    warehouse = environment.warehouse
    limits = Limits(
        warehouse.memory_limit,
        warehouse.temp_directory,
        warehouse.max_temp_directory_size,
        config.environment.file,
    )
    connection = _connection(environment, config.project.spec.name)
    engine = open_engine(warehouse.type, warehouse.path or "", config.root, limits, connection)
    engine.rule = RULE
    return Workspace(
        graph=graph,
        engine=engine,
        registry=open_registry(environment.models.path, config.root, connection.s3),
        environment=environment,
        root=config.root,
        config=config,
    )


def _connection(environment: Environment, project: str) -> Connection:
    given = environment.warehouse.connection
    settings = {key: it for key, it in given.items() if isinstance(it, str)}
    secrets = {key: it.env for key, it in given.items() if not isinstance(it, str)}
    s3 = s3_access(environment)
    return Connection(settings, secrets, environment.name, project=project, s3=s3)
