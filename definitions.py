"""The Dagster code location: the project in FIG_PROJECT, in the environment FIG_ENV."""

import os

import fig_assets as fig

defs = fig.load_project(
    os.environ.get("FIG_PROJECT", "configs"), os.environ.get("FIG_ENV", "local")
).definitions()
