"""Write features, labels and models of an event stream once; get a complete Dagster project.

    import fig_assets as fig

    project = fig.load_project("configs", environment="local")
    project.execute_workflow(start, end)
    project.read("asn", period="weekly_by_day")

Names are imported when they are first used: Dagster's processes import this package for its
storage alone, and should not pay for the rest.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fig_assets.errors import (
        ConfigError,
        EngineError,
        FigError,
        ModelError,
        Problem,
        UnsupportedOnEngine,
        WorkflowError,
    )
    from fig_assets.project import Project, load_project

__all__ = [
    "ConfigError",
    "EngineError",
    "FigError",
    "ModelError",
    "Problem",
    "Project",
    "UnsupportedOnEngine",
    "WorkflowError",
    "load_project",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'fig_assets' has no attribute '{name}'")
    home = "project" if name in ("Project", "load_project") else "errors"
    return getattr(import_module(f"fig_assets.{home}"), name)
