"""Statements in DuckDB's words -> Snowflake's SQL, of the meaning that its documentation gives.

The table is put together from those of texts, numbers, documents, casts and aggregates. What
Snowflake has no word for is refused, and so is what its word means otherwise.
"""

from collections.abc import Set

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from fig_assets.engines.snowflake.aggregates import AGGREGATE_NODES, AGGREGATE_WORDS
from fig_assets.engines.snowflake.casts import CASTS, TIMES
from fig_assets.engines.snowflake.documents import DOCUMENTS, LIST_NODES, PARSE
from fig_assets.engines.snowflake.numbers import NUMBER_NODES, NUMBERS
from fig_assets.engines.snowflake.texts import TEXTS
from fig_assets.engines.snowflake.trees import ENGINE
from fig_assets.engines.translate import PLAIN, Words, translate
from fig_assets.errors import EngineError

LONGEST = 900_000
"""Characters of a statement, of which Snowflake takes a million."""

WORDS = Words(
    ENGINE,
    functions={**TEXTS, **NUMBERS, **DOCUMENTS, **TIMES, **AGGREGATE_WORDS},
    nodes={**LIST_NODES, **NUMBER_NODES, **CASTS, **AGGREGATE_NODES},
    plain=PLAIN | {exp.Add, exp.Sub, exp.Mul, exp.Neg, exp.Like, exp.Escape},
)
"""What Snowflake says for each word."""


def to_snowflake(tree: exp.Query) -> exp.Query:
    """Return a statement in Snowflake's words; `tree` stays as it is.

    Relations stay tables that `scan_of` knows.

    Raises:
        UnsupportedOnEngine: Snowflake has no word of the same meaning for one of the words.
    """
    found = translate(tree, WORDS)
    if not isinstance(found, exp.Query):
        raise TypeError(found)
    return found


def parsed_once(tree: exp.Query, documents: Set[str]) -> exp.Query:
    """Read columns that are stored parsed as what they are; `tree` is used up."""
    for call in list(tree.find_all(exp.Anonymous)) if documents else ():
        if call.name == PARSE and call.expressions[0].name in documents:
            call.replace(call.expressions[0])
    return tree


def read_back(text: str) -> None:
    """Read a statement as Snowflake would.

    Raises:
        EngineError: it is none, or too long to be sent.
    """
    if len(text) > LONGEST:
        raise EngineError(f"{ENGINE} takes no statement of {len(text)} characters")
    try:
        sqlglot.parse_one(text, read="snowflake")
    except SqlglotError as refusal:
        raise EngineError(f"{ENGINE} cannot read: {refusal}\n{text}") from refusal
