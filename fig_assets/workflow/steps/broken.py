"""A check and a column -> the values that break it. Arrow computes; patterns run in RE2."""

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.config.schema import Check
from fig_assets.graph.checks import whole_pattern
from fig_assets.language.constants import constant
from fig_assets.language.types import BIGINT, FLOAT, Type, arrow_type

Values: TypeAlias = "pa.Array[Any]"

_BREAKS = {
    "eq": "not_equal",
    "ne": "equal",
    "gt": "less_equal",
    "ge": "less",
    "lt": "greater_equal",
    "le": "greater",
}

_WHOLE = pc.CastOptions(pa.int64())


def places(flags: Values) -> list[int]:
    """Return where `flags` are true, from 0."""
    return [int(place) for place in _apply("indices_nonzero", flags).to_numpy()]


def broken(check: Check, kind: Type, values: Values) -> Values:
    """Say of each of `values`, of type `kind`, whether it breaks `check`.

    Returns:
        Booleans, none of them NULL; a NULL breaks only `nonnull`.
    """
    if check.nonnull:
        return _apply("is_null", values)
    return _apply("coalesce", _broken(check, kind, values), pa.scalar(value=False))


def _broken(check: Check, kind: Type, values: Values) -> Values:
    written = getattr(check, check.kind)
    match check.kind:
        case "unique":
            return _is_in(values, _repeated(_hashed(values, kind)), kind)
        case "isin" | "notin":
            known = pa.array([constant(value, kind) for value in written], arrow_type(kind))
            found = _is_in(values, known, kind)
            wrong = found if check.kind == "notin" else _apply("invert", found)
            return _apply("and", wrong, _apply("is_valid", values))
        case "in_range":
            return _outside(values, [_scalar(end, kind) for end in written])
        case "str_matches" | "str_contains":
            whole = check.kind == "str_matches"
            options = pc.MatchSubstringOptions(whole_pattern(written) if whole else written)
            return _apply("invert", _apply("match_substring_regex", values, options=options))
        case "str_startswith" | "str_endswith":
            name = "starts_with" if check.kind == "str_startswith" else "ends_with"
            options = pc.MatchSubstringOptions(written)
            return _apply("invert", _apply(name, values, options=options))
        case "str_length":
            lengths = _apply("cast", _apply("utf8_length", values), options=_WHOLE)
            return _outside(lengths, [_scalar(end, BIGINT) for end in written])
        case name:
            return _apply(_BREAKS[name], values, _scalar(written, kind))


def _apply(name: str, *arguments: object, options: pc.FunctionOptions | None = None) -> Values:
    found: Values = pc.call_function(name, list(arguments), options)
    return found


def _scalar(written: object, kind: Type) -> "pa.Scalar[Any] | None":
    return None if written is None else pa.scalar(constant(written, kind), arrow_type(kind))


def _outside(values: Values, ends: "list[pa.Scalar[Any] | None]") -> Values:
    low, high = ends
    parts = [] if low is None else [_apply("less", values, low)]
    parts += [] if high is None else [_apply("greater", values, high)]
    return parts[0] if len(parts) == 1 else _apply("or", *parts)


def _repeated(values: Values) -> Values:
    counts = _apply("value_counts", values.drop_null())
    found, times = (_apply("struct_field", counts, options=_field(n)) for n in (0, 1))
    return _apply("array_filter", found, _apply("greater", times, pa.scalar(1)))


def _field(place: int) -> pc.StructFieldOptions:
    return pc.StructFieldOptions([place])


def _is_in(values: Values, known: Values, kind: Type) -> Values:
    options = pc.SetLookupOptions(_hashed(known, kind))
    return _apply("is_in", _hashed(values, kind), options=options)


def _hashed(values: Values, kind: Type) -> Values:
    """Return the values so that equal ones look equal to a hash: -0.0 becomes 0.0."""
    return _apply("add", values, pa.scalar(0.0)) if kind == FLOAT else values
