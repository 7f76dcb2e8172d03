"""Config -> `Graph`: every name resolved, every type known, every problem told at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from typing import TypeVar

from fig_assets.config.load import Config, Definition
from fig_assets.config.schema import Model as ModelSpec
from fig_assets.errors import ConfigError, Problem
from fig_assets.graph.check import RULES
from fig_assets.graph.definitions import Delivered
from fig_assets.graph.events import EventOwner
from fig_assets.graph.families import FamilyOwner
from fig_assets.graph.labels import LabelOwner
from fig_assets.graph.models import ModelOwner
from fig_assets.graph.nodes import (
    ACCOUNT,
    Attribute,
    Event,
    Family,
    Graph,
    LabelSet,
    Model,
    RowFamily,
    Table,
)
from fig_assets.graph.ops import cut, parts_of
from fig_assets.graph.owners import Symbol
from fig_assets.graph.rows import RowOwner
from fig_assets.graph.scope import Refused, Scope
from fig_assets.graph.sources import PAYLOAD_COLUMN, Landing, Source
from fig_assets.graph.tables import build_table
from fig_assets.graph.warnings import WARNINGS

T = TypeVar("T")
N = TypeVar("N")
Node = Event | Family | RowFamily | LabelSet | Model
NodeOwner = EventOwner | FamilyOwner | RowOwner | LabelOwner | ModelOwner


def build_graph(config: Config) -> tuple[Graph, tuple[Problem, ...]]:
    """Resolve a configuration.

    Returns:
        The graph, and the warnings.

    Raises:
        ConfigError: with every problem that was found, in file order.
    """
    scope = Scope(config)
    tables = _tables(scope)
    owners = _register(scope, tables)
    makers = [make for owner in owners for make in _nodes_of(owner)]
    nodes: list[Node] = [node for make in makers if (node := _try(scope, make)) is not None]
    for rule in RULES:
        scope.problems += rule(scope.resolved.values(), config)
    errors = [p for p in scope.problems if p.severity == "error"]
    if errors:
        raise ConfigError(errors)
    graph = _assemble(scope, nodes, tables, config.start_date)
    found = [problem for warn in WARNINGS for problem in warn(graph, config)]
    return graph, tuple(sorted([*scope.problems, *found], key=lambda problem: problem.where))


def _try(scope: Scope, step: Callable[[], T]) -> T | None:
    """Run a step whose problems are recorded in `scope`; None where it was refused."""
    try:
        return step()
    except Refused:
        return None


def _tables(scope: Scope) -> dict[str, Table]:
    found = (_try(scope, partial(build_table, scope, d)) for d in scope.config.tables)
    return {table.name: table for table in found if table is not None}


def _register(scope: Scope, tables: Mapping[str, Table]) -> list[NodeOwner]:
    """Register every owner, so that each can be found by its name; those that fail are left out."""
    config = scope.config
    windowed = [f for f in config.families if f.spec.period is not None]
    by_row = [f for f in config.families if f.spec.period is None]
    makers: list[Callable[[], NodeOwner]] = [
        *(partial(EventOwner, scope, definition) for definition in config.events),
        *(partial(FamilyOwner, scope, definition) for definition in windowed),
        *(partial(RowOwner, scope, definition, tables) for definition in by_row),
        *(partial(LabelOwner, scope, definition, tables) for definition in config.label_sets),
        *(partial(ModelOwner, scope, versions) for versions in _by_name(config.models)),
    ]
    owners = [owner for make in makers if (owner := _try(scope, make)) is not None]
    for owner in owners:
        scope.owners[owner.name] = owner
    scope.absent |= (_names(config) - {*scope.owners, *tables}) | config.missing
    for owner in owners:
        owner.names()
    return owners


def _names(config: Config) -> set[str]:
    found = {table.spec.name for table in config.tables} | {e.spec.name for e in config.events}
    found |= {family.spec.name for family in config.families}
    found |= {labels.spec.name for labels in config.label_sets}
    return found | {model.spec.name for model in config.models}


def _by_name(models: Sequence[Definition[ModelSpec]]) -> list[list[Definition[ModelSpec]]]:
    """Put the versions of a model together."""
    found: dict[str, list[Definition[ModelSpec]]] = {}
    for definition in models:
        found.setdefault(definition.spec.name, []).append(definition)
    return list(found.values())


def _nodes_of(owner: NodeOwner) -> Sequence[Callable[[], Node]]:
    return owner.nodes() if isinstance(owner, ModelOwner) else [owner.node]


def _assemble(
    scope: Scope, nodes: Sequence[Node], tables: Mapping[str, Table], start: date
) -> Graph:
    def of(kind: type[N]) -> dict[str, N]:
        found = (node for node in nodes if isinstance(node, kind))
        return {node.title if isinstance(node, Model) else node.name: node for node in found}

    events, families, rows = of(Event), of(Family), of(RowFamily)
    events = {name: _with_account(scope, event) for name, event in events.items()}
    labels, models = of(LabelSet), of(Model)
    sources = _sources(scope.config, list(events.values()), list(tables.values()))
    parts = parts_of(
        sources.values(),
        events.values(),
        tables.values(),
        families.values(),
        rows.values(),
        labels.values(),
        models.values(),
    )
    return Graph(
        name=scope.project.name,
        start=start,
        end=scope.environment.end_date or scope.project.end_date,
        sources=sources,
        events=events,
        tables=tables,
        families=families,
        row_families=rows,
        label_sets=labels,
        models=models,
        attributes={a.key: a for a in (*scope.resolved.values(), *_features(rows))},
        ops=cut(parts),
        references=scope.pins.made,
    )


def _with_account(scope: Scope, event: Event) -> Event:
    """Give an event the field `account`, if something reads it."""
    account = scope.resolved.get(Symbol(event.name, ACCOUNT, 1))
    if account is None or not isinstance(account.definition, Delivered):
        return event
    return replace(event, attributes=(account, *event.attributes))


def _features(rows: Mapping[str, RowFamily]) -> list[Attribute]:
    """List the features of row families as the families know them: joins by their places."""
    return [feature for row in rows.values() for feature in row.features]


def _sources(config: Config, events: list[Event], tables: list[Table]) -> dict[str, Source]:
    found = {}
    for name in sorted({e.source for e in events} | {t.source for t in tables}):
        files = config.environment.spec.files(name)
        landings: dict[str, Landing] = {}
        for event in events:
            if event.source == name:
                landings[event.landing.relation] = event.landing
        late_days = max(spec.late_days for spec in files)
        whole = Source(
            name,
            files[0].format,
            files[0].path,
            late_days,
            tuple(landings.values()),
            column=files[0].column or PAYLOAD_COLUMN,
        )
        accounts = tuple(
            whole.of_account(spec.account, spec.path, spec.late_days, spec.column or PAYLOAD_COLUMN)
            for spec in files
            if spec.account is not None
        )
        found[name] = replace(whole, accounts=accounts)
    return found
