"""In which rows a value was lost: an operation that had its inputs gave nothing."""

from collections.abc import Callable, Sequence
from datetime import date

from tests.naive.aggregates import AGGREGATES
from tests.naive.config import Spec, column, field_versions, versions
from tests.naive.events import Files, event_rows, scope_of, text_at
from tests.naive.expressions import Call, Literal, Reference, Scope, Tree, parse
from tests.naive.functions import FUNCTIONS, order
from tests.naive.later import with_later
from tests.naive.layout import layout_of
from tests.naive.rows import wide_rows
from tests.naive.values import Document, Value, convert, json_text, parse_json
from tests.naive.windows import features_of, groups_of
from tests.naive.world import Scores, World

Lost = dict[str, int]
"""Column -> the number of rows in which at least one value was lost."""

_CHOOSING = ("CASE", "IF", "COALESCE")
_GIVING_NULL_BY_DESIGN = ("NULLIF", "REGEXP_EXTRACT", "GET", "IS_NULL", "IN", "LIKE", "ILIKE")
_ENDING_AT_A_LIMIT = ("CONCAT", "||", "REPLACE")
_READING_JSON = ("PARSE_JSON", "GET")
"""And every function whose name begins with ARRAY_."""


def event_losses(world: World, files: Files, name: str, day: date) -> Lost:
    """Count the losses of each field of an event."""
    names = field_versions(world.config.events[name])
    found: Lost = {}
    for row in event_rows(world.config, files, name, day):
        payload = next(
            it
            for _, number, it in files.lines(str(row["source_file"]))
            if number == row["source_line"]
        )
        scope = scope_of(row, names)
        for field, live in names.items():
            for version, spec in live.all.items():
                value = row[column(field, version)]
                if "json" in spec:
                    lost = text_at(payload, spec["json"]) is not None and value is None
                else:
                    lost = _computed(spec, scope)
                _count(found, column(field, version), lost=lost)
    return found


def window_losses(world: World, name: str, period: str, day: date) -> Lost:
    """Count the losses of each feature of a windowed family."""
    groups = groups_of(world, name, period, day, {})
    found: Lost = {}
    for key in {key for group in groups for key in group.rows_of}:
        values = features_of(world, groups, key)
        names = {it: live for group in groups for it, live in group.definitions.items()}
        siblings = scope_of(values, names)
        for group in groups:
            rows = group.rows_of.get(key, [])
            for feature, live in group.definitions.items():
                for version, spec in live.all.items():
                    lost = _finished(spec, rows, siblings)
                    _count(found, column(feature, version), lost=lost)
    return found


def request_losses(world: World, name: str, day: date, scores: Scores) -> Lost:
    """Count the losses of each feature of a row family; joined features lose nothing."""
    family = world.config.families[name]
    layout = layout_of(world.config, family)
    found: Lost = {}
    for wide in wide_rows(world, name, day, scores=scores):
        for feature, live in layout.features.items():
            for version, it in live.items():
                is_base = "source" in family["groups"][it.group]
                scope = wide.base_scope if is_base else wide.scope
                lost = not it.is_joined and _computed(it.spec, scope)
                _count(found, column(feature, version), lost=lost)
    return found


def label_losses(world: World, name: str, day: date, scores: Scores) -> Lost:
    """Count the losses of each weak label."""
    labels = world.config.label_sets[name]
    found: Lost = {}
    for wide in wide_rows(world, labels["family"], day, scores=scores):
        known = with_later(world, labels, day, wide, scores)
        for weak, definition in labels["weak_labels"].items():
            for version, spec in versions(definition).all.items():
                text = spec.get("when") or spec["function"]
                _, lost = trace(parse(text), known)
                _count(found, column(weak, version), lost=lost)
    return found


def trace(tree: Tree, scope: Scope) -> tuple[Value, bool]:
    """Give the value of a row expression, and whether a value was lost on the way."""
    match tree:
        case Literal(value):
            return value, False
        case Reference(name, version):
            return scope(name, version), False
        case Call(function, arguments) if function in _CHOOSING:
            return _chosen(function, arguments, lambda part: trace(part, scope))
        case Call(function, arguments):
            return _applied(function, [trace(part, scope) for part in arguments])


def _computed(spec: Spec, scope: Scope) -> bool:
    return "function" in spec and _converted(spec, *trace(parse(spec["function"]), scope))


def _finished(spec: Spec, rows: Sequence[Scope], siblings: Scope) -> bool:
    if "function" not in spec:
        return False
    return _converted(spec, *_trace_over(parse(spec["function"]), rows, siblings))


def _converted(spec: Spec, value: Value, lost: bool) -> bool:  # noqa: FBT001 - a pair unpacked
    if "type" in spec and value is not None:
        lost |= convert(value, spec["type"]) is None
    return lost


def _trace_over(tree: Tree, rows: Sequence[Scope], siblings: Scope) -> tuple[Value, bool]:
    if not isinstance(tree, Call):
        return trace(tree, siblings)
    if tree.function in AGGREGATES:
        return _aggregated(tree, rows)
    if tree.function in _CHOOSING:
        return _chosen(
            tree.function, tree.arguments, lambda part: _trace_over(part, rows, siblings)
        )
    parts = [_trace_over(part, rows, siblings) for part in tree.arguments]
    return _applied(tree.function, parts)


def _aggregated(call: Call, rows: Sequence[Scope]) -> tuple[Value, bool]:
    [argument] = call.arguments
    values, lost = [], False
    for row in rows:
        if call.condition is not None:
            kept, lost_here = trace(call.condition, row)
            lost |= lost_here
            if kept is not True:
                continue
        value, lost_here = trace(argument, row)
        lost |= lost_here
        values += [] if value is None else [value]
    result = AGGREGATES[call.function](values)
    needed = 2 if call.function in {"STDDEV", "VARIANCE"} else 1
    return result, lost or (result is None and len(values) >= needed)


def _chosen(
    function: str, parts: Sequence[Tree], traced: Callable[[Tree], tuple[Value, bool]]
) -> tuple[Value, bool]:
    """Compute conditions in order, and only the value that is chosen."""
    lost = False
    if function == "COALESCE":
        for part in parts:
            value, lost_here = traced(part)
            lost |= lost_here
            if value is not None:
                return value, lost
        return None, lost
    *branches, otherwise = parts
    for condition, chosen in zip(branches[::2], branches[1::2], strict=True):
        holds, lost_here = traced(condition)
        lost |= lost_here
        if holds is True:
            value, lost_here = traced(chosen)
            return value, lost or lost_here
    value, lost_here = traced(otherwise)
    return value, lost or lost_here


def _applied(function: str, parts: Sequence[tuple[Value, bool]]) -> tuple[Value, bool]:
    values = [value for value, _ in parts]
    result = FUNCTIONS[function](*values)
    lost = any(lost for _, lost in parts)
    if function == "IN":
        pairs = [(values[0], option) for option in values[1:] if None not in (values[0], option)]
        return result, lost or any(order(*pair) is None for pair in pairs)
    if function in _READING_JSON or function.startswith("ARRAY_"):
        written = values[0]
        if function == "PARSE_JSON" and isinstance(written, Document):
            written = json_text(written.json)
        if isinstance(written, str):
            lost |= _is_malformed(written)
            if _is_malformed(written) or _is_null(written):
                return result, lost
    if function in (*_GIVING_NULL_BY_DESIGN, *_ENDING_AT_A_LIMIT, "PARSE_JSON"):
        return result, lost
    return result, lost or (result is None and None not in values)


def _is_malformed(written: str) -> bool:
    try:
        parse_json(written, lenient=True)
    except (ValueError, RecursionError):
        return True
    return False


def _is_null(written: str) -> bool:
    return parse_json(written, lenient=True) is None


def _count(found: Lost, name: str, *, lost: bool) -> None:
    found[name] = found.get(name, 0) + lost
