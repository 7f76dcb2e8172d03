"""What to write instead of a function or an operand that is refused."""

from difflib import get_close_matches

from sqlglot import exp

from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.tree import AGGREGATES, ExpressionError, span
from fig_assets.language.types import BIGINT, convertible
from fig_assets.language.value import Value


def number_mend(value: Value) -> str:
    """Say what to write where a number is needed and `value` is none."""
    if value.type.size is not None:
        return "use one float for each number that is needed"
    return "convert it: ::bigint" if convertible(value.type, BIGINT) else "use @TIMESTAMP_DIFF"


def unknown_function(node: exp.Anonymous) -> ExpressionError:
    """Return the refusal of a function that is not in the table, with the nearest name."""
    known = sorted({*ROW_FUNCTIONS, *AGGREGATES, "DIVIDE", "MOD"})
    near = get_close_matches(node.name, known, n=1)
    fix = f"write @{near[0]}" if near else "see the table of functions"
    start, end = span(node)
    end = min(end, start + len(node.name) + 1)
    return ExpressionError(f"unknown function @{node.name}", start, end, fix)
