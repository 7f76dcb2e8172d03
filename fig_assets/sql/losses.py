"""Attributes -> boolean columns beside their own: which rows lost a value on the way."""

from collections.abc import Iterable

from sqlglot import exp

from fig_assets.graph.definitions import Computed, Extracted, Voted
from fig_assets.graph.nodes import Attribute, label_of
from fig_assets.language.duck import count_where
from fig_assets.language.losses import can_lose, lost
from fig_assets.language.lower import Lowering
from fig_assets.language.types import BOOLEAN, STRING, Type, convert
from fig_assets.sql.expressions import column, named, typed

FOUND, LOST = "found__", "lost__"
"""What the name of such a column begins with; it is counted and never stored."""
LOST_KEYS = "lost_keys"
"""Of a day's rows, those whose key could not be converted to the type of a granularity."""


def lost_column(attribute: Attribute) -> str:
    """Name the column that says in which rows an attribute lost a value."""
    return f"{LOST}{attribute.column}"


def losses(attributes: Iterable[Attribute], dialect: str) -> list[exp.Expr]:
    """Select, of the attributes whose expressions can lose a value, in which rows they did.

    The columns of the attributes, and those that they read, are columns of the source.
    """
    found = ((attribute, _loss(attribute, dialect)) for attribute in attributes)
    return [named(loss, lost_column(attribute)) for attribute, loss in found if loss is not None]


def found_text(attribute: Attribute, text: exp.Expr) -> exp.Expr:
    """Select in which rows there is a text at the path of a field."""
    is_there = exp.Not(this=exp.Is(this=text, expression=exp.null()))
    return named(is_there, f"{FOUND}{attribute.column}")


def lost_text(attribute: Attribute) -> exp.Expr:
    """Select in which rows the text at the path of a field has no counterpart of its type."""
    is_lost = exp.Is(this=column(attribute.column), expression=exp.null())
    there = column(f"{FOUND}{attribute.column}")
    return named(exp.and_(there, is_lost, copy=False), lost_column(attribute))


def is_losing_path(attribute: Attribute) -> bool:
    """Tell whether an attribute is a field whose path has a type that some text may not have."""
    if not isinstance(attribute.definition, Extracted):
        return False
    inferred = attribute.definition.path.type or STRING
    return can_lose(STRING, inferred) or can_lose(inferred, attribute.type)


def lost_key(field: Attribute, kind: Type, dialect: str) -> exp.Expr | None:
    """Count the rows in which a field has a value that no key of type `kind` is made from.

    None where every value of the field has one.
    """
    if not can_lose(field.type, kind):
        return None
    there = exp.Not(this=exp.Is(this=column(field.column), expression=exp.null()))
    key = convert(column(field.column), field.type, kind, dialect)
    is_lost = exp.Is(this=key, expression=exp.null())
    return named(count_where(exp.and_(there, is_lost, copy=False)), LOST_KEYS)


def _loss(attribute: Attribute, dialect: str) -> exp.Expr | None:
    match attribute.definition:
        case Computed():
            finished = column(attribute.column)
            return _computed(attribute.definition, attribute.type, dialect, finished)
        case Voted(computed, vote):
            return _computed(computed, STRING if vote is None else BOOLEAN, dialect)
        case _:
            return None


def _computed(
    computed: Computed, kind: Type, dialect: str, finished: exp.Expr | None = None
) -> exp.Expr | None:
    lowering = Lowering(
        dialect,
        lambda reference: column(computed.columns[label_of(reference)]),
        typed(computed.types),
    )
    return lost(computed.expression.tree, lowering, kind, finished)
