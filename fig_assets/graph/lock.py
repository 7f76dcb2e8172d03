"""The graph against the lock: what is new, gone or means something else, and the lock to come."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from fig_assets.config.load import Config
from fig_assets.config.lock import FILE, Lock, Locked
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Aggregated, Computed, Extracted
from fig_assets.graph.nodes import Attribute, Graph, Model
from fig_assets.graph.version import RULE

LONGEST_MEND = 400
"""Longer definitions are not repeated in a mend."""


@dataclass(frozen=True)
class Difference:
    """Asset keys, each list in order. `unclear` are those that another rule locked."""

    new: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()


def locked_nodes(graph: Graph) -> dict[str, Attribute | Model]:
    """Return every attribute version and model version by its asset key, in order."""
    found: list[Attribute | Model] = [*graph.attributes.values(), *graph.models.values()]
    return dict(sorted(("/".join(node.key), node) for node in found))


def empty_lock(folder: Path) -> Lock:
    """Return the lock of a project that has none."""
    return Lock(folder / FILE, f"{folder.name}/{FILE}", RULE)


def difference(
    graph: Graph, lock: Lock, earlier: Mapping[str, str] | None = None, rule: int = RULE
) -> Difference:
    """Compare what the project means with what is locked.

    Where `rule` made other fingerprints than the lock's, equal ones prove nothing. `earlier` are
    the fingerprints of this project as the lock's own rule makes them, as far as the program
    still knows that rule: an attribute that has its locked one there means what it meant.
    """
    nodes, locked = locked_nodes(graph), lock.attributes
    known = [key for key in nodes if key in locked]
    by_rule = {key: nodes[key].fingerprint for key in known}
    if lock.rule != rule:
        by_rule = {key: mark for key, mark in (earlier or {}).items() if key in locked}
    return Difference(
        new=tuple(key for key in nodes if key not in locked),
        removed=tuple(k for k in sorted(locked) if k not in nodes and not locked[k].removed),
        changed=tuple(k for k in known if k in by_rule and by_rule[k] != locked[k].means),
        unclear=tuple(key for key in known if key not in by_rule),
    )


def relocked(graph: Graph, lock: Lock) -> Lock:
    """Return the lock of the project as it is now.

    New attributes get the next ids in the order of their keys. Removed ones stay, marked; one that
    comes back has its old id.
    """
    next_id, lines = lock.next_id, dict(lock.attributes)
    nodes = locked_nodes(graph)
    for key, locked in lock.attributes.items():
        if key not in nodes:
            lines[key] = Locked(id=locked.id, means=locked.means, removed=True)
    for key, node in nodes.items():
        if key in lines:
            lines[key] = Locked(id=lines[key].id, means=node.fingerprint)
        else:
            lines[key] = Locked(id=next_id, means=node.fingerprint)
            next_id += 1
    references = {name: dict(read) for name, read in graph.references.items() if read}
    return replace(lock, rule=RULE, next_id=next_id, attributes=lines, references=references)


def changed_problems(
    graph: Graph, config: Config, allowed: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Return a problem for each locked attribute version that means something else now.

    `allowed` are the identities that may, such as `asn.failure_rate@1`.
    """
    if config.lock is None:
        return ()
    changed = difference(graph, config.lock).changed
    return tuple(_changed(graph, config, config.lock, changed, allowed))


def outdated_problems(graph: Graph, config: Config) -> tuple[Problem, ...]:
    """Return what `fig lock` would write, a problem for each attribute version.

    Without a lock file that is one warning.
    """
    fix = "fig lock"
    if config.lock is None:
        where = Where(f"{config.folder.name}/{FILE}")
        message = "nothing keeps a version from changing its meaning: there is no lock file yet"
        return (Problem(where, message, fix, "warning"),)
    lock, found, nodes = config.lock, difference(graph, config.lock), locked_nodes(graph)
    problems = []
    if lock.rule != RULE:
        problems.append(rule_problem(lock))
    for key in found.new:
        node = nodes[key]
        problems.append(Problem(node.about.where, f"{node.identity} is not locked yet", fix))
    for key in found.removed:
        message = f"{key} is locked and no longer in the project"
        problems.append(Problem(lock.where(key), message, fix))
    if not problems:
        where, said = Where(lock.file), "the lock does not say which version of {} {} reads"
        problems += [
            Problem(where, said.format(name, consumer), fix)
            for consumer, made in graph.references.items()
            for name in made
            if name not in lock.references.get(consumer, {})
        ]
    return tuple(dict.fromkeys(problems))


def rule_problem(lock: Lock) -> Problem:
    """Say that fingerprints of another rule cannot be compared, and what to do."""
    message = (
        f"the fingerprints of the lock were made by rule {lock.rule}, and this program knows rule "
        f"{RULE}: whether the meanings are the same is not proved"
    )
    fix = (
        "undo what changed since the last `fig lock` of the earlier program, then run: "
        "fig lock --upgrade-rules"
    )
    newer = "install the fig-assets that wrote the lock, or a newer one"
    return Problem(Where(lock.file), message, fix if lock.rule < RULE else newer)


def _changed(
    graph: Graph, config: Config, lock: Lock, keys: Collection[str], allowed: Collection[str]
) -> Iterator[Problem]:
    nodes, told = locked_nodes(graph), set()
    whole = _changed_as_a_whole(graph, keys)
    for key in keys:
        node = nodes[key]
        if node.identity in allowed or node.identity in told:
            continue
        told.add(node.identity)
        number = lock.attributes[key].id
        message = (
            f"{node.identity} is locked with another meaning (id {number}): it, or what selects "
            "its rows, has changed"
        )
        accept = f"accept the change: fig lock --allow-change {node.identity}"
        is_one_of_all = isinstance(node, Attribute) and node.owner in whole
        mend = "" if is_one_of_all else _new_version(config, node)
        if isinstance(node, Attribute) and is_one_of_all:
            mend = f"give all of '{node.owner}' new versions: fig lock --bump {node.owner}"
        fix = f"undo the change, or {mend + ', or ' if mend else ''}{accept}"
        yield Problem(node.about.where, message, fix)


def _changed_as_a_whole(graph: Graph, keys: Collection[str]) -> set[str]:
    """Name the families and events of which each of several attributes means something else."""
    own: dict[str, list[str]] = {}
    for node in graph.attributes.values():
        is_window = node.owner in graph.families
        # What is computed from siblings alone means the same whichever rows they are made of.
        selects = isinstance(node.definition, Aggregated | Extracted | Computed)
        if (
            node.key[0] in ("events", "features")
            and selects
            and not (is_window and isinstance(node.definition, Computed))
        ):
            own.setdefault(node.owner, []).append("/".join(node.key))
    changed = set(keys)
    return {owner for owner, them in own.items() if len(them) > 1 and changed.issuperset(them)}


def _new_version(config: Config, node: Attribute | Model) -> str:
    """Word how the new meaning becomes a version of its own, with the text to paste."""
    if isinstance(node, Model):
        return f'write "version": {node.version + 1}'
    written, versions = _written(config, node.about.where)
    if written is None:
        return ""
    text = json.dumps(written, ensure_ascii=False)
    if len(text) > LONGEST_MEND:
        text = "{...}"
    if versions:
        return f'put version {node.version} back and add "{max(versions) + 1}": {text}'
    both = f'"default_version": 1, "versions": {{"1": <as it was>, "2": {text}}}'
    return f'write "{node.name}": {{{both}}}'


def _written(config: Config, where: Where) -> tuple[object, tuple[int, ...]]:
    """Return what stands at a place, and the numbers of the versions it is one of."""
    owners = (*config.events, *config.families, *config.label_sets)
    document = next((d.document for d in owners if d.file == where.file), None)
    if document is None:
        return None, ()
    value: object = document.value
    above: object = None
    steps = where.pointer.split("/")[1:]
    for step in steps:
        above = value
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit():
            value = value[int(step)]
    is_version = len(steps) > 1 and steps[-2] == "versions"
    if not isinstance(value, dict | str) or (isinstance(value, str) and steps[-1:] == ["name"]):
        return None, ()
    return value, tuple(map(int, above)) if is_version and isinstance(above, dict) else ()
