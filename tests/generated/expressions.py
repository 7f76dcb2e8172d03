"""Random well-typed expressions of the language, as text."""

from collections.abc import Callable, Mapping
from random import Random

TYPES = ("string", "bigint", "float", "boolean", "timestamp", "date")
VECTOR = "embedding(3)"
TEXTS = ("'a'", "'entity 1'", "''", "'it''s'", "'NULL'", "'ü∑'", "'$x @F(1)'")
WHOLES = ("0", "1", "2", "-1", "3", "1000003", "9223372036854775807")
BROKENS = ("0.5", "1.0", "-2.5", "1e3", "0.1")


class Expressions:
    """Makes expressions over the names of a scope; the same chance makes the same expressions."""

    def __init__(self, chance: Random, scope: Mapping[str, str]) -> None:
        self.chance = chance
        self.by_type = {
            kind: [f"${name}" for name, found in scope.items() if found == kind]
            for kind in (*TYPES, VECTOR)
        }

    def of(self, kind: str, depth: int | None = None) -> str:
        """Make an expression of a type, of functions nested `depth` deep at most, else 1 or 2."""
        depth = self.chance.choice((1, 1, 2)) if depth is None else depth
        known = self.by_type[kind]
        if kind == VECTOR:
            return self._vector(known, depth)
        if known and (depth <= 0 or self.chance.random() < 0.3):
            return self.chance.choice(known)
        makers = self._leaves(kind) if depth <= 0 else self._makers(kind, depth - 1)
        return self.chance.choice(makers)()

    def _vector(self, known: list[str], depth: int) -> str:
        text = f"({self.of('string', depth - 1)})::{VECTOR}"
        some = self.chance.choice(known or [text])
        condition = self.of("boolean", depth - 1)
        choices = (
            text,
            f"@COALESCE({some}, '[0, 1, 2.5]'::{VECTOR})",
            f"@IF({condition}, {some}, {text})",
        )
        return self.chance.choice(choices)

    def some(self, depth: int = 1) -> str:
        """Make an expression of any type."""
        return self.of(self.chance.choice(TYPES), depth)

    def _leaves(self, kind: str) -> list[Callable[[], str]]:
        leaves = {
            "string": TEXTS,
            "bigint": WHOLES,
            "float": BROKENS,
            "boolean": ("TRUE", "FALSE"),
            "timestamp": ("'2024-02-29T00:00:00Z'::timestamp",),
            "date": ("'2024-02-29'::date",),
        }[kind]
        return [lambda: self.chance.choice(leaves)]

    def _makers(self, kind: str, depth: int) -> list[Callable[[], str]]:
        def of(of_kind: str) -> str:
            return self.of(of_kind, depth)

        makers: list[Callable[[], str]] = [
            lambda: f"CASE WHEN {of('boolean')} THEN {of(kind)} ELSE {of(kind)} END",
            lambda: f"@COALESCE({of(kind)}, {of(kind)})",
            lambda: f"@IF({of('boolean')}, {of(kind)}, {of(kind)})",
            lambda: f"@NULLIF({of(kind)}, {of(kind)})",
        ]
        if kind == "boolean" and self.by_type[VECTOR]:
            makers.append(lambda: f"({of(VECTOR)} IS NOT NULL)")
        return makers + {
            "string": self._texts,
            "bigint": self._wholes,
            "float": self._floats,
            "boolean": self._conditions,
            "timestamp": self._moments,
            "date": self._dates,
        }[kind](of)

    def _texts(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        return [
            lambda: f"@LOWER({of('string')})",
            lambda: f"@UPPER({of('string')})",
            lambda: f"@TRIM({of('string')})",
            lambda: f"@CONCAT({of('string')}, {of('string')})",
            lambda: f"@SUBSTR({of('string')}, 2, 3)",
            lambda: f"@REPLACE({of('string')}, 'e', '')",
            lambda: f"@ARRAY_JOIN(@PARSE_JSON({of('string')}), '-')",
            lambda: f"@SPLIT_PART({of('string')}, ' ', 1)",
            lambda: f"({of('bigint')})::string",
            lambda: f"({of('boolean')})::string",
            lambda: f"({of('date')})::string",
            lambda: f"@REGEXP_EXTRACT({of('string')}, '([a-z]+)|([0-9]+)', 2)",
            lambda: f"@GET(@PARSE_JSON({of('string')}), 0)::string",
        ]

    def _wholes(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        return [
            lambda: f"({of('bigint')} {self.chance.choice('+-*%')} {of('bigint')})",
            lambda: f"@LENGTH({of('string')})",
            lambda: f"-({of('bigint')})",
            lambda: f"@HASH({of('string')})",
            lambda: f"@LEVENSHTEIN({of('string')}, {of('string')})",
            lambda: f"@ARRAY_SIZE(@PARSE_JSON({of('string')}))",
            lambda: f"@ABS({of('bigint')})",
            lambda: f"@HOUR({of('timestamp')})",
            lambda: f"@DAY_OF_WEEK({of('timestamp')})",
            lambda: f"({of('string')})::bigint",
            lambda: f"({of('boolean')})::bigint",
            lambda: f"@TIMESTAMP_DIFF('hour', {of('timestamp')}, {of('timestamp')})",
        ]

    def _floats(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        return [
            lambda: f"({of('bigint')} / {of('bigint')})",
            lambda: f"@DIVIDE({of('float')}, {of('bigint')})",
            lambda: f"({of('float')} {self.chance.choice('+-*')} {of('float')})",
            lambda: f"@SQRT({of('float')})",
            lambda: f"-({of('float')})",
            lambda: f"@ROUND({of('float')}, 2)",
            lambda: f"@FLOOR({of('float')})",
            lambda: f"@CEIL({of('float')})",
            lambda: f"@LN({of('float')})",
            lambda: f"@LEAST({of('float')}, {of('bigint')})",
            lambda: f"@GREATEST({of('float')}, {of('float')})",
            lambda: f"({of('string')})::float",
            lambda: f"({of('bigint')})::float",
        ]

    def _conditions(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        kind = self.chance.choice(TYPES)
        sign = self.chance.choice(("=", "<>", "<", ">="))
        return [
            lambda: f"({of('bigint')} {sign} {of('float')})",
            lambda: f"({of('string')} {sign} {of('string')})",
            lambda: f"({of('boolean')} AND {of('boolean')})",
            lambda: f"({of('boolean')} OR NOT {of('boolean')})",
            lambda: f"({of(kind)} IS NULL)",
            lambda: f"({of(kind)} IS NOT DISTINCT FROM {of(kind)})",
            lambda: f"({of('string')} IN ({', '.join(self.chance.sample(TEXTS, 2))}))",
            lambda: f"({of('bigint')} NOT BETWEEN 0 AND {of('bigint')})",
            lambda: f"({of('string')} LIKE 'e%_1')",
            lambda: f"@CONTAINS({of('string')}, 'e')",
            lambda: f"@ARRAY_CONTAINS(@PARSE_JSON({of('string')}), {of('string')})",
            lambda: f"({of('string')} ILIKE 'E%')",
            lambda: f"({of('timestamp')} {sign} {of('date')})",
            lambda: f"@STARTS_WITH({of('string')}, {of('string')})",
            lambda: f"@ARRAY_REGEXP_LIKE(@PARSE_JSON({of('string')}), '^e|1')",
            lambda: f"CASE {of(kind)} WHEN {of(kind)} THEN TRUE ELSE {of('boolean')} END",
            lambda: f"@REGEXP_LIKE({of('string')}, '^[a-e].*[0-9]$')",
        ]

    def _moments(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        return [lambda: f"({of('string')})::timestamp", lambda: f"({of('date')})::timestamp"]

    def _dates(self, of: Callable[[str], str]) -> list[Callable[[], str]]:
        return [lambda: f"@DATE({of('timestamp')})", lambda: f"({of('string')})::date"]
