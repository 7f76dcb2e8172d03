"""Functions that a Spark session is given: words for which Spark has nothing of the same meaning.

Each is computed by a DuckDB within Spark's own Python workers, over Arrow batches: exactly what
the word means. A worker needs `duckdb` and `pyarrow`, but not this package. No value can make a
function fail.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb
import pyarrow as pa

if TYPE_CHECKING:
    from fig_assets.engines.spark.session import Session

    Values: TypeAlias = "pa.Array[Any]"
else:
    Values = pa.Array

Body = Callable[..., Values]

PREFIX = "fig_"
"""How the names of all own functions begin."""

_TYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "array<string>": pa.list_(pa.string()),
    "array<double>": pa.list_(pa.float64()),
    "array<map<string,string>>": pa.list_(pa.map_(pa.string(), pa.string())),
}


@dataclass(frozen=True)
class OwnFunction:
    """One function of a session: its name, its Spark type, and what DuckDB computes.

    `query` reads the columns `a` and `b` of the table `batch`, its first `varying` arguments.
    Those after them are the same in all rows, and stand in `query` as `$1`, `$2`.
    """

    name: str
    returns: str
    query: str
    varying: int = 1


OWN_FUNCTIONS = (
    OwnFunction("fig_lower", "string", "SELECT lower(a) FROM batch"),
    OwnFunction("fig_upper", "string", "SELECT upper(a) FROM batch"),
    OwnFunction("fig_float_text", "string", "SELECT CAST(a AS VARCHAR) FROM batch"),
    OwnFunction("fig_regexp_matches", "boolean", "SELECT regexp_matches(a, $1) FROM batch"),
    OwnFunction("fig_regexp_extract", "string", "SELECT regexp_extract(a, $1, $2) FROM batch"),
    OwnFunction(
        "fig_texts_matching",
        "array<string>",
        "SELECT list_filter(a, lambda x: regexp_matches(x, $1)) FROM batch",
    ),
    OwnFunction(
        "fig_like",
        "boolean",
        "SELECT CASE WHEN (length(b) - length(rtrim(b, $1))) % 2 = 0 "
        "THEN a LIKE b ESCAPE $1 END FROM batch",
        2,
    ),
    OwnFunction("fig_jaro_winkler", "double", "SELECT jaro_winkler_similarity(a, b) FROM batch", 2),
    OwnFunction(
        "fig_parse_json",
        "string",
        "SELECT CAST(TRY_CAST(regexp_extract(a, $1) AS JSON) AS VARCHAR) FROM batch",
    ),
    OwnFunction(
        "fig_numbers",
        "array<double>",
        "SELECT TRY_CAST(regexp_extract(a, $1) AS DOUBLE[]) FROM batch",
    ),
    OwnFunction("fig_json_text", "string", "SELECT TRY(json_extract_string(a, $1)) FROM batch"),
    OwnFunction(
        "fig_json_texts", "array<string>", "SELECT TRY(json_extract_string(a, $1)) FROM batch"
    ),
    OwnFunction(
        "fig_json_part", "string", "SELECT CAST(TRY(json_extract(a, $1)) AS VARCHAR) FROM batch"
    ),
    OwnFunction(
        "fig_json_parts",
        "array<string>",
        "SELECT CAST(TRY(json_extract(a, $1)) AS VARCHAR[]) FROM batch",
    ),
    OwnFunction("fig_json_type", "string", "SELECT TRY(json_type(a)) FROM batch"),
    OwnFunction(
        "fig_json_array_length",
        "bigint",
        "SELECT CAST(TRY(json_array_length(a)) AS BIGINT) FROM batch",
    ),
)
"""Every function of a session, by what it gives."""


def register(session: "Session") -> None:
    """Give a session, classic or remote, the functions that translated statements call."""
    functions = import_module("pyspark.sql.functions")
    types = import_module("pyspark.sql.pandas.types")
    # So that a worker does not have to import this package.
    import_module("pyspark.cloudpickle").register_pickle_by_value(sys.modules[__name__])
    for own in OWN_FUNCTIONS:
        # The name of a type would ask for a classic session.
        kind = types.from_arrow_type(_TYPES[own.returns])
        session.udf.register(own.name, functions.arrow_udf(body(own), kind))


def body(own: OwnFunction) -> Body:
    """Return what computes a function over a batch: one array for each argument.

    >>> body(OWN_FUNCTIONS[0])(pa.array(["ABC", None])).to_pylist()
    ['abc', None]
    """
    kind = _TYPES[own.returns]

    def compute(*arguments: Values) -> Values:
        varying, fixed = arguments[: own.varying], arguments[own.varying :]
        if not len(varying[0]):
            return pa.array([], kind)
        with duckdb.default_connection().cursor() as cursor:
            cursor.register("batch", pa.table(dict(zip("ab", varying, strict=False))))
            found = cursor.sql(own.query, params=[column[0].as_py() for column in fixed])
            rows = found.to_arrow_table().column(0).combine_chunks()
        values: Values = rows.cast(kind)
        return values

    return compute
