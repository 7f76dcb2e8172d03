"""Two graphs of a project -> what was added, changed and removed, and who is affected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from fig_assets.graph.definitions import Carried
from fig_assets.graph.instead import downstream
from fig_assets.graph.nodes import Attribute, Graph, Key, Model, Table

Thing = Attribute | Model | Table


@dataclass(frozen=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        identity: `asn.failure_rate@2`, `scorer@1`, or the name of a table.
        kind: field, feature, label, score, model or table.
        what: `added`, `new version` (its name was there already), `changed` (it means something
            else), `removed`, `retired`, `deprecated`, `default`, `checks` or `reference`.
        note: What is to be said besides: periods, the text of `deprecated`, from what to what.
        keys: Of attributes, models and tables their asset keys.
    """

    identity: str
    kind: str
    what: str
    note: str = ""
    keys: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Affected:
    """What stays as it is written and gets other values, or loses what it reads: identities."""

    features: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    """Of the attributes that are to be computed again."""


def changes_between(old: Graph, new: Graph, retired: Iterable[str] = ()) -> tuple[Change, ...]:
    """List what differs, in the order of kinds of change and names; `retired` are identities."""
    before, after = _things(old), _things(new)
    found: list[Change] = []
    gone = set(retired)
    names = {_name(thing) for things in before.values() for thing in things}
    for identity, things in after.items():
        if identity not in before:
            what = "new version" if _name(things[0]) in names else "added"
            found.append(_change(identity, things, what, _periods(things)))
            continue
        found += _differences(identity, before[identity], things)
    for identity, things in before.items():
        if identity not in after:
            what = "retired" if identity in gone else "removed"
            found.append(_change(identity, things, what))
    found += _moved(old.references, new.references)
    order = list(WORDS)
    return tuple(sorted(found, key=lambda change: (order.index(change.what), change.identity)))


WORDS = (
    "added", "new version", "changed", "retired", "removed", "default", "deprecated", "checks",
    "reference",
)  # fmt: skip


def affected_by(old: Graph, new: Graph, changes: Iterable[Change]) -> Affected:
    """Say who reads what changed, however far, and is not changed by itself."""
    listed = list(changes)
    moved = {change.identity for change in listed if change.what == "reference"}
    changed = [key for change in listed if change.what == "changed" for key in change.keys]
    changed += [a.key for a in new.attributes.values() if a.identity in moved]
    gone = [change for change in listed if change.what in ("removed", "retired")]
    lost = [key for change in gone for key in change.keys]
    own = {change.identity for change in listed if change.what in WORDS[:5]}
    after = [a for key in downstream(new, changed) if (a := new.attributes.get(key))]
    before = [a for key in downstream(old, lost) if (a := old.attributes.get(key))]
    live = {a.identity for a in new.attributes.values()}
    readers = [*after, *(a for a in before if a.identity in live)]
    others = [a for a in readers if a.identity not in own and not isinstance(a.definition, Carried)]
    keys = {a.key for a in after if a.identity not in own}
    reached = {a.key for a in after} | {a.key for a in before}
    models = [
        model.identity
        for model in new.models.values()
        if model.identity in own or any(a.key in reached for a in model.learned)
    ]
    return Affected(
        features=_identities(others, "features"),
        labels=_identities(others, "labels"),
        models=tuple(sorted(models)),
        keys=tuple(sorted(keys)),
    )


def _identities(attributes: Iterable[Attribute], kind: str) -> tuple[str, ...]:
    return tuple(sorted({a.identity for a in attributes if a.key[0] == kind}))


def _things(graph: Graph) -> dict[str, list[Thing]]:
    """Return attributes (one for each period), models and tables by identity."""
    found: dict[str, list[Thing]] = {}
    for attribute in graph.attributes.values():
        if not isinstance(attribute.definition, Carried):
            found.setdefault(attribute.identity, []).append(attribute)
    for model in graph.models.values():
        found[model.identity] = [model]
    for table in graph.tables.values():
        found[table.name] = [table]
    return {name: sorted(found[name], key=_key) for name in sorted(found)}


def _differences(identity: str, before: list[Thing], after: list[Thing]) -> list[Change]:
    """Say what became of something that was there before."""
    found: list[Change] = []
    marks = {_key(thing): thing.fingerprint for thing in before}
    fresh = [thing for thing in after if _key(thing) not in marks]
    other = [t for t in after if t not in fresh and marks[_key(t)] != t.fingerprint]
    lost = [thing for thing in before if _key(thing) not in set(map(_key, after))]
    if other:
        found.append(_change(identity, other, "changed", _periods(other)))
    if fresh:
        found.append(_change(identity, fresh, "added", _periods(fresh)))
    if lost:
        found.append(_change(identity, lost, "removed", _periods(lost)))
    one, two = before[0], after[0]
    if isinstance(one, Attribute) and isinstance(two, Attribute):
        if two.is_default and not one.is_default:
            note = f"readers without a version get @{two.version}"
            found.append(_change(identity, after[:1], "default", note))
        if two.checks != one.checks:
            found.append(_change(identity, after[:1], "checks"))
    if two.about.deprecated and two.about.deprecated != one.about.deprecated:
        found.append(_change(identity, after[:1], "deprecated", two.about.deprecated))
    return found


def _moved(
    before: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]]
) -> list[Change]:
    """Say which consumers read another version than they did without naming one."""
    return [
        Change(consumer, "reference", "reference", f"reads {name}@{number}, not @{old[name]}")
        for consumer, now in after.items()
        for name, number in now.items()
        if (old := before.get(consumer, {})) and old.get(name, number) != number
    ]


def _change(identity: str, things: list[Thing], what: str, note: str = "") -> Change:
    return Change(identity, _kind(things[0]), what, note, tuple(map(_key, things)))


def _key(thing: Thing) -> Key:
    return ("tables", thing.name) if isinstance(thing, Table) else thing.key


def _kind(thing: Thing) -> str:
    return _key(thing)[0].removesuffix("s").replace("event", "field")


def _name(thing: Thing) -> str:
    return f"{thing.owner}.{thing.name}" if isinstance(thing, Attribute) else thing.name


def _periods(things: Iterable[Thing]) -> str:
    keys = [_key(thing) for thing in things]
    return ", ".join(key[2] for key in keys if len(key) == 4)
