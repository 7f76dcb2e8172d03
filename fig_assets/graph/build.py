"""Config -> `Graph`: every name resolved, every type known, every problem told at once."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from fig_assets.config.load import Config
from fig_assets.errors import ConfigError, Problem, Where
from fig_assets.graph.check import RULES
from fig_assets.graph.events import EventOwner, build_table
from fig_assets.graph.families import FamilyOwner
from fig_assets.graph.labels import LabelOwner
from fig_assets.graph.models import ModelOwner
from fig_assets.graph.nodes import Event, Graph, Landing, Source, Table
from fig_assets.graph.ops import cut, parts_of
from fig_assets.graph.rows import RowOwner
from fig_assets.graph.scope import Refused, Scope

T = TypeVar("T")
N = TypeVar("N")


def build_graph(config: Config) -> tuple[Graph, tuple[Problem, ...]]:
    """Resolve a configuration.

    Returns:
        The graph, and the warnings.

    Raises:
        ConfigError: with every problem that was found, in file order.
    """
    scope = Scope(config)
    tables = _tables(scope)
    _register(scope, tables)
    owners = list(scope.owners.values())
    nodes = {owner.name: node for owner in owners if (node := _try(scope, owner.node)) is not None}
    start = scope.environment.start_date or scope.project.start_date
    if start is None:
        where = Where(config.folder.name + "/project.json", 1, 1, "/start_date")
        problem = Problem(where, "the project has no start_date", 'add "start_date": "2026-01-01"')
        scope.problems.append(problem)
    errors = [p for p in scope.problems if p.severity == "error"]
    if errors or start is None:
        raise ConfigError(scope.problems)
    graph = _assemble(scope, nodes, tables, start)
    found = [problem for rule in RULES for problem in rule(graph, config)]
    if any(problem.severity == "error" for problem in found):
        raise ConfigError([*scope.problems, *found])
    return graph, (*scope.problems, *found)


def _try(scope: Scope, step: Callable[[], T]) -> T | None:
    """Run a step whose problems are recorded in `scope`."""
    before = len(scope.problems)
    try:
        return step()
    except Refused:
        if len(scope.problems) == before and not scope.problems:
            raise
        return None


def _tables(scope: Scope) -> dict[str, Table]:
    tables = {}
    for definition in scope.config.tables:
        table = _try(scope, lambda d=definition: build_table(scope, d))  # type: ignore[misc]
        if table is not None:
            tables[table.name] = table
    return tables


def _register(scope: Scope, tables: Mapping[str, Table]) -> None:
    config = scope.config
    sources = config.environment.spec.sources
    makers: list[Callable[[], object]] = []
    for event in config.events:
        late = sources[event.spec.source].late_days if event.spec.source in sources else 1
        makers.append(lambda e=event, n=late: EventOwner(scope, e, n))  # type: ignore[misc]
    for family in config.families:
        if family.spec.period is not None:
            makers.append(lambda f=family: FamilyOwner(scope, f))  # type: ignore[misc]
        else:
            makers.append(lambda f=family: RowOwner(scope, f, tables))  # type: ignore[misc]
    makers += [lambda s=labels: LabelOwner(scope, s) for labels in config.label_sets]  # type: ignore[misc]
    makers += [lambda m=model: ModelOwner(scope, m) for model in config.models]  # type: ignore[misc]
    for make in makers:
        owner = _try(scope, make)
        if owner is not None:
            scope.owners[owner.name] = owner  # type: ignore[attr-defined, assignment]
    for owner in list(scope.owners.values()):
        if isinstance(owner, RowOwner) and _try(scope, lambda o=owner: o.collect() or o) is None:  # type: ignore[misc]
            del scope.owners[owner.name]


def _assemble(
    scope: Scope, nodes: Mapping[str, object], tables: Mapping[str, Table], start: date
) -> Graph:
    def of(kind: type[N]) -> dict[str, N]:
        return {
            name: nodes[name]
            for name, owner in scope.owners.items()
            if isinstance(owner, kind) and name in nodes
        }  # type: ignore[misc]

    events, families = of(EventOwner), of(FamilyOwner)
    rows, labels, models = of(RowOwner), of(LabelOwner), of(ModelOwner)
    sources = _sources(scope.config, list(events.values()), list(tables.values()))  # type: ignore[arg-type]
    parts = parts_of(
        sources.values(),
        events.values(),  # type: ignore[arg-type]
        tables.values(),
        families.values(),  # type: ignore[arg-type]
        rows.values(),  # type: ignore[arg-type]
        labels.values(),  # type: ignore[arg-type]
        models.values(),  # type: ignore[arg-type]
    )
    end = scope.environment.end_date or scope.project.end_date
    return Graph(
        name=scope.project.name,
        start=start,
        end=end,
        sources=sources,
        events=events,  # type: ignore[arg-type]
        tables=tables,
        families=families,  # type: ignore[arg-type]
        row_families=rows,  # type: ignore[arg-type]
        label_sets=labels,  # type: ignore[arg-type]
        models=models,  # type: ignore[arg-type]
        attributes={a.key: a for a in scope.resolved.values()},
        ops=cut(parts),
    )


def _sources(config: Config, events: list[Event], tables: list[Table]) -> dict[str, Source]:
    found = {}
    for name in sorted({e.source for e in events} | {t.source for t in tables}):
        spec = config.environment.spec.sources[name]
        landings: dict[str, Landing] = {}
        for event in events:
            if event.source == name:
                landings[event.landing.relation] = event.landing
        found[name] = Source(name, spec.format, spec.path, spec.late_days, tuple(landings.values()))
    return found
