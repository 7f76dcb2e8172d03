"""Random checks that fit a type: most are failed by some row, and none keeps a day back."""

from random import Random

Json = dict[str, object]

BOUNDS: dict[str, tuple[object, object]] = {
    "bigint": (0, 9223372036854775807),
    "float": (-1.5, 1e300),
    "timestamp": ("2024-02-01", "2024-03-01T00:00:00Z"),
    "date": ("2024-02-01", "2024-03-01"),
}
VALUES: dict[str, list[object]] = {
    "string": ["a", "it's", "entity 1", "$x"],
    "bigint": [0, 3],
    "float": [0.5, 2],
    "boolean": [True],
    "timestamp": ["2024-02-29T00:00:00Z"],
    "date": ["2024-02-29"],
}


def with_checks(chance: Random, definition: Json, kind: str) -> Json:
    """Give a definition of an attribute of a type, now and then with checks of its values."""
    if chance.random() > 0.2 or "versions" in definition:
        return definition
    every = chance.sample(_fitting(kind), 2)
    checks = [
        {"max_lost_fraction": 1, **_mild(chance)}
        if "function" in definition and chance.random() < 0.2
        else {**it, **_mild(chance)}
        for it in every
    ]
    return {**definition, "checks": checks}


def _mild(chance: Random) -> Json:
    return chance.choice([{"severity": "warn"}, {"severity": "warn"}])


def _fitting(kind: str) -> list[Json]:
    anything: list[Json] = [{"nonnull": True}, {"nonnull": True, "max_fraction": 0.5}]
    values = VALUES.get(kind)
    if values is None:
        return anything
    found = [*anything, {"unique": True}, {"isin": values}, {"notin": values}, {"ne": values[0]}]
    if kind in BOUNDS:
        low, high = BOUNDS[kind]
        return [*found, {"in_range": [low, None]}, {"in_range": [low, high]}, {"lt": high}]
    if kind == "string":
        return [
            *found,
            {"str_matches": "e.*'?"},
            {"str_contains": "^[a-z]"},
            {"str_startswith": "it's"},
            {"str_length": [1, None]},
        ]
    return found
