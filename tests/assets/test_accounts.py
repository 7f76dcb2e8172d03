"""What Dagster shows of accounts, and of a project that has several environments."""

import json
from pathlib import Path

from fig_assets.project import load_project
from tests.assets.signins import ENVIRONMENT, FIRST, days_from, login, opened, write_project

SECOND = days_from(FIRST, 2)[1]
SHORT = {"type": "duckdb", "path": "lake-of-analytics"}


def write(root: Path) -> Path:
    accounts = [
        {"account": name, "format": "json", "path": f"raw/{name}/{{date}}.jsonl", "late_days": 0}
        for name in ("us-1", "eu-1")
    ]
    sources = {**ENVIRONMENT["sources"], "events": accounts}
    files = {
        "environments/production.json": {**ENVIRONMENT, "name": "production", "sources": sources},
        "environments/analytics.json": {
            **ENVIRONMENT, "name": "analytics", "warehouse": SHORT, "start_date": str(SECOND),
        },
    }  # fmt: skip
    configs = write_project(root, files)
    for account, day in (("us-1", FIRST), ("us-1", SECOND), ("eu-1", SECOND)):
        path = root / "raw" / account / f"{day}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{json.dumps(login(day, n))}\n" for n in range(6)))
    return configs


def test_a_missing_account_is_a_warning_on_its_day_and_in_the_summary(tmp_path: Path) -> None:
    write(tmp_path)
    with opened(tmp_path, "production") as site:
        summary = site.run(FIRST, SECOND, '+key:"events/login"')
        verdicts = site.verdicts("raw/events", "accounts")
        told = site.metadata("events/login")
        records, _ = site.metadata("raw/events")[str(FIRST)]["accounts"]

    assert not summary.refused
    assert summary.failed_checks == [
        f"raw/events accounts: 1 of 4 deliveries fail on {FIRST}: eu-1: no files"
    ]
    assert {day: verdict.passed for day, verdict in verdicts.items()} == {
        None: False, str(FIRST): False, str(SECOND): True,
    }  # fmt: skip
    assert verdicts[str(FIRST)].severity.name == "WARN"
    assert told[str(FIRST)]["missing_accounts"] == "eu-1: no files"
    assert "missing_accounts" not in told[str(SECOND)]
    assert [record.data["account"] for record in records] == ["us-1", "eu-1"]
    assert told[str(SECOND)]["dagster/row_count"] == 12


def test_environments_have_equal_keys_and_days_of_their_own(tmp_path: Path) -> None:
    """So two of them in one instance of Dagster would be taken for one: see docs/engines.md."""
    configs = write(tmp_path)
    graphs, checks = {}, {}
    for name in ("production", "analytics"):
        with load_project(configs, name) as project:
            graphs[name] = project.definitions().resolve_asset_graph()
            checks[name] = {key.name for key in graphs[name].asset_check_keys}

    one, other = graphs.values()
    assert one.get_all_asset_keys() == other.get_all_asset_keys()
    keys = {part.to_user_string(): part for part in one.get_all_asset_keys()}
    first = [
        graph.get(keys["events/login"]).partitions_def.get_first_partition_key()
        for graph in graphs.values()
    ]
    assert first == [str(FIRST), str(SECOND)]
    assert checks["production"] - checks["analytics"] == {"accounts"}
