"""Attributes -> ops: what is computed together, cut so that no two ops wait for each other.

Attributes of one owner are one op. Only where owners depend on each other in a circle (features,
labels, a model, and features over its scores) are they cut by stratum: the number of times that
the longest path to an attribute changes its owner inside the circle, or goes to other days of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fig_assets.graph.definitions import Aggregated, Called, Learned
from fig_assets.graph.nodes import (
    Attribute,
    Event,
    Family,
    Input,
    Key,
    LabelSet,
    Model,
    Op,
    RowFamily,
    Table,
)
from fig_assets.graph.period import SAME_DAY, Period
from fig_assets.graph.sources import Source


@dataclass(frozen=True)
class Part:
    """All attributes of one owner and period, before they are cut."""

    kind: str
    owner: str
    period: Period | None = None

    @property
    def name(self) -> str:
        """The op's name: letters, digits and underscores, as Dagster asks."""
        words = (self.kind, self.owner, self.period.word if self.period else "")
        return "__".join(word for word in words if word)


def published_key(part: Part) -> Key | None:
    """Return the asset that shows everything of the owner of `part`, computed by its last op."""
    match part.kind:
        case "event":
            return ("events", part.owner)
        case "window" | "row" | "python":
            period = (part.period.name,) if part.period else ()
            return ("families", part.owner, *period)
        case "label" | "label_model":
            return ("label_sets", part.owner)
        case _:
            return None


def parts_of(
    sources: Iterable[Source],
    events: Iterable[Event],
    tables: Iterable[Table],
    families: Iterable[Family],
    rows: Iterable[RowFamily],
    labels: Iterable[LabelSet],
    models: Iterable[Model],
) -> dict[Part, dict[Key, tuple[Input, ...]]]:
    """List every asset that is computed, with what it reads, by the owner that computes it."""
    parts: dict[Part, dict[Key, tuple[Input, ...]]] = {}
    for source in sources:
        if source.is_landed:
            parts[Part("raw", source.name)] = {source.key: ()}
    for event in events:
        parts[Part("event", event.name)] = {a.key: a.inputs for a in event.attributes}
    for table in tables:
        reads = (Input(("raw", table.source)),)
        parts[Part("table", table.name)] = {("tables", table.name): reads}
    for family in families:
        if has_states(family):
            parts[Part("states", family.name)] = {("states", family.name): state_inputs(family)}
        for period in family.periods:
            parts |= _by_language("window", family.name, period, family.features[period])
    for row in rows:
        parts |= _by_language("row", row.name, None, row.features)
    for labels_of in labels:
        for label in labels_of.labels:
            part = Part(
                "label_model" if isinstance(label.definition, Learned) else "label", labels_of.name
            )
            parts.setdefault(part, {})[label.key] = label.inputs
    for model in models:
        parts[Part("model", model.title)] = {
            model.key: tuple(Input(a.key, model.reach) for a in model.learned)
        }
        parts[Part("score", model.title)] = {a.key: a.inputs for a in model.outputs}
    return parts


def has_states(family: Family) -> bool:
    """Tell whether the daily states of a family are an asset: those of its events are."""
    return not all(group.is_of_rows for group in family.groups)


def state_inputs(family: Family) -> tuple[Input, ...]:
    """Return the fields that the daily states of a family's events are made of."""
    read = {key for group in family.groups if not group.is_of_rows for key in group.inputs}
    for features in family.features.values():
        for feature in features:
            made = feature.definition
            if isinstance(made, Aggregated) and not family.groups[made.group].is_of_rows:
                read |= {found.key for found in feature.inputs if found.key[0] == "events"}
    return tuple(Input(key) for key in sorted(read))


def cut(parts: Mapping[Part, Mapping[Key, tuple[Input, ...]]]) -> tuple[Op, ...]:
    """Cut parts into ops and put them into an order in which each comes after what it reads."""
    part_of = {key: part for part, inputs in parts.items() for key in inputs}
    reads = {key: inputs for assets in parts.values() for key, inputs in assets.items()}
    circles = _circles(parts, part_of)
    strata: dict[Key, int] = {}

    def stratum(key: Key) -> int:
        if key not in strata:
            part, found = part_of[key], 0
            for read in reads[key]:
                other = part_of.get(read.key)
                if other is not None and circles[other] == circles[part]:
                    leaves = other != part or read.reach != SAME_DAY
                    found = max(found, stratum(read.key) + leaves)
            strata[key] = found
        return strata[key]

    ops = []
    for part, assets in parts.items():
        levels = sorted({stratum(key) for key in assets})
        for place, level in enumerate(levels):
            keys = _keys_in_order([key for key in assets if stratum(key) == level], reads)
            name = part.name if place == 0 else f"{part.name}__{place + 1}"
            ops.append(Op(name, part.kind, part.owner, keys, part.period, level))
    return _with_published(_in_order(ops, reads))


def _by_language(
    kind: str, owner: str, period: Period | None, features: Iterable[Attribute]
) -> dict[Part, dict[Key, tuple[Input, ...]]]:
    """Part the features of a family that Python computes from those that a statement does."""
    parts: dict[Part, dict[Key, tuple[Input, ...]]] = {}
    for feature in features:
        part = Part("python" if isinstance(feature.definition, Called) else kind, owner, period)
        parts.setdefault(part, {})[feature.key] = feature.inputs
    return parts


def _with_published(ops: Sequence[Op]) -> tuple[Op, ...]:
    """Give the asset that shows an owner as a whole to the last of the ops that compute it."""
    last = {published_key(Part(op.kind, op.owner, op.period)): op.name for op in ops}
    shown = {name: key for key, name in last.items() if key is not None}
    return tuple(
        replace(op, keys=(*op.keys, shown[op.name])) if op.name in shown else op for op in ops
    )


def _circles(
    parts: Mapping[Part, Mapping[Key, tuple[Input, ...]]], part_of: Mapping[Key, Part]
) -> dict[Part, int]:
    """Number the parts so that two have one number exactly if each depends on the other."""
    ahead = {
        part: {part_of[r.key] for inputs in assets.values() for r in inputs if r.key in part_of}
        for part, assets in parts.items()
    }
    reach = {part: _reachable(part, ahead) for part in parts}
    numbers: dict[Part, int] = {}
    for part in parts:
        same = [p for p in numbers if p in reach[part] and part in reach[p]]
        numbers[part] = numbers[same[0]] if same else len(numbers)
    return numbers


def _reachable(start: Part, ahead: Mapping[Part, set[Part]]) -> set[Part]:
    seen: set[Part] = set()
    queue = [start]
    while queue:
        for part in ahead[queue.pop()] - seen:
            seen.add(part)
            queue.append(part)
    return seen


def _keys_in_order(keys: Sequence[Key], reads: Mapping[Key, tuple[Input, ...]]) -> tuple[Key, ...]:
    """Put each key after those of `keys` that it reads, as Dagster wants an op's results."""
    ordered: dict[Key, None] = {}

    def visit(key: Key) -> None:
        for read in reads[key]:
            if read.key in keys and read.key not in ordered:
                visit(read.key)
        ordered[key] = None

    for key in keys:
        if key not in ordered:
            visit(key)
    return tuple(ordered)


def _in_order(ops: list[Op], reads: Mapping[Key, tuple[Input, ...]]) -> tuple[Op, ...]:
    op_of = {key: op for op in ops for key in op.keys}
    ordered: dict[str, Op] = {}

    def visit(op: Op) -> None:
        if op.name in ordered:
            return
        for key in op.keys:
            for read in reads.get(key, ()):
                other = op_of.get(read.key)
                if other is not None and other is not op:
                    visit(other)
        earlier = [o for o in ops if (o.kind, o.owner, o.period) == (op.kind, op.owner, op.period)]
        for other in earlier:
            if other.stratum < op.stratum:
                visit(other)
        ordered[op.name] = op

    for op in ops:
        visit(op)
    return tuple(ordered.values())
