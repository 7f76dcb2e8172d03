"""Statements in DuckDB's words -> Spark SQL of the same meaning, for a session with `SETTINGS`.

The table is put together from those of texts, numbers, lists, documents, casts and aggregates.
Words for which Spark has nothing are functions that `spark_functions.register` gives a session.
"""

import re

from sqlglot import exp
from sqlglot.dialects.spark import Spark

from fig_assets.engines.spark.aggregates import AGGREGATE_NODES, AGGREGATE_WORDS
from fig_assets.engines.spark.casts import CASTS, TIMES
from fig_assets.engines.spark.documents import DOCUMENTS
from fig_assets.engines.spark.lists import LIST_NODES, LISTS
from fig_assets.engines.spark.numbers import NUMBERS, difference
from fig_assets.engines.spark.texts import TEXTS, escaped, like
from fig_assets.engines.translate import PLAIN, Words, translate

SETTINGS = {
    "spark.sql.ansi.enabled": "false",
    "spark.sql.caseSensitive": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.variable.substitute": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
    "spark.sql.legacy.exponentLiteralAsDecimal.enabled": "false",
}
"""What a session must be set to for a statement to mean what it says.

Without ANSI mode no operation fails for a row's value; where its result would be another than
NULL the statement itself asks for NULL. `${...}` in a text stays as it is.
"""

KEYWORDS = frozenset(word for words in Spark.tokenizer_class.KEYWORDS for word in words.split()) | {
    *("CURRENT_DATE", "CURRENT_PATH", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER"),
    *("LOCALTIME", "LOCALTIMESTAMP", "SESSION_USER", "USER"),
}
"""Names that are written in quotes, because some of them mean something to Spark."""
_PLAIN_NAME = re.compile("[a-z_][a-z0-9_]*")

WORDS = Words(
    "Spark",
    functions={**TEXTS, **NUMBERS, **LISTS, **DOCUMENTS, **TIMES, **AGGREGATE_WORDS},
    nodes={
        **LIST_NODES,
        **CASTS,
        **AGGREGATE_NODES,
        exp.Sub: difference,
        exp.Like: like,
        exp.Escape: escaped,
    },
    plain=PLAIN
    | {
        *(exp.Add, exp.Mul, exp.Div, exp.Mod, exp.IntDiv, exp.Neg, exp.Abs),
        *(exp.BitwiseAnd, exp.BitwiseOr, exp.Array, exp.Lambda),
    },
)
"""What Spark says for each word."""


def to_spark(tree: exp.Expr) -> exp.Expr:
    """Return a statement or an expression in Spark's words; `tree` stays as it is.

    Relations stay tables that `scan_of` knows.

    Raises:
        UnsupportedOnEngine: Spark has no word of the same meaning for one of the words.
    """
    return translate(tree, WORDS)


def written(tree: exp.Expr, *, pretty: bool = False) -> str:
    """Return the text of a tree that is in Spark's words already."""
    copy = tree.copy()
    for name in copy.find_all(exp.Identifier):
        plain = _PLAIN_NAME.fullmatch(name.name) and name.name.upper() not in KEYWORDS
        name.set("quoted", not plain)
    return Spark().generate(copy, copy=False, pretty=pretty)


def spark_sql(tree: exp.Expr, *, pretty: bool = False) -> str:
    """Return the Spark SQL of a statement in DuckDB's words.

    Raises:
        UnsupportedOnEngine: as `to_spark`.
    """
    return written(to_spark(tree), pretty=pretty)
