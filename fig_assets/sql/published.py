"""Any stored relation -> SELECT as people read it: day, key, plain names, every live version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches

import pyarrow as pa
from sqlglot import exp

from fig_assets.engines.base import DAY
from fig_assets.graph.nodes import (
    EVENT_ID,
    EVENT_TIME,
    SOURCE_FILE,
    SOURCE_LINE,
    Attribute,
    Graph,
    Model,
)
from fig_assets.graph.period import Period, Window
from fig_assets.sql import event as events
from fig_assets.sql import labels as label_sets
from fig_assets.sql import window as windows
from fig_assets.sql.explanations import PREFIX, RANK, apart, explanation_columns, unfold
from fig_assets.sql.expressions import column, named, on_days, scan, select
from fig_assets.sql.relations import CARRIED, row_columns, score_columns, table_columns


@dataclass(frozen=True, eq=False)
class Published:
    """A stored relation with what readers call its columns.

    `names` maps each name a reader may ask for to the stored column, in reading order; those from
    `plain` on are shown when no columns are asked for.
    """

    relation: str
    stored: Mapping[str, pa.DataType]
    names: Mapping[str, str]
    order: tuple[str, ...]
    unfolds: Mapping[str, pa.DataType] | None = None
    """Of explanations, the stored columns of the scores that they are unfolded from."""

    @property
    def is_dated(self) -> bool:
        """Whether the relation has days."""
        return DAY in self.stored

    @property
    def plain(self) -> list[str]:
        """The columns without the key and without `__v<N>` beside the plain names."""
        stored = set(self.names.values())
        plain = [n for n in self.names if n not in stored or self.names[n] != n]
        others = [n for n in self.names if self.names[n] == n and "__v" not in n]
        return [n for n in (*plain, *others) if n not in self.order]


def published(graph: Graph, name: str, period: str | None = None) -> Published:
    """Find what stands under the name of an event, table, family, label set or model.

    Raises:
        KeyError: nothing is called so, or the family has no such period; the text says what is.
    """
    if period is not None and name not in graph.families:
        raise KeyError(f"'{name}' has no periods; fix: leave the period out")
    if name.startswith(PREFIX):
        return _explanations(graph, name.removeprefix(PREFIX))
    if name in graph.events:
        event = graph.events[name]
        times = (EVENT_TIME, EVENT_ID)
        attributes = [a for a in event.attributes if a.column not in times]
        stored = events.stored_columns(event)
        places = (SOURCE_FILE, SOURCE_LINE)
        return _of(event.relation, stored, attributes, times, places)
    if name in graph.families:
        family = graph.families[name]
        found = _period(family.periods, name, period)
        stored = windows.stored_columns(family, found)
        features = family.features[found]
        bounds = tuple(windows.BOUNDS)
        return _of(family.relation(found), stored, features, (family.granularity,), bounds)
    if name in graph.row_families:
        row = graph.row_families[name]
        stored, carried = row_columns(row), tuple(CARRIED)
        return _of(row.relation, stored, row.features, (row.granularity,), carried)
    if name in graph.label_sets:
        labels = graph.label_sets[name]
        key = graph.row_families[labels.family].granularity
        stored = label_sets.stored_columns(graph, labels)
        return _of(labels.relation, stored, labels.labels, (key,), ())
    model = named_model(graph, name)
    if model is not None:
        key = graph.row_families[model.family].granularity
        stored = score_columns(graph, model.title)
        return _of(model.relation, stored, model.outputs, (key,), ("trained_for", "explanation"))
    if name in graph.tables:
        table = graph.tables[name]
        names = {n: n for n in table.columns}
        return Published(table.relation, table_columns(table), names, (table.key,))
    known = [*graph.events, *graph.tables, *graph.families, *graph.row_families]
    known += [*graph.label_sets, *(model.name for model in graph.models.values())]
    raise KeyError(f"nothing is called '{name}'; there are: {', '.join(sorted(known))}")


def select_published(
    relation: Published, days: Window | None, columns: Sequence[str] | None = None
) -> exp.Select:
    """Select a relation as people read it, ordered by day and key.

    Returns:
        Columns `(day, key, plain names of default versions, every version as <name>__v<N>, ...)`,
        or `day`, the key and the asked `columns`.

    Raises:
        KeyError: a column is not there; the text says what is.
    """
    wanted = list(relation.names) if columns is None else _asked(relation, columns)
    leading = [column(DAY)] if relation.is_dated else []
    table = _table(relation, days)
    shown = [*leading, *(_named(relation.names[name], name) for name in wanted)]
    query = select(shown, table)
    if days is not None:
        query.where(on_days(days), copy=False)
    order = [*(place.copy() for place in leading), *map(column, relation.order)]
    return query.order_by(*order, copy=False)


def _table(relation: Published, days: Window | None) -> exp.Expr:
    if relation.unfolds is None:
        return scan(relation.relation, dict(relation.stored), days, "stored")
    return unfold(scan(relation.relation, dict(relation.unfolds), days), relation.order[0])


def _explanations(graph: Graph, name: str) -> Published:
    model = named_model(graph, name)
    if model is None:
        known = ", ".join(f"{PREFIX}{it.identity}" for it in graph.models.values()) or "none"
        raise KeyError(f"there is no model '{name}'; there are: {known}")
    stored = explanation_columns(graph, model)
    key = graph.row_families[model.family].granularity
    names = {column: column for column in stored if column != DAY}
    unfolds = score_columns(graph, model.title)
    return Published(model.relation, stored, names, (key, apart(RANK, key)), unfolds)


def _named(stored: str, name: str) -> exp.Expr:
    return column(stored) if stored == name else named(column(stored), name)


def named_model(graph: Graph, name: str) -> Model | None:
    """Find a model by `name`, its default version, by `name@2`, or by title."""
    wanted, _, version = name.partition("@")
    for model in graph.models.values():
        asked = version == str(model.version) if version else model.is_default
        if model.name == wanted and asked:
            return model
    return graph.models.get(name)


def every_published(graph: Graph) -> dict[str, Published]:
    """Return each stored relation under the name of its view."""
    named = (*graph.events, *graph.tables, *graph.row_families, *graph.label_sets)
    found = {name: published(graph, name) for name in named}
    for model in graph.models.values():
        apart = "" if model.is_default else f"__v{model.version}"
        found[f"{model.name}{apart}_scores"] = published(graph, model.identity)
    for family in graph.families.values():
        for period in family.periods:
            relation = published(graph, family.name, period.name)
            found[f"{family.name}_{period.word}"] = relation
    return found


def views(graph: Graph) -> dict[str, exp.Query]:
    """Return the view of each relation under the name that people ask for."""
    found = every_published(graph) | every_explanation(graph)
    return {name: select_published(it, None) for name, it in found.items()}


def every_explanation(graph: Graph) -> dict[str, Published]:
    """Return the explanations of each model under the name of their view."""
    return {
        f"{model.name}{'' if model.is_default else f'__v{model.version}'}_explanations": published(
            graph, f"{PREFIX}{model.identity}"
        )
        for model in graph.models.values()
    }


def days_of(start: date, end: date) -> Window:
    """Return the window of the days `start` to `end`, both included."""
    return Window(start, end + timedelta(days=1))


def _of(
    relation: str,
    stored: Mapping[str, pa.DataType],
    attributes: Iterable[Attribute],
    leading: tuple[str, ...],
    trailing: tuple[str, ...],
) -> Published:
    listed = list(attributes)
    names = {name: name for name in leading}
    names |= {a.name: a.column for a in listed if a.is_default}
    names |= {a.column: a.column for a in listed}
    names |= {name: name for name in trailing}
    return Published(relation, stored, names, leading)


def _asked(relation: Published, columns: Sequence[str]) -> list[str]:
    found = []
    for name in columns:
        plain, _, pin = name.partition("@")
        wanted = f"{plain}__v{pin}" if pin else name
        if wanted == DAY:
            continue
        if wanted not in relation.names:
            known = [n for n in relation.names if "__v" not in n]
            near = get_close_matches(plain, known, n=1)
            mend = f"write {near[0]}" if near else f"there are: {', '.join(known)}"
            raise KeyError(f"'{name}' is no column of {relation.relation}; {mend}")
        found.append(wanted)
    return list(dict.fromkeys([*relation.order, *found]))


def _period(periods: Sequence[Period], name: str, wanted: str | None) -> Period:
    if wanted is None and len(periods) == 1:
        return periods[0]
    for period in periods:
        if wanted in (period.name, period.word):
            return period
    known = ", ".join(period.name for period in periods)
    asked = f"no period '{wanted}'" if wanted else "several periods"
    raise KeyError(f"family '{name}' has {asked}; name one of: {known}")
