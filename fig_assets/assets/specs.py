"""A node of the graph -> the `AssetSpec` that describes it. Pure: nothing runs, nothing is read."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from dagster import (
    AssetDep,
    AssetSpec,
    MetadataValue,
    TableColumn,
    TableColumnConstraints,
    TableColumnDep,
    TableColumnLineage,
    TableSchema,
)

from fig_assets.assets import keys, partitions
from fig_assets.assets.betas import code_reference
from fig_assets.assets.markdown import code, prose
from fig_assets.graph.definitions import (
    Aggregated,
    Called,
    Combined,
    Computed,
    Extracted,
    Joined,
    Learned,
    Voted,
)
from fig_assets.graph.nodes import About, Attribute, Graph, Input, Key, Op
from fig_assets.graph.ops import state_inputs
from fig_assets.graph.period import SAME_DAY, Reach
from fig_assets.graph.version import fingerprint
from fig_assets.language.types import Type
from fig_assets.sql.state_columns import states_of


class Documented(Protocol):
    """Any node that says what documents it."""

    @property
    def about(self) -> About:
        """Where it is written, what it is for, whose it is."""
        ...


SQL_TYPES = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP (UTC)",
    "date": "DATE",
}


def specs_of(graph: Graph, op: Op, root: Path, dialect: str) -> list[AssetSpec]:
    """Describe every asset of an op, each after those of the op that it reads."""
    own = [key for key in op.keys if key in graph.attributes]
    others = [key for key in op.keys if key not in graph.attributes]
    reads = {key: graph.attributes[key].inputs for key in own}
    reads |= {key: _inputs(graph, op, key) for key in others}
    deps = _deps(graph, reads)
    found = [_spec(graph, op, key, deps[key], root=root, dialect=dialect) for key in own]
    return found + [_whole(graph, op, key, deps[key], root=root, dialect=dialect) for key in others]


def external_specs(graph: Graph) -> list[AssetSpec]:
    """Describe the sources of lookup tables: they are read where they stand."""
    return [
        AssetSpec(
            keys.asset_key(source.key),
            group_name="raw",
            description=f"The file of source `{source.name}`.",
            kinds={source.format},
        )
        for source in graph.sources.values()
        if not source.is_landed
    ]


def _spec(
    graph: Graph, op: Op, key: Key, deps: Sequence[AssetDep], *, root: Path, dialect: str
) -> AssetSpec:
    attribute = graph.attributes[key]
    return AssetSpec(
        keys.asset_key(key),
        deps=deps,
        description=_described(attribute),
        code_version=attribute.fingerprint,
        group_name=keys.group_name(op),
        kinds=keys.kinds(op, dialect),
        owners=_owners(attribute.about),
        tags=_tags(
            attribute.about.tags, {"fig/kind": op.kind, "fig/type": _type_tag(attribute.type)}
        ),
        partitions_def=partitions.daily(graph),
        metadata={
            "dagster/column_schema": TableSchema([_column(attribute)]),
            "dagster/column_lineage": TableColumnLineage(
                {attribute.column: _column_deps(graph, attribute)}
            ),
            "fig/reads": MetadataValue.md(_reads_table(attribute.inputs)),
            **_code_reference(attribute.about, root),
            **_function(attribute),
            "fig/version": attribute.version,
            **_number(attribute.number),
        },
    )


def _type_tag(kind: Type) -> str:
    """Write a type as a tag may be: `embedding(3)` as `embedding-3`."""
    return kind.name if kind.size is None else f"{kind.name}-{kind.size}"


def _whole(
    graph: Graph, op: Op, key: Key, deps: Sequence[AssetDep], *, root: Path, dialect: str
) -> AssetSpec:
    """Describe an asset that is no attribute: a relation, a table, states, a model, a source."""
    about, dated = _about(graph, op, key), True
    if op.kind == "raw":
        dated = graph.sources[op.owner].is_dated
    if op.kind == "table":
        dated = graph.tables[op.owner].is_daily
    metadata: dict[str, object] = {}
    shown = _shown(graph, op)
    if shown:
        metadata["dagster/column_schema"] = TableSchema([_column(a) for a in shown])
        metadata["dagster/column_lineage"] = TableColumnLineage(
            {a.column: [TableColumnDep(keys.asset_key(a.key), a.column)] for a in shown}
        )
        metadata["dagster/relation_identifier"] = "/".join(key)
    if about:
        metadata |= _code_reference(about, root)
    if op.kind == "model":
        metadata |= _number(graph.models[op.owner].number)
    return AssetSpec(
        keys.asset_key(key),
        deps=deps,
        description=_summary(graph, op, key),
        code_version=_code_version(graph, op),
        group_name=keys.group_name(op),
        kinds=keys.kinds(op, dialect) | ({dialect} if op.kind == "python" else set()),
        owners=_owners(about) if about else None,
        tags=_tags(about.tags if about else {}, {"fig/kind": op.kind}),
        partitions_def=partitions.daily(graph) if dated else None,
        metadata=metadata,
    )


def _deps(graph: Graph, reads: Mapping[Key, tuple[Input, ...]]) -> dict[Key, list[AssetDep]]:
    """Say what each asset of an op reads.

    Dagster takes one mapping for all readers of an asset in one op: where they read other days
    of it, each is told the days of all.
    """
    reaches: dict[Key, Reach] = {}
    for read in (read for inputs in reads.values() for read in inputs):
        reaches[read.key] = read.reach | reaches.get(read.key, read.reach)
    every = {
        key: AssetDep(
            keys.asset_key(key),
            partition_mapping=partitions.over(reach) if _is_dated(graph, key) else None,
        )
        for key, reach in reaches.items()
    }
    return {
        key: [every[read] for read in dict.fromkeys(read.key for read in inputs)]
        for key, inputs in reads.items()
    }


def _is_dated(graph: Graph, key: Key) -> bool:
    if key[0] == "raw":
        source = graph.sources[key[1]]
        return source.is_landed and source.is_dated
    return key[0] != "tables" or graph.tables[key[1]].is_daily


def _inputs(graph: Graph, op: Op, key: Key) -> tuple[Input, ...]:
    match op.kind:
        case "raw":
            return ()
        case "table":
            return (Input(("raw", graph.tables[op.owner].source)),)
        case "states":
            return state_inputs(graph.families[op.owner])
        case "model":
            model = graph.models[op.owner]
            return tuple(Input(a.key, model.reach) for a in model.learned)
        case _:
            del key
            return (*(Input(a.key) for a in _shown(graph, op)), *_truth(graph, op))


def _truth(graph: Graph, op: Op) -> tuple[Input, ...]:
    """Return the table that a label set is measured by: it is built before, where both are."""
    labels = graph.label_sets.get(op.owner)
    if labels is None or labels.truth is None:
        return ()
    return (Input(("tables", labels.truth.table)),)


def _shown(graph: Graph, op: Op) -> tuple[Attribute, ...]:
    """Return the attributes that a published relation shows."""
    match op.kind:
        case "event":
            return graph.events[op.owner].attributes
        case "window" | "python" if op.period:
            return graph.families[op.owner].features[op.period]
        case "row" | "python":
            return graph.row_families[op.owner].features
        case "label" | "label_model":
            return graph.label_sets[op.owner].labels
        case _:
            return ()


def _about(graph: Graph, op: Op, key: Key) -> About | None:
    del key
    owners: dict[str, Mapping[str, Documented]] = {
        "event": graph.events,
        "table": graph.tables,
        "states": graph.families,
        "window": graph.families,
        "row": graph.row_families,
        "python": graph.families if op.period else graph.row_families,
        "label": graph.label_sets,
        "label_model": graph.label_sets,
        "model": graph.models,
        "score": graph.models,
    }
    found = owners.get(op.kind, {}).get(op.owner)
    return found.about if found is not None else None


def _summary(graph: Graph, op: Op, key: Key) -> str:
    about = _about(graph, op, key)
    said = prose(about.description) if about else ""
    match op.kind:
        case "raw":
            words = "Raw lines, each read once, split by the day of the event; quarantine beside."
        case "event":
            words = "One row for each event of the day, without duplicates."
        case "table":
            daily = graph.tables[op.owner].is_daily
            words = "One row for each key"
            words += ", of the newest file dated up to the day." if daily else "."
        case "states":
            words = "Mergeable states of one day's events: windows of any length are made of them."
        case "window" | "python" if op.period:
            days = op.period.days
            words = (
                f"One row for each entity with an event in the {days} days that end with the day."
            )
        case "row" | "python":
            words = "One row for each granularity value of the day, with what was known before it."
        case "label" | "label_model":
            words = "One row for each row of the family: votes and combined labels."
        case _:
            model = graph.models[op.owner]
            words = (
                f"Partition T learns from the {model.window_days} day(s) that end "
                f"{model.delay_days} day(s) before T, or keeps the champion."
            )
    return f"{said}\n\n{words}".strip()


def _code_version(graph: Graph, op: Op) -> str:
    match op.kind:
        case "event":
            return graph.events[op.owner].fingerprint
        case "table":
            return graph.tables[op.owner].fingerprint
        case "model":
            return graph.models[op.owner].fingerprint
        case "states":
            kept = states_of(graph.families[op.owner])
            every = (s.fingerprint for k in kept for s in (*k.merged.values(), *k.values.values()))
            return fingerprint(*(k.group.fingerprint for k in kept), *sorted(every))
        case _:
            return fingerprint(*(a.fingerprint for a in _shown(graph, op)))


def _described(attribute: Attribute) -> str:
    lines = [prose(attribute.about.description)] if attribute.about.description else []
    if attribute.about.deprecated:
        lines.append(f"**Deprecated:** {prose(attribute.about.deprecated)}")
    lines.append(code(formula(attribute)))
    return "\n\n".join(lines)


def formula(attribute: Attribute) -> str:
    """Write what an attribute is, in the words of its configuration."""
    match attribute.definition:
        case Extracted(path):
            return path.text
        case Computed(expression) | Aggregated(expression):
            return expression.text
        case Called(function, columns):
            return f"{function.location}({', '.join(f'${name}' for name in columns)})"
        case Joined(_, column, _):
            return f"joined: {column}"
        case Voted(computed, vote):
            text = computed.expression.text
            return f"WHEN {text} THEN '{vote}'" if vote else text
        case Combined(method, columns) | Learned(votes=Combined(method, columns)):
            return f"{method} of {', '.join(c.partition('__')[0] for c in columns)}"
        case _:
            return attribute.name


def _column(attribute: Attribute) -> TableColumn:
    nonnull = any(check.nonnull for check in attribute.checks)
    unique = any(check.unique for check in attribute.checks)
    others = [check.kind for check in attribute.checks if check.kind not in ("nonnull", "unique")]
    return TableColumn(
        attribute.column,
        SQL_TYPES.get(attribute.type.name, str(attribute.type)),
        description=prose(attribute.about.description) or None,
        constraints=TableColumnConstraints(nullable=not nonnull, unique=unique, other=others),
    )


def _column_deps(graph: Graph, attribute: Attribute) -> list[TableColumnDep]:
    # What is read of several days, each in its own way, is one column all the same.
    read = dict.fromkeys(it.key for it in attribute.inputs if it.key in graph.attributes)
    return [TableColumnDep(keys.asset_key(key), graph.attributes[key].column) for key in read]


def _reads_table(inputs: tuple[Input, ...]) -> str:
    """Write the lineage as a table, which the asset page shows where column lineage is hidden."""
    rows = [f"| {'/'.join(read.key)} | {_days(read.reach)} |" for read in inputs]
    return "\n".join(["| reads | of the days |", "|---|---|", *rows])


def _days(reach: Reach) -> str:
    if reach == SAME_DAY:
        return "D"
    last = f"D{reach.last:+d}" if reach.last else "D"
    if reach.first == reach.last:
        return last
    first = "the start" if reach.first is None else f"D{reach.first:+d}" if reach.first else "D"
    return f"{first} to {last}"


def _function(attribute: Attribute) -> dict[str, object]:
    """Say which Python function computes an attribute, and where it stands."""
    if not isinstance(attribute.definition, Called):
        return {}
    function = attribute.definition.function
    return {"fig/python": function.location, "fig/python_file": f"{function.file}:{function.line}"}


def _owners(about: About) -> list[str] | None:
    return [about.owner] if about.owner else None


def _tags(written: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    return {**own, **{name: re.sub(r"[^A-Za-z0-9_.-]", "_", v)[:63] for name, v in written.items()}}


def _number(number: int | None) -> dict[str, object]:
    """Show the id of the lock file, where there is one yet."""
    return {} if number is None else {"fig/id": number}


def _code_reference(about: About, root: Path) -> dict[str, object]:
    if not about.where.line:
        return {}
    label = f"{about.where.file}:{about.where.line}"
    found = code_reference(root / about.where.file, about.where.line, label)
    return {"dagster/code_references": found}
