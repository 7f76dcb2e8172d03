"""The rows of N days -> one row for each granularity of an aggregate family."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from tests.naive.config import Spec, Versions, column, period_days, versions
from tests.naive.events import scope_of
from tests.naive.expressions import (
    Call,
    Literal,
    Reference,
    Scope,
    Tree,
    evaluate,
    evaluate_over,
    parse,
)
from tests.naive.functions import FUNCTIONS
from tests.naive.layout import columns_of
from tests.naive.python import evaluate_python
from tests.naive.values import ALIASES, Value, convert
from tests.naive.world import Row, Scores, World

_NUMBERS = {"bigint", "float"}


@dataclass(frozen=True)
class Group:
    """One group of a family with the rows it reads, in the order of event time."""

    definitions: dict[str, Versions]
    rows_of: dict[Value, list[Scope]]


def window_rows(world: World, name: str, period: str, day: date, *, scores: Scores) -> list[Row]:
    """Aggregate the days [day - N + 1, day], both included; days before the start hold nothing."""
    family = world.config.families[name]
    first = day - timedelta(days=period_days(period) - 1)
    groups = groups_of(world, name, period, day, scores)
    keys = {key for group in groups for key in group.rows_of}
    return [
        {
            family["granularity"]: key,
            "window_start": first,
            "window_end": day + timedelta(days=1),
            "window_complete": first >= world.config.start,
            **features_of(world, groups, key),
        }
        for key in sorted(keys)  # type: ignore[type-var]
    ]


def groups_of(world: World, name: str, period: str, day: date, scores: Scores) -> list[Group]:
    """Read the rows of the window that ends with `day`, group by group."""
    family = world.config.families[name]
    first = day - timedelta(days=period_days(period) - 1)
    days = [first + timedelta(days=n) for n in range(period_days(period))]
    return [_group(world, family, group, days, scores) for group in family["groups"]]


def with_counts_of_zero(family: Spec, feature: str, version: int) -> Value:
    """Give a number made of nothing but counts and numbers, all counts being 0; else None."""
    known = {name: it for group in family["groups"] for name, it in _definitions(group).items()}

    def value(name: str, version: int | None) -> Value:
        live = known[name]
        spec = live.all[live.default if version is None else version]
        if "function" not in spec:
            return None
        if "type" in spec and ALIASES.get(spec["type"], spec["type"]) not in _NUMBERS:
            return None
        found = _with_counts_of_zero(parse(spec["function"]), value)
        return convert(found, spec["type"]) if "type" in spec else found

    return value(feature, version)


def _with_counts_of_zero(tree: Tree, feature: Scope) -> Value:
    match tree:
        case Literal(int() | float() as number) if not isinstance(number, bool):
            return number
        case Reference(name, version):
            return feature(name, version)
        case Call(function) if "COUNT" in function:
            return 0
        case Call("CAST", (inner, Literal(str() as target))) if target in {*_NUMBERS, *ALIASES}:
            return convert(_with_counts_of_zero(inner, feature), target)
        case Call("+" | "-" | "NEGATIVE" | "*" | "/" | "DIVIDE" | "%" | "MOD" as function, sides):
            return FUNCTIONS[function](*(_with_counts_of_zero(side, feature) for side in sides))
    return None


def _group(world: World, family: Spec, group: Spec, days: Iterable[date], scores: Scores) -> Group:
    if "source" not in group:
        return Group(_definitions(group), {})
    source = group["source"]
    is_event = source in world.config.events
    names = columns_of(world.config, source)
    rows_of: dict[Value, list[Scope]] = {}
    for day in days:
        rows = (
            world.event_rows(source, day) if is_event else world.request_rows(source, day, scores)
        )
        for row in rows:
            scope = scope_of(row, names)
            key = scope(group["granularity_field"], None)
            if "granularity_type" in family:
                key = convert(key, family["granularity_type"])
            if key is not None and (
                "where" not in group or evaluate(group["where"], scope) is True
            ):
                rows_of.setdefault(key, []).append(scope)
    return Group(_definitions(group), rows_of)


def _definitions(group: Spec) -> dict[str, Versions]:
    return {name: versions(definition) for name, definition in group["features"].items()}


def features_of(world: World, groups: list[Group], key: Value) -> Row:
    """Compute every feature version of one granularity; siblings may stand in any group."""
    home = {name: group for group in groups for name in group.definitions}
    done: Row = {}

    def feature(name: str, version: int | None) -> Value:
        live = home[name].definitions[name]
        version = live.default if version is None else version
        if column(name, version) not in done:
            spec = live.all[version]
            rows = home[name].rows_of.get(key, [])
            if "python" in spec:
                value = evaluate_python(spec, world.config.folder, feature)
            else:
                value = evaluate_over(spec["function"], rows, feature)
            done[column(name, version)] = convert(value, spec["type"]) if "type" in spec else value
        return done[column(name, version)]

    for name, group in home.items():
        for version in group.definitions[name].all:
            feature(name, version)
    return done
