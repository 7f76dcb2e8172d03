"""`fig lock`: read the project, say what is new, gone or changed, and write the lock file."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fig_assets.config.bump import Bumped, bump
from fig_assets.config.load import Config, load_config
from fig_assets.config.lock import FILE, Lock, replace_text, write_lock
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
    """What `fig lock` wrote: asset keys, and the file. `is_written` is whether it changed.

    `moved` are the attributes that were bumped: name, old number, new number.
    """

    file: Path
    difference: Difference
    next_id: int
    is_written: bool
    moved: tuple[tuple[str, int, int], ...] = ()


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
        follow: Consumers whose references without a version move to today's default versions;
            `request.*` is everything of `request`.
        merge: First take both sides of a merge, with new ids where two branches gave the same.
        upgrade_rules: Take today's fingerprints where another rule made the locked ones.

    Raises:
        ConfigError: the project or the lock has problems, or a locked meaning has changed.
    """
    folder = Path(folder).resolve()
    if merge:
        merge_lock(folder)
    return _lock(
        folder, environment, allow_change, follow, is_merged=merge, upgrade_rules=upgrade_rules
    )


def _lock(
    folder: Path,
    environment: str,
    allow_change: Collection[str],
    follow: Collection[str],
    *,
    owners: Collection[str] = (),
    is_merged: bool = False,
    upgrade_rules: bool = False,
) -> LockReport:
    """Lock the project in `folder`; of `owners` every attribute may mean something else."""
    written = load_config(folder, environment)
    config = replace(written, lock=_following(written.lock or empty_lock(folder), follow))
    graph, _ = build_graph(config)
    before = config.lock or empty_lock(folder)
    _refuse_unknown(config, graph, allow_change)
    moved = {node.identity for node in locked_nodes(graph).values() if _follows(node, follow)}
    moved |= {a.identity for a in graph.attributes.values() if a.owner in owners}
    found = difference(graph, before)
    problems = [*changed_problems(graph, config, {*allow_change, *moved})]
    if before.rule > RULE or (found.unclear and not upgrade_rules):
        problems.append(rule_problem(before))
    if problems:
        raise ConfigError(problems)
    after = relocked(graph, before)
    text = after.text()
    is_written = is_merged or not after.path.exists() or text != after.path.read_text("utf-8")
    if is_written:
        write_lock(after)
    return LockReport(after.path, found, after.next_id, is_written)


def bump_families(
    folder: Path,
    environment: str,
    names: Collection[str],
    *,
    allow_change: Collection[str] = (),
    follow: Collection[str] = (),
) -> LockReport:
    """Give every feature of the families `names` its next version, in their files, and lock them.

    For what selects rows (`where`, `granularity_field`, an event's `time`): it changes the meaning
    of all features at once, and no group can have two of it, so the new versions take the place
    of the old ones. Tried on a copy first: where it is refused nothing is written.

    Args:
        folder: The folder that holds `project.json`.
        environment: The name of a file in its `environments/`.
        names: Families or events.
        allow_change: As `lock_project`.
        follow: As `lock_project`; consumers elsewhere read a version that is gone now.

    Raises:
        ConfigError: there is no such family, or the project with the new versions has problems.
    """
    folder = Path(folder).resolve()
    with TemporaryDirectory() as place:
        copy = Path(place) / folder.name
        shutil.copytree(folder, copy)
        done: list[Bumped] = []
        for name in names:
            done.append(bump(load_config(copy, environment), name))
            replace_text(done[-1].path, done[-1].text)
        try:
            report = _lock(copy, environment, {*allow_change}, follow, owners=names)
        except ConfigError as refusal:
            # Nothing was written, so the mends are options of the same command.
            again = f"fig lock {' '.join(f'--bump {name}' for name in names)} --"
            raise ConfigError(
                [replace(it, fix=it.fix.replace("fig lock --", again)) for it in refusal.problems]
            ) from refusal
        for path in dict.fromkeys([*(bumped.path for bumped in done), report.file]):
            replace_text(folder / path.relative_to(copy), path.read_text(encoding="utf-8"))
    moved = tuple(move for bumped in done for move in bumped.moved)
    return replace(report, file=folder / FILE, moved=moved)


def _following(lock: Lock, consumers: Collection[str]) -> Lock:
    """Forget what `consumers` were locked with."""
    unknown = [name for name in consumers if not any(_is_named(c, [name]) for c in lock.references)]
    if unknown:
        message = f"'{unknown[0]}' reads nothing without naming its version"
        fix = f'use the name of a consumer under "references" in {FILE}'
        raise ConfigError([Problem(Where(lock.file), message, fix)])
    kept = {name: it for name, it in lock.references.items() if not _is_named(name, consumers)}
    return replace(lock, references=kept)


def _follows(node: Attribute | Model, consumers: Collection[str]) -> bool:
    """Tell whether an attribute version is a consumer, or belongs to one."""
    owner = node.name if isinstance(node, Model) else node.owner
    score = f"{owner}@{node.version}"
    unversioned = node.identity.partition("@")[0]
    return any(_is_named(name, consumers) for name in (node.identity, unversioned, owner, score))


def _is_named(consumer: str, names: Collection[str]) -> bool:
    """Tell whether `names` has a consumer, or `request.*` for everything of its owner."""
    return consumer in names or f"{consumer.partition('.')[0]}.*" in names


def _refuse_unknown(config: Config, graph: Graph, allowed: Collection[str]) -> None:
    known = {node.identity for node in locked_nodes(graph).values()}
    for name in allowed:
        if name not in known:
            lock: Mapping[str, object] = config.lock.attributes if config.lock else {}
            message = f"there is no attribute version '{name}'; {len(lock)} are locked"
            fix = "write it as asn.failure_rate@1: owner, name, version"
            raise ConfigError([Problem(Where(f"{config.folder.name}/{FILE}"), message, fix)])
