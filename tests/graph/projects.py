"""A small project of every kind of thing, changed a little and written into a folder."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fig_assets.config.load import load_config
from fig_assets.errors import ConfigError, Problem
from fig_assets.graph.build import build_graph
from fig_assets.graph.nodes import Graph

Json = dict[str, Any]
Change = Callable[[Json], object]

SMALL: Json = {
    "project.json": {
        "name": "shop",
        "start_date": "2024-01-01",
        "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
    },
    "environments/local.json": {
        "name": "local",
        "warehouse": {"type": "duckdb", "path": "lake"},
        "models": {"path": "models"},
        "sources": {
            "events": {"format": "json", "path": "raw/{date}*.jsonl", "late_days": 1},
            "countries": {"format": "csv", "path": "raw/countries.csv"},
        },
    },
    "tables/countries.json": {
        "name": "countries",
        "source": "countries",
        "key": "code",
        "columns": {"code": "string", "name": "string", "risk": "float"},
    },
    "events/order.json": {
        "name": "order",
        "event_name": "order",
        "fields": {
            "session": "session:id",
            "shop": "shop::bigint",
            "country": "country",
            "amount": "amount::float",
            "is_refund": {"function": "$amount < 0"},
        },
    },
    "features/shop.json": {
        "name": "shop_stats",
        "granularity": "shop",
        "period": ["daily", "weekly_by_day"],
        "groups": [
            {
                "source": "order",
                "granularity_field": "shop",
                "features": {
                    "orders": "@COUNT(*)",
                    "refunds": "@SUM($is_refund)",
                    "refund_rate": {"function": "@DIVIDE($refunds, $orders)", "type": "float"},
                },
            }
        ],
    },
    "features/request.json": {
        "name": "request",
        "granularity": "session",
        "granularity_type": "string",
        "groups": [
            {
                "source": "order",
                "granularity_field": "session",
                "features": {"shop": "$shop", "country": "$country", "amount": "$amount"},
            },
            {
                "source": "shop_stats",
                "granularity_match": {"field": "shop", "period": "weekly_by_day"},
                "features": "*",
            },
            {
                "source": "countries",
                "granularity_match": {"field": "country"},
                "features": ["risk"],
            },
            {"features": {"is_odd": "$shop_stats_weekly_refund_rate > 0.5"}},
        ],
    },
    "labels/fraud.json": {
        "name": "fraud",
        "family": "request",
        "classes": ["fine", "fraud"],
        "weak_labels": {
            "many_refunds": {"when": "$shop_stats_weekly_refunds > 9", "vote": "fraud"},
            "small": {"when": "$amount < 10", "vote": "fine"},
        },
        "strong_labels": {"majority": {"method": "plurality_vote", "default": "fine"}},
    },
    "models/scorer.json": {
        "name": "scorer",
        "training_delay_delta_days": 3,
        "training_time_delta_days": 2,
        "input_features": [
            {"family_name": "request", "feature_names": {"all": ["country", "is_odd"]}}
        ],
        "truth_label": {"source": "fraud", "name": "majority"},
        "output_features": ["score"],
        "allow_shared": {"is_odd": "the label counts refunds, this is their share"},
    },
}


def changed(*changes: Change) -> Json:
    """Give a copy of the small project to which `changes` were made."""
    project = copy.deepcopy(SMALL)
    for change in changes:
        change(project)
    return project


def put(file: str, *path: str | int, value: object) -> Change:
    """Make a change that sets what stands at `path` of a file."""

    def change(project: Json) -> None:
        place: Any = project[file]
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


def drop(file: str, *path: str | int) -> Change:
    """Make a change that takes out what stands at `path` of a file, or the whole file."""

    def change(project: Json) -> None:
        place: Any = project
        steps = (file, *path)
        for step in steps[:-1]:
            place = place[step]
        del place[steps[-1]]

    return change


def write(folder: Path, project: Json) -> Path:
    """Write a project, a JSON value for each path below configs/; gives the folder."""
    for name, content in project.items():
        path = folder / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    return folder / "configs"


def graph_of(folder: Path, *changes: Change) -> Graph:
    """Resolve the small project with `changes`."""
    return build_graph(load_config(write(folder, changed(*changes)), "local"))[0]


def warnings_of(folder: Path, *changes: Change) -> tuple[Problem, ...]:
    """Give the warnings of the small project with `changes`."""
    return build_graph(load_config(write(folder, changed(*changes)), "local"))[1]


def problems_of(folder: Path, *changes: Change) -> list[str]:
    """Give the problems of the small project with `changes`, each as its whole text.

    Lines and columns are left out: they are the business of the tests of the configuration.
    """
    config = load_config(write(folder, changed(*changes)), "local")
    try:
        build_graph(config)
    except ConfigError as error:
        return [_without_line(problem) for problem in error.problems]
    return []


def _without_line(problem: Problem) -> str:
    where = problem.where
    place = f"{where.file}:{where.line}:{where.column}:"
    return str(problem).replace(place, f"{where.file}:")
