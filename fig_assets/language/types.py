"""The simple types of attributes: their names, how they widen, and how a warehouse stores them."""

from dataclasses import dataclass
from difflib import get_close_matches

import pyarrow as pa
from sqlglot import exp

from fig_assets.language.duck import convert_in_duckdb, data_type, embedding_in_duckdb

DIALECTS = ("duckdb", "snowflake", "spark")
"""The warehouses that expressions can be written for, by sqlglot's names.

Trees are in DuckDB's words for all of them; the other engines translate each word that they know.
"""


@dataclass(frozen=True)
class Type:
    """One simple type of an attribute.

    `json` and `null` are internal: the first is what `@PARSE_JSON` and `@GET` give, the second is
    what a bare `NULL` has before it meets a typed value.
    """

    name: str
    size: int | None = None
    """The number of floats of an `embedding(n)`, else None."""

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name}({self.size})"

    @property
    def words(self) -> str:
        """How messages call a value of it: `a bigint`, `an embedding(3)`."""
        return f"{'a' if self.size is None else 'an'} {self}"


STRING = Type("string")
BIGINT = Type("bigint")
FLOAT = Type("float")
BOOLEAN = Type("boolean")
TIMESTAMP = Type("timestamp")
DATE = Type("date")
JSON = Type("json")
NULL = Type("null")

MAX_EMBEDDING = 16_384
"""The longest embedding that a type may declare, in floats."""

_ALIASES = {
    "string": STRING,
    "str": STRING,
    "varchar": STRING,
    "text": STRING,
    "bigint": BIGINT,
    "int": BIGINT,
    "integer": BIGINT,
    "long": BIGINT,
    "float": FLOAT,
    "double": FLOAT,
    "number": FLOAT,
    "boolean": BOOLEAN,
    "bool": BOOLEAN,
    "timestamp": TIMESTAMP,
    "datetime": TIMESTAMP,
    "date": DATE,
}
_SQL = {
    "string": "VARCHAR",
    "bigint": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
    "date": "DATE",
    "json": "JSON",
}
_NUMBERS = frozenset({"bigint", "float"})
_CONVERTIBLE = {
    "string": {"string", "bigint", "float", "boolean", "timestamp", "date", "embedding"},
    "bigint": {"string", "bigint", "float", "boolean"},
    "float": {"string", "bigint", "float", "boolean"},
    "boolean": {"string", "bigint", "float", "boolean"},
    "timestamp": {"string", "timestamp", "date"},
    "date": {"string", "timestamp", "date"},
    "json": {"string", "bigint", "float", "boolean", "timestamp", "date", "json", "embedding"},
}


def parse_type(text: str) -> Type:
    """Return the type that `text` names; aliases such as `str` or `datetime` are accepted.

    Raises:
        ValueError: the name is unknown; the message names the nearest known one.

    >>> parse_type("datetime"), parse_type("Embedding(3)")
    (Type(name='timestamp', size=None), Type(name='embedding', size=3))
    """
    name = text.strip().lower()
    if name in _ALIASES:
        return _ALIASES[name]
    head, _, rest = name.partition("(")
    size = rest.removesuffix(")").strip()
    if head.strip() == "embedding" and rest.endswith(")") and size.isascii() and size.isdigit():
        if len(size) <= len(str(MAX_EMBEDDING)) and 1 <= int(size) <= MAX_EMBEDDING:
            return Type("embedding", int(size))
        raise ValueError(f"an embedding has 1 to {MAX_EMBEDDING} floats, not '{text}'")
    near = get_close_matches(name, [*_ALIASES, "embedding(n)"], n=1)
    known = "string, bigint, float, boolean, timestamp, date, embedding(n)"
    mend = f"did you mean '{near[0]}'?" if near else f"use one of: {known}"
    raise ValueError(f"unknown type '{text}', {mend}")


def sql_type(type_: Type) -> exp.DataType:
    """Return the SQL type that stores `type_`; an embedding is a list of DOUBLE."""
    if type_.name == "embedding":
        return data_type("DOUBLE[]")
    return data_type(_SQL[type_.name])


def arrow_type(type_: Type) -> pa.DataType:
    """Return the Arrow type that stores `type_`.

    Timestamps are naive UTC microseconds; an `embedding(n)` is a list of exactly n finite floats.
    """
    if type_.name == "embedding":
        return pa.list_(pa.float64())
    by_name: dict[str, pa.DataType] = {
        "string": pa.string(),
        "bigint": pa.int64(),
        "float": pa.float64(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us"),
        "date": pa.date32(),
        "json": pa.string(),
    }
    return by_name[type_.name]


def convertible(source: Type, target: Type) -> bool:
    """Tell whether a value of `source` can ever become one of `target`."""
    if source in (target, NULL):
        return True
    return target.name in _CONVERTIBLE.get(source.name, set())


def widen(left: Type, right: Type) -> Type | None:
    """Return the type that holds the values of both, or None where there is none.

    >>> widen(BIGINT, FLOAT), widen(DATE, TIMESTAMP), widen(STRING, BIGINT)
    (Type(name='float', size=None), Type(name='timestamp', size=None), None)
    """
    if left == right or right == NULL:
        return left
    if left == NULL:
        return right
    names = {left.name, right.name}
    if names == _NUMBERS:
        return FLOAT
    if names == {"date", "timestamp"}:
        return TIMESTAMP
    if names == {"json", "string"}:
        return STRING
    return None


def convert(tree: exp.Expr, source: Type, target: Type, dialect: str) -> exp.Expr:
    """Return `tree` converted from `source` to `target`; a value without a counterpart gives NULL.

    The cast is total: no row can fail. Strings convert as follows; anything else gives NULL.

    - to bigint: digits with an optional sign and an optional zero fraction, in range;
    - to float: plain decimal or exponent form, finite;
    - to boolean: `true` or `false` in any case;
    - to timestamp or date: ISO 8601, years 0001 to 9999, no zone meaning UTC, digits beyond the
      microsecond cut off;
    - to embedding(n): a JSON array of exactly n finite numbers.

    Raises:
        ValueError: `source` can never become `target`, or `dialect` is unknown.
    """
    if not convertible(source, target):
        raise ValueError(f"{source} can never become {target}")
    if dialect not in DIALECTS:
        raise ValueError(f"no conversions for dialect '{dialect}'")
    if source == target:
        return tree
    if source == NULL:
        return exp.Cast(this=exp.null(), to=sql_type(target))
    if target.size is not None:
        written = tree if source == STRING else convert_in_duckdb(tree, source.name, "string")
        return embedding_in_duckdb(written, target.size)
    return convert_in_duckdb(tree, source.name, target.name)
