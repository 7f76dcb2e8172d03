"""The order of a statement's rows, taken out of the statement and made in Arrow.

A cluster orders rows by sending all of them around once more; the rows of a day are few enough to
be put in order where they are published.
"""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

HIDDEN = "order__"
"""How columns are called that a statement gives only to be ordered by."""


@dataclass(frozen=True)
class Key:
    """A column by which rows are ordered."""

    name: str
    is_down: bool = False
    has_nulls_first: bool = False


@dataclass(frozen=True)
class Order:
    """The keys by which rows are ordered, the first of them first."""

    keys: tuple[Key, ...] = ()

    def of(self, rows: pa.Table) -> pa.Table:
        """Return `rows` in this order, without the columns that are there for it alone.

        Rows of the same values stay as they stand.
        """
        if not self.keys:
            return rows
        sought: list[tuple[str, Literal["ascending", "descending"]]] = []
        marked = rows
        for place, key in enumerate(self.keys):
            if key.has_nulls_first:
                mark = f"{HIDDEN}known_{place}"
                marked = marked.append_column(mark, pc.is_valid(rows.column(key.name)))
                sought.append((mark, "ascending"))
            sought.append((key.name, "descending" if key.is_down else "ascending"))
        shown = [name for name in rows.column_names if not name.startswith(HIDDEN)]
        return rows.select(shown).take(pc.sort_indices(marked, sought))


def taken_out(tree: exp.Query) -> Order | None:
    """Take the order out of a tree, which may give more columns then; None where it must stay."""
    order = tree.args.get("order")
    if order is None:
        return Order()
    if _must_stay(tree):
        return None
    keys = []
    for place, key in enumerate(order.expressions):
        said = key.this if isinstance(key, exp.Ordered) else key
        name = _given(tree, said)
        if name is None:
            name = f"{HIDDEN}{place}"
            tree.append("expressions", exp.alias_(said.copy(), name, copy=False))
        keys.append(Key(name, bool(key.args.get("desc")), bool(key.args.get("nulls_first"))))
    order.pop()
    return Order(tuple(keys))


def _must_stay(tree: exp.Query) -> bool:
    """Say whether the order decides which rows there are, or cannot be told by more columns."""
    is_plain = isinstance(tree, exp.Select) and not tree.args.get("distinct")
    return not is_plain or any(tree.args.get(part) for part in ("limit", "offset", "fetch"))


def _given(tree: exp.Query, key: exp.Expr) -> str | None:
    """Name the column of a tree that is a key of its order; None where there is none."""
    if isinstance(key, exp.Literal) and key.is_int:
        return str(tree.selects[int(key.name) - 1].alias_or_name)
    for item in tree.selects:
        is_named = isinstance(key, exp.Column) and not key.table and key.name == item.alias_or_name
        if is_named or (item.unalias() == key and item.alias_or_name != "*"):
            return str(item.alias_or_name)
    return None
