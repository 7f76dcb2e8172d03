"""Random expressions of the whole language, as text, over the columns of `rows`."""

import random
import re
from functools import cache
from typing import TypeAlias

from tests.language.rows import TYPES

Made: TypeAlias = dict[tuple[str, int], list[str]]
"""By type and depth."""
ANY = ("bigint", "float", "string", "boolean", "timestamp", "date")
NAMES = {kind: [name for name, type_ in TYPES.items() if type_.name == kind] for kind in ANY}

LITERALS = {
    "bigint": ["0", "1", "-1", "9223372036854775807", "-9223372036854775808"],
    "float": ["0.0", "1.5", "-1e308", "1e-300"],
    "string": ["''", "'12'", "'x%'", "'[1]'"],
    "boolean": ["TRUE", "FALSE"],
    "timestamp": ["'2024-01-01T00:00:00Z'::timestamp"],
    "date": ["'2024-01-01'::date"],
    "json": ["@PARSE_JSON($s)"],
}

TEMPLATES = {
    "bigint": """({bigint} + {bigint})~({bigint} - {bigint})~({bigint} * {bigint})
        ~({bigint} % {bigint})~-({bigint})~({string})::bigint~({float})::bigint~({boolean})::bigint
        ~@ABS({bigint})~@ARRAY_SIZE({string})~@ARRAY_SIZE({json})~@LENGTH({string})
        ~@HOUR({timestamp})~@DAY_OF_WEEK({date})~@TIMESTAMP_DIFF('day', {timestamp}, {timestamp})
        ~@TIMESTAMP_DIFF('microsecond', {timestamp}, {date})~@HASH({any})~@ROUND({bigint})
        ~@LEVENSHTEIN({string}, {string})~({json})::bigint""",
    "float": """({bigint} / {bigint})~({float} / {bigint})~({float} + {float})~({float} * {bigint})
        ~({float} % {float})~-({float})~({string})::float~({bigint})::float~@ABS({float})
        ~@ROUND({float}, 2)~@FLOOR({float})~@CEIL({float})~@LN({float})~@EXP({float})
        ~@SQRT({float})~@POWER({float}, {float})~@POWER({bigint}, {bigint})
        ~@HAVERSINE_KM({float}, {float}, {bigint}, {float})~@JARO_WINKLER({string}, {string})""",
    "string": """({any})::string~({json})::string~@LOWER({string})~@UPPER({string})~@TRIM({string})
        ~@CONCAT({any}, {string})~@SUBSTR({string}, {bigint}, {bigint})~@SUBSTR({string}, {bigint})
        ~@SPLIT_PART({string}, {string}, {bigint})~@REPLACE({string}, {string}, {string})
        ~@ARRAY_JOIN({string}, '+')~@REGEXP_EXTRACT({string}, '([0-9]+)|(x)', 2)""",
    "boolean": """({boolean} AND {boolean})~({boolean} OR {boolean})~(NOT {boolean})
        ~({bigint} < {float})~({words} = {any})~({timestamp} >= {date})~({float} <> {float})
        ~({bigint} IN ({bigint}, {float}, NULL))~({float} NOT BETWEEN {float} AND {bigint})
        ~({words} IN ({bigint}, {words}))~({words} BETWEEN {bigint} AND {words})
        ~({bigint} IN ({words}, {bigint}))~({json} = {any})~({bigint} >= {words})
        ~CASE {words} WHEN {bigint} THEN TRUE WHEN {words} THEN FALSE END
        ~({string} LIKE {string})~({string} NOT ILIKE {string} ESCAPE '!')
        ~({string} LIKE {string} || 'x' ESCAPE 'x')~({bigint} IS DISTINCT FROM {words})
        ~({words} IS NOT DISTINCT FROM {any})~({timestamp} IS DISTINCT FROM {date})
        ~({any} IS NOT NULL)~({boolean} IS NOT TRUE)~@IS_NULL({any})
        ~@REGEXP_LIKE({string}, '^[0-9]+$')~@CONTAINS({string}, {string})~({string})::boolean
        ~@ARRAY_CONTAINS({string}, {any})~@ARRAY_REGEXP_LIKE({json}, '^x|1')
        ~@STARTS_WITH({string}, {string})~@ENDS_WITH({string}, {string})~({bigint})::boolean""",
    "timestamp": "({string})::timestamp~({date})::timestamp~({json})::timestamp",
    "date": "({string})::date~@DATE({timestamp})~@DATE({string})",
    "json": "@PARSE_JSON({string})~@GET({json}, 0)~@GET({string}, 'a')",
}
COMMON = """CASE WHEN {boolean} THEN {same} ELSE {same} END~@IF({boolean}, {same}, {same})
    ~@COALESCE({same}, {same})~@NULLIF({same}, {same})~@LEAST({same}, {same})
    ~@GREATEST({same}, {same})~CASE {bigint} WHEN {bigint} THEN {same} END"""


INEXACT = re.compile("@(LN|EXP|POWER|HAVERSINE_KM|JARO_WINKLER)")
"""The last digit of these depends on the library that computes them."""


def expression(
    chance: random.Random, kind: str, depth: int, made: Made | None = None, *, exact: bool = False
) -> str:
    """Return the text of some expression of type `kind`, now and then one of those `made` before.

    What several expressions share is computed once by the engine, which must not change a value.
    With `exact` there is no function whose last digit is not certain.
    """
    made = {} if made is None else made
    if depth == 0 or chance.random() < 0.1:
        return chance.choice([*(f"${name}" for name in NAMES.get(kind, [])), *LITERALS[kind]])
    if (kind, depth) in made and chance.random() < 0.2:
        return chance.choice(made[kind, depth])

    def fill(place: re.Match[str]) -> str:
        wanted = {"same": kind, "any": chance.choice(ANY), "words": "string"}
        text = expression(chance, wanted.get(place[1], place[1]), depth - 1, made, exact=exact)
        # A literal beside a number is refused unless it is one.
        return "$s" if place[1] == "words" and text in LITERALS["string"] else text

    found = re.sub(r"\{(\w+)\}", fill, chance.choice(_templates(kind, exact=exact)))
    made.setdefault((kind, depth), []).append(found)
    return found


@cache
def _templates(kind: str, *, exact: bool) -> list[str]:
    texts = TEMPLATES[kind] if kind == "json" else f"{TEMPLATES[kind]}~{COMMON}"
    every = [text.strip() for text in texts.split("~")]
    return [text for text in every if not exact or not INEXACT.search(text)]
