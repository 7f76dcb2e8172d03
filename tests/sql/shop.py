"""The small project with one of everything that SQL is written for, and its statements."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from sqlglot import exp

from fig_assets.config.load import load_config
from fig_assets.graph.build import build_graph
from fig_assets.graph.period import Window
from fig_assets.sql.published import days_of, published, select_published
from fig_assets.sql.training_set import select_training_set
from fig_assets.workflow.steps.compute import attributes_of, writes
from fig_assets.workflow.workspace import Workspace, open_workspace
from tests.graph.projects import Change, Json, changed, put, write

DAY = date(2024, 3, 14)


def _two_sources(project: Json) -> None:
    """Add the event `visit`, and a family over visits and orders together."""
    project["events/visit.json"] = {
        "name": "visit",
        "event_name": "visit",
        "where": "$page IS NOT NULL",
        "fields": {
            "country": "country",
            "page": "page::string",
            "seconds": "seconds::float",
            "tags": "tags[*]:name",
        },
    }
    project["features/country.json"] = {
        "name": "land",
        "granularity": "country",
        "period": ["daily"],
        "groups": [
            {
                "source": "order",
                "granularity_field": "country",
                "where": "NOT $is_refund",
                "features": {"orders": "@COUNT(*)", "shops": "@COUNT_DISTINCT($shop)"},
            },
            {
                "source": "visit",
                "granularity_field": "country",
                "features": {"seconds": "@SUM($seconds)", "pages": "@COUNT_DISTINCT($page)"},
            },
            {"features": {"seconds_per_order": "$seconds / $orders"}},
        ],
    }


def _in_python(project: Json) -> None:
    """Add families of windows and of rows with features in Python between those of statements."""
    call = {"python": "odd:odd", "type": "float"}
    till = {
        "orders": "@COUNT(*)",
        "oddness": {**call, "inputs": ["$orders"]},
        "largest": "@COALESCE(@MAX($amount), $oddness)",
        "is_odd": "$oddness > $orders",
    }
    basket = {
        "country": "$country",
        "oddness": {**call, "inputs": ["$amount", "$country"]},
        "is_odd": "$oddness > 0.5",
    }
    project["features/odd.json"] = [
        {
            "name": name,
            "granularity": key,
            **more,
            "groups": [{"source": "order", "granularity_field": key, "features": features}],
        }
        for name, key, features, more in (
            ("till", "shop", till, {"period": ["daily"]}),
            ("basket", "session", basket, {}),
        )
    ]


def _later_rows(project: Json) -> None:
    """Add a feature over the model's score, and labels over that."""
    groups = project["features/request.json"]["groups"]
    groups.append({"source": "scorer", "features": ["score"]})
    groups.append({"features": {"is_alarm": "$scorer_score > 0.9"}})


CHANGES: list[Change] = [
    put(
        "features/shop.json", "groups", 0, "features",
        value={
            "orders": "@COUNT(*)",
            "refunds": "@SUM($is_refund)",
            "countries": "@COUNT_DISTINCT($country)",
            "spent": "@SUM($amount) FILTER (WHERE $amount > 0)",
            "spread": "@STDDEV($amount)",
            "last_country": "@LAST($country)",
            "refund_rate": {"function": "@DIVIDE($refunds, $orders)", "type": "float"},
        },
    ),
    put("features/request.json", "groups", 1, "no_match", value="zero"),
    put("labels/fraud.json", "weak_labels", "small", "when", value="$is_refund AND $amount > -9.5"),
    _two_sources,
    _in_python,
    _later_rows,
]  # fmt: skip


@contextmanager
def opened(folder: Path) -> Iterator[Workspace]:
    """Open the project in `folder`."""
    configs = write(folder, changed(*CHANGES))
    (configs / "python").mkdir()
    (configs / "python" / "odd.py").write_text("def odd(table): ...\n")
    config = load_config(configs, "local")
    graph, _ = build_graph(config)
    with open_workspace(config, graph) as workspace:
        yield workspace


def statements(workspace: Workspace) -> Iterator[tuple[str, exp.Query]]:
    """Give the statement of each relation, and of those that are only read, by name."""
    graph = workspace.graph
    for op in graph.ops:
        if op.kind in ("event", "states", "window", "row", "python", "label"):
            for part in writes(workspace, op, DAY, attributes_of(graph, op)):
                is_layer = op.kind == "row" or (op.kind == "window" and op.stratum)
                stratum = f"/{op.stratum}" if is_layer else ""
                stratum += "/python" if op.kind == "python" else ""
                # A relation of values ends in a part of its fingerprint.
                name = re.sub("_[0-9a-f]{6}$", "", part.target.relation)
                yield f"{name}{stratum}", part.tree()
    days = Window(date(2024, 3, 10), date(2024, 3, 12))
    yield "training", select_training_set(graph, graph.models["scorer"], days, dialect="duckdb")
    family = published(graph, "shop_stats", "weekly_by_day")
    yield "published", select_published(family, days_of(DAY, DAY))
