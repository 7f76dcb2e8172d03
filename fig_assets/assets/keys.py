"""Keys of the graph -> keys, groups and kinds of Dagster."""

from functools import lru_cache

from dagster import AssetKey

from fig_assets.graph.nodes import Key, Op

REMEMBERED = 65_536
"""So many keys are made once: each is named by all that reads its asset."""
LAKES = ("duckdb", "spark")
"""Engines that keep their rows in files."""


@lru_cache(REMEMBERED)
def asset_key(key: Key) -> AssetKey:
    """Return Dagster's key; its last part is what the asset graph shows on a node."""
    return AssetKey(list(key))


def graph_key(key: AssetKey) -> Key:
    """Return the graph's key."""
    return tuple(key.path)


def group_name(op: Op) -> str:
    """Return the group of an op's assets, in levels: `features/asn/weekly_by_day`."""
    match op.kind:
        case "raw" | "table":
            return {"raw": "raw", "table": "tables"}[op.kind]
        case "event":
            return f"events/{op.owner}"
        case "states":
            return f"features/{op.owner}/states"
        case "window" | "row" | "python":
            return f"features/{op.owner}/{op.period.name}" if op.period else f"features/{op.owner}"
        case "label" | "label_model":
            return f"labels/{op.owner}"
        case _:
            return f"models/{op.owner}"


def kinds(op: Op, dialect: str) -> set[str]:
    """Return the technologies that the asset graph shows with an icon."""
    if op.kind in ("model", "score"):
        return {"lightgbm", "python"}
    if op.kind in ("python", "label_model"):
        return {"python", "parquet"} if dialect in LAKES else {"python", dialect}
    return {dialect, "parquet"} if dialect in LAKES else {dialect}
