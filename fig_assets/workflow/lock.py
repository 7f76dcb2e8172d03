"""`fig lock`: read the project, say what is new, gone or changed, and write the lock file."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fig_assets.config.load import Config, load_config
from fig_assets.config.lock import FILE, Lock, write_lock
from fig_assets.config.merge import merge_lock
from fig_assets.errors import ConfigError, Problem, Where
from fig_assets.graph.build import build_graph
from fig_assets.graph.lock import (
    Difference,
    changed_problems,
    difference,
    empty_lock,
    locked_nodes,
    relocked,
    rule_problem,
)
from fig_assets.graph.nodes import Attribute, Graph, Model
from fig_assets.graph.version import RULE


@dataclass(frozen=True)
class LockReport:
    """What `fig lock` wrote: asset keys, and the file. `is_written` is whether it changed."""

    file: Path
    difference: Difference
    next_id: int
    is_written: bool


def lock_project(
    folder: Path,
    environment: str,
    *,
    allow_change: Collection[str] = (),
    follow: Collection[str] = (),
    merge: bool = False,
    upgrade_rules: bool = False,
) -> LockReport:
    """Give every new attribute version its id, mark the removed ones, write the lock file.

    Args:
        folder: The folder that holds `project.json`.
        environment: The name of a file in its `environments/`.
        allow_change: Identities (`asn.failure_rate@1`) whose changed meaning is accepted.
        follow: Consumers whose references without a version move to today's default versions.
        merge: First take both sides of a merge, with new ids where two branches gave the same.
        upgrade_rules: Take today's fingerprints where another rule made the locked ones.

    Raises:
        ConfigError: the project or the lock has problems, or a locked meaning has changed.
    """
    folder = Path(folder).resolve()
    if merge:
        merge_lock(folder)
    written = load_config(folder, environment)
    config = replace(written, lock=_following(written.lock or empty_lock(folder), follow))
    graph, _ = build_graph(config)
    before = config.lock or empty_lock(folder)
    _refuse_unknown(config, graph, allow_change)
    moved = {node.identity for node in locked_nodes(graph).values() if _follows(node, follow)}
    found = difference(graph, before)
    problems = [*changed_problems(graph, config, {*allow_change, *moved})]
    if before.rule > RULE or (found.unclear and not upgrade_rules):
        problems.append(rule_problem(before))
    if problems:
        raise ConfigError(problems)
    after = relocked(graph, before)
    is_written = merge or not after.path.exists() or after.text() != after.path.read_text("utf-8")
    if is_written:
        write_lock(after)
    return LockReport(after.path, found, after.next_id, is_written)


def _following(lock: Lock, consumers: Collection[str]) -> Lock:
    """Forget what `consumers` were locked with."""
    unknown = [name for name in consumers if name not in lock.references]
    if unknown:
        message = f"'{unknown[0]}' reads nothing without naming its version"
        fix = f'use the name of a consumer under "references" in {FILE}'
        raise ConfigError([Problem(Where(lock.file), message, fix)])
    kept = {name: read for name, read in lock.references.items() if name not in consumers}
    return replace(lock, references=kept)


def _follows(node: Attribute | Model, consumers: Collection[str]) -> bool:
    """Tell whether an attribute version is a consumer, or belongs to one."""
    owner = node.name if isinstance(node, Model) else node.owner
    score = f"{owner}@{node.version}"
    unversioned = node.identity.partition("@")[0]
    return any(name in consumers for name in (node.identity, unversioned, owner, score))


def _refuse_unknown(config: Config, graph: Graph, allowed: Collection[str]) -> None:
    known = {node.identity for node in locked_nodes(graph).values()}
    for name in allowed:
        if name not in known:
            lock: Mapping[str, object] = config.lock.attributes if config.lock else {}
            message = f"there is no attribute version '{name}'; {len(lock)} are locked"
            fix = "write it as asn.failure_rate@1: owner, name, version"
            raise ConfigError([Problem(Where(f"{config.folder.name}/{FILE}"), message, fix)])
