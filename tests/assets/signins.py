"""A small project with every kind of asset, its raw files, and what Dagster recorded of it."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
from dagster import AssetKey

from fig_assets.assets.home import open_instance
from fig_assets.assets.launch import Summary
from fig_assets.project import Project, load_project

Json = dict[str, object]

SHIPPED = Path(__file__).parents[2] / "configs"
FIRST = date(2024, 1, 1)
LAST = date(2024, 2, 29)
DELAY, REACH_DAYS = 3, 2

ENVIRONMENT: Json = {
    "name": "local",
    "warehouse": {"type": "duckdb", "path": "lake"},
    "models": {"path": "models"},
    "sources": {
        "events": {"format": "json", "path": "raw/{date}*.jsonl*", "late_days": 1},
        "networks": {"format": "csv", "path": "networks.csv"},
    },
    "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
    "schedules": False,
}
LOGIN: Json = {
    "name": "login",
    "event_name": "login",
    "description": "One attempt to sign in.",
    "owner": "team:threat",
    "fields": {
        "session": {"json": "session", "checks": "nonnull"},
        "ip": {"json": "client:ip", "description": "Where it came from.", "tags": {"pii": "yes"}},
        "network": "client:network::bigint",
        "is_failure": {"function": "$outcome = 'FAILURE'"},
        "outcome": "outcome",
        "seconds": {"json": "seconds::float", "checks": {"in_range": [0, 60], "severity": "warn"}},
    },
}
IP: Json = {
    "name": "ip",
    "granularity": "address",
    "period": ["weekly_by_day", "monthly_by_day"],
    "owner": "team:threat",
    "groups": [
        {
            "source": "login",
            "granularity_field": "ip",
            "features": {
                "login_count": {"function": "@COUNT(*)", "checks": {"in_range": [0, 100]}},
                "session_count": "@COUNT_DISTINCT($session)",
                "failure_count": {"function": "@SUM($is_failure)", "type": "bigint"},
                "failure_rate": {
                    "default_version": 1,
                    "versions": {
                        "1": {
                            "function": "@DIVIDE($failure_count, $login_count)",
                            "type": "float",
                            "description": "The share of sign-ins that failed.",
                            "owner": "analyst@example.org",
                        },
                        "2": {"function": "($failure_count + 1) / ($login_count + 20)"},
                    },
                },
            },
        }
    ],
}
REQUEST: Json = {
    "name": "request",
    "description": "One row a request.",
    "granularity": "session_id",
    "granularity_type": "string",
    "groups": [
        {
            "source": "login",
            "granularity_field": "session",
            "features": {"ip": "$ip", "network": "$network", "hour": "@HOUR($event_time)"},
        },
        {
            "source": "ip",
            "granularity_match": {"field": "ip", "period": "weekly_by_day"},
            "features": ["login_count", "failure_rate"],
        },
        {"source": "networks", "granularity_match": {"field": "network"}, "features": ["kind"]},
    ],
}
TRUTH: Json = {
    "name": "truth",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {
        "failed": {"when": "$is_failure", "vote": "bad"},
        "passed": {"when": "NOT $is_failure", "vote": "good"},
    },
    "strong_labels": {"plurality": {"method": "plurality_vote"}},
}
SCORER: Json = {
    "name": "scorer",
    "description": "How likely a request is bad.",
    "owner": "team:threat",
    "training_delay_delta_days": DELAY,
    "training_time_delta_days": REACH_DAYS,
    "input_features": [
        {
            "family_name": "request",
            "feature_names": {"all": ["ip_weekly_failure_rate", "networks_kind", "hour"]},
        }
    ],
    "hyperparameters": {"min_data_in_leaf": 5},
    "truth_label": {"source": "truth", "name": "plurality"},
    "output_features": ["badness"],
    "retrain": {"every_days": 7},
    "promotion": {"metric": "average_precision", "min": 0.0},
    "allow_incomplete": True,
}
NETWORKS: Json = {
    "name": "networks",
    "source": "networks",
    "key": "number",
    "columns": {"number": "bigint", "kind": "string"},
}
CONFIGS: dict[str, object] = {
    "project.json": {"name": "signins", "start_date": str(FIRST), "end_date": str(LAST)},
    "environments/local.json": ENVIRONMENT,
    "events/login.json": LOGIN,
    "features/all.json": [IP, REQUEST],
    "labels/truth.json": TRUTH,
    "models/scorer.json": SCORER,
    "tables/networks.json": NETWORKS,
}


def write_project(
    root: Path, changes: Mapping[str, object] | None = None, *, days: int = 0, events: int = 24
) -> Path:
    """Write the project, a JSON value for each path below configs/, and raw files of `days` days.

    Returns its folder of configurations; `changes` replaces files by path.
    """
    for name, content in {**CONFIGS, **(changes or {})}.items():
        path = root / "configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
    (root / "raw").mkdir(exist_ok=True)
    (root / "networks.csv").write_text("number,kind\n1,home\n2,hosting\n", encoding="utf-8")
    for day in days_from(FIRST, days):
        write_day(root, day, [login(day, n) for n in range(events)])
    return root / "configs"


def copy_of_shipped_project(root: Path) -> Path:
    """Copy the repository's own project without what a demonstration may have left there."""
    folder = root / "configs"
    shutil.copytree(SHIPPED, folder)
    (folder / "environments" / "demo.json").unlink(missing_ok=True)
    return folder


def login(day: date, n: int, **changes: object) -> Json:
    """Give event `n` of a day; network 2 mostly fails."""
    network = 1 + n % 2
    return {
        "kind": "login",
        "at": f"{day}T{n % 24:02}:{n % 60:02}:00Z",
        "id": f"{day}-{n}",
        "session": f"s-{day}-{n}",
        "client": {"ip": f"10.0.0.{n % 6}", "network": network},
        "outcome": "FAILURE" if network == 2 and n % 3 else "SUCCESS",
        "seconds": 0.5 + n % 7,
        **changes,
    }


def write_day(root: Path, day: date, events: Sequence[Json | str]) -> Path:
    """Write the raw file dated `day`; a text is a line as it stands."""
    lines = (event if isinstance(event, str) else json.dumps(event) for event in events)
    path = root / "raw" / f"{day}.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def days_from(first: date, count: int) -> list[date]:
    """Give `count` days in order."""
    return [first + timedelta(days=n) for n in range(count)]


def key(text: str) -> AssetKey:
    """Give the asset key of a path."""
    return AssetKey(text.split("/"))


class Site:
    """An opened project with its own home of Dagster."""

    def __init__(self, project: Project, instance: dg.DagsterInstance) -> None:
        self.project = project
        self.instance = instance

    @property
    def root(self) -> Path:
        """The folder that relative paths start at."""
        return self.project.config.root

    def run(self, first: date, last: date, select: str | None = None, **how: bool) -> Summary:
        """Run as `Project.execute_workflow` does, recorded in this site's instance."""
        from fig_assets.assets.launch import launch, select_keys

        wanted = select_keys(self.project.workspace, select)
        return launch(self.project.workspace, self.instance, first, last, selected=wanted, **how)

    def days(self, asset: str) -> list[str]:
        """Give the materialised partitions of an asset."""
        return sorted(self.instance.get_materialized_partitions(key(asset)))

    def events(self, asset: str) -> list[dg.EventLogEntry]:
        """Give the materialisations of an asset, oldest first."""
        found = self.instance.fetch_materializations(key(asset), limit=1000).records
        return [record.event_log_entry for record in reversed(found)]

    def metadata(self, asset: str) -> dict[str | None, dict[str, object]]:
        """Give the newest materialisation's metadata of each partition."""
        found = {}
        for entry in self.events(asset):
            made = entry.asset_materialization
            assert made is not None
            found[made.partition] = {name: value.value for name, value in made.metadata.items()}
        return found

    def versions(self, asset: str) -> dict[str | None, str]:
        """Give the newest data version of each partition."""
        found = {}
        for entry in self.events(asset):
            made = entry.asset_materialization
            assert made is not None
            found[made.partition] = (made.tags or {}).get("dagster/data_version", "")
        return found

    def verdicts(self, asset: str, check: str) -> dict[str | None, dg.AssetCheckEvaluation]:
        """Give the newest evaluation of a check for each partition; None is the run's own."""
        found: dict[str | None, dg.AssetCheckEvaluation] = {}
        storage = self.instance.event_log_storage
        asked = dg.AssetCheckKey(key(asset), check)
        for record in storage.get_asset_check_execution_history(asked, limit=1000):
            evaluation = record.event and record.event.asset_check_evaluation
            if evaluation:
                found.setdefault(evaluation.partition, evaluation)
        return found


@contextmanager
def opened(root: Path, environment: str = "local") -> Iterator[Site]:
    """Open the project below `root` with a home of Dagster beside it."""
    with (
        load_project(root / "configs", environment) as project,
        open_instance(root / "home") as instance,
    ):
        yield Site(project, instance)
