"""How long loading and `fig validate` take for a project of many features, phase by phase.

The last phase, `definitions`, is what Dagster's processes do instead: the project as assets.

Run: .venv/bin/python benchmarks/validate_features.py [--features 500] [--seed 7] [--profile]
Writes a made-up project (events, windowed families, row families that join them, labels, models),
loads it, builds its graph and binds every statement; prints seconds and CPU of each phase.
"""

import argparse
import cProfile
import gc
import json
import pstats
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

from fig_assets.assets.definitions import build_definitions
from fig_assets.cli import COLLECT_EVERY
from fig_assets.config.load import load_config
from fig_assets.graph.build import build_graph
from fig_assets.workflow.steps.bind import bind_statements, statements
from fig_assets.workflow.workspace import open_workspace

T = TypeVar("T")
Json = dict[str, object]

BLOCK = 100
"""Features of one windowed family in two periods, and of the rows that join it."""
BLOCKS_A_ROW = 10
AGGREGATES = (
    "@COUNT(*)", "@SUM($amount_{n})", "@AVG($amount_{n})", "@COUNT_DISTINCT($text_{n})",
    "@MAX($amount_{n})", "@COUNT_IF($flag_{n})", "@LAST($text_{n})", "@STDDEV($amount_{n})",
    "@SUM($amount_{n}) FILTER (WHERE $flag_{n})", "@SUM($flag_{n}) / @COUNT(*)",
)  # fmt: skip
COMPUTED = (
    "$f{b}_weekly_a{n} / $f{b}_monthly_a{n}",
    "@COALESCE($f{b}_weekly_a{n}, 0) > 3 AND $country = 'de'",
    "CASE WHEN $f{b}_monthly_a{n} > 10 THEN 'high' WHEN $amount_1 < 5 THEN 'low' END",
    "@LN(@ABS($f{b}_weekly_a{n}) + 1)",
)
NUMERIC = (0, 1, 2, 3, 5, 7, 8, 9)
"""The places of `AGGREGATES` that give numbers, so that rows can compute with them."""


def project(features: int, seed: int) -> dict[str, Json]:
    """Make a project of about `features` features: a JSON value for each file below configs/."""
    chance = Random(seed)
    blocks = max(1, features // BLOCK)
    files: dict[str, Json] = {
        "project.json": {"name": "many", "start_date": "2024-01-01"},
        "environments/local.json": {
            "name": "local",
            "warehouse": {"type": "duckdb", "path": "lake"},
            "models": {"path": "models"},
            "sources": {"events": {"format": "json", "path": "raw/{date}.jsonl"}},
            "event_defaults": {"event_type": "kind", "time": "at", "id": "id"},
        },
    }
    for row in range((blocks + BLOCKS_A_ROW - 1) // BLOCKS_A_ROW):
        mine = range(row * BLOCKS_A_ROW, min(blocks, (row + 1) * BLOCKS_A_ROW))
        files[f"events/e{row}.json"] = _event(row)
        files |= {f"features/f{block}.json": _family(chance, row, block) for block in mine}
        files[f"features/r{row}.json"] = _rows(chance, row, mine)
        files[f"labels/l{row}.json"] = _labels(row)
        files[f"models/m{row}.json"] = _model(row, mine)
    return files


def main() -> int:
    """Write, load, build, bind, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--features", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    gc.set_threshold(*COLLECT_EVERY)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "configs"
        for file, content in project(options.features, options.seed).items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(json.dumps(content))
        profile = cProfile.Profile()
        if options.profile:
            profile.enable()
        config = _timed("load", lambda: load_config(folder, "local"))
        graph, _ = _timed("graph", lambda: build_graph(config))
        with open_workspace(config, graph) as workspace:
            trees = _timed("statements", lambda: sum(1 for s in statements(workspace) if s.tree()))
            count = _timed("statements and bind", lambda: bind_statements(workspace))
            _timed("definitions", lambda: build_definitions(workspace))
        profile.disable()
        kinds = [key[0] for key in graph.attributes]
        sys.stdout.write(
            f"{kinds.count('features')} features of {len(kinds)} attribute versions, "
            f"{trees} trees, {count} statements\n"
        )
        if options.profile:
            pstats.Stats(profile).sort_stats("cumulative").print_stats(60)
            pstats.Stats(profile).sort_stats("tottime").print_stats(30)
    return 0


def _timed(title: str, work: Callable[[], T]) -> T:
    begun, cpu = time.perf_counter(), time.process_time()
    found = work()
    spent, used = time.perf_counter() - begun, time.process_time() - cpu
    sys.stdout.write(f"{title:<20} {spent:>7.2f} s  {used:>7.2f} cpu s\n")
    return found


def _event(row: int) -> Json:
    fields: Json = {"session": "session", "country": "country", "number": "number::bigint"}
    for n in range(1, 9):
        fields[f"amount_{n}"] = f"amounts[{n}]::float"
        fields[f"text_{n}"] = f"texts:t{n}"
        fields[f"flag_{n}"] = {"function": f"$amount_{n} > {n} OR $text_{n} = 'x{n}'"}
    return {"name": f"e{row}", "event_name": f"kind_{row}", "fields": fields}


def _family(chance: Random, row: int, block: int) -> Json:
    features = {
        f"a{n}": {"function": AGGREGATES[n % len(AGGREGATES)].format(n=chance.randint(1, 8))}
        for n in range(18)
    }
    features["rate"] = {"function": "@DIVIDE($a1, $a0)", "type": "float"}
    features["smooth"] = {"function": "($a1 + 1) / ($a10 + 20)"}
    group = {"source": f"e{row}", "granularity_field": "number", "features": features}
    periods = ["weekly_by_day", "monthly_by_day"]
    return {"name": f"f{block}", "granularity": "number", "period": periods, "groups": [group]}


def _rows(chance: Random, row: int, blocks: range) -> Json:
    own = {name: f"${name}" for name in ("number", "country", "amount_1", "amount_2")}
    base = {"source": f"e{row}", "granularity_field": "session", "features": own}
    groups: list[Json] = [base]
    for block in blocks:
        for period in ("weekly_by_day", "monthly_by_day"):
            match = {"field": "number", "period": period}
            groups.append({"source": f"f{block}", "granularity_match": match, "features": "*"})
        made = {}
        for place in range(20):
            n = chance.choice(NUMERIC)
            made[f"c{block}_{place}"] = COMPUTED[place % len(COMPUTED)].format(b=block, n=n)
        made[f"c{block}_20"] = f"$c{block}_0 > 1 AND $c{block}_1"
        groups.append({"features": made})
    name = {"name": f"r{row}", "granularity": "session_id", "granularity_type": "string"}
    return {**name, "groups": groups}


def _labels(row: int) -> Json:
    block = row * BLOCKS_A_ROW
    weak = {
        "high": {"when": f"$f{block}_weekly_a0 > 100", "vote": "bad"},
        "field": {"when": "$flag_1", "vote": "good"},
        "graded": {"function": f"CASE WHEN $c{block}_20 THEN 'bad' END"},
    }
    strong = {"majority": {"method": "plurality_vote", "default": "good"}}
    name = {"name": f"l{row}", "family": f"r{row}", "classes": ["good", "bad"]}
    return {**name, "weak_labels": weak, "strong_labels": strong}


def _model(row: int, blocks: range) -> Json:
    names = [f"f{b}_monthly_a{n}" for b in blocks for n in range(1, 18) if n % 10]
    return {
        "name": f"m{row}",
        "training_delay_delta_days": 3,
        "training_time_delta_days": 7,
        "input_features": [{"family_name": f"r{row}", "feature_names": {"all": names}}],
        "truth_label": {"source": f"l{row}", "name": "majority"},
        "output_features": ["score"],
    }


if __name__ == "__main__":
    sys.exit(main())
