"""The Dagster code location: the project in FIG_PROJECT, in the environment FIG_ENV."""

import os
from pathlib import Path

import fig_assets as fig

folder = Path(__file__).parent / os.environ.get("FIG_PROJECT", "configs")
environment = os.environ.get("FIG_ENV", "local")
defs = fig.load_project(folder, environment, healthy_only=True).definitions()
