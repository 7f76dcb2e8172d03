"""Write features, labels and models of an event stream once; get a complete Dagster project.

import fig_assets as fig

project = fig.load_project("configs", environment="local")
project.execute_workflow(start, end)
project.read("asn", period="weekly_by_day")
"""

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
