"""Configuration and graph -> everything an op needs at hand: engine, registry, folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from fig_assets.config.load import Config
from fig_assets.config.schema import Environment
from fig_assets.engines import open_engine
from fig_assets.engines.base import Engine
from fig_assets.graph.nodes import Graph
from fig_assets.models.registry import Registry


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

    def close(self) -> None:
        """Release the engine."""
        self.engine.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()


def open_workspace(config: Config, graph: Graph) -> Workspace:
    """Open the engine and the model store that the environment names.

    Raises:
        UnsupportedOnEngine: the warehouse's type has no engine yet.
    """
    environment = config.environment.spec
    warehouse = environment.warehouse
    return Workspace(
        graph=graph,
        engine=open_engine(warehouse.type, warehouse.path or "", config.root),
        registry=Registry((config.root / environment.models.path).resolve()),
        environment=environment,
        root=config.root,
        config=config,
    )
