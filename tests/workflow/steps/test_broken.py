"""What breaks a check, on both sides of each of its bounds; a NULL breaks only `nonnull`."""

from datetime import date, datetime

import pyarrow as pa
import pytest

from fig_assets.config.schema import Check
from fig_assets.language.types import (
    BIGINT,
    BOOLEAN,
    DATE,
    FLOAT,
    STRING,
    TIMESTAMP,
    Type,
    arrow_type,
)
from fig_assets.workflow.steps.broken import broken, places

NOON = datetime(2024, 3, 15, 12)  # noqa: DTZ001 - timestamps are naive UTC
BEFORE = datetime(2024, 3, 15, 11, 59, 59, 999999)  # noqa: DTZ001

CASES: list[tuple[object, Type, list[object], list[int]]] = [
    ("nonnull", BIGINT, [1, None], [1]),
    ("unique", STRING, ["a", "b", "a", None, None], [0, 2]),
    ("unique", FLOAT, [0.0, -0.0, 1.0], [0, 1]),
    ({"in_range": [0, 2]}, BIGINT, [-1, 0, 2, 3, None], [0, 3]),
    ({"in_range": [None, 0.5]}, FLOAT, [0.5, 0.5000001, -1e300], [1]),
    ({"in_range": [0.5, None]}, FLOAT, [0.5, 0.4999999], [1]),
    ({"in_range": ["2024-03-15", None]}, DATE, [date(2024, 3, 14), date(2024, 3, 15)], [0]),
    ({"ge": "2024-03-15T13:00:00+01:00"}, TIMESTAMP, [NOON, BEFORE, None], [1]),
    ({"isin": ["a", "b"]}, STRING, ["a", "c", None, "B"], [1, 3]),
    ({"isin": [0]}, FLOAT, [-0.0, 0.1], [1]),
    ({"notin": [1, 2]}, BIGINT, [1, 3, None], [0]),
    ({"eq": False}, BOOLEAN, [False, True, None], [1]),
    ({"eq": 0}, BIGINT, [0, 1, None], [1]),
    ({"ne": ""}, STRING, ["", "a", None], [0]),
    ({"gt": 0}, BIGINT, [0, 1, None], [0]),
    ({"ge": 0}, BIGINT, [-1, 0, None], [0]),
    ({"lt": 0}, BIGINT, [0, -1, None], [0]),
    ({"le": 0}, BIGINT, [0, 1, None], [1]),
    ({"str_matches": "a|bc"}, STRING, ["a", "bc", "ab", "xa", "a\n", None], [2, 3, 4]),
    ({"str_contains": "b+"}, STRING, ["abba", "aa", None], [1]),
    ({"str_startswith": "a."}, STRING, ["a.b", "ab", None], [1]),
    ({"str_endswith": ".b"}, STRING, ["a.b", "ab", None], [1]),
    ({"str_length": [1, 2]}, STRING, ["", "é", "éé", "ééé", None], [0, 3]),
    ({"str_length": [None, 0]}, STRING, ["", "a"], [1]),
]


@pytest.mark.parametrize(
    ("written", "kind", "values", "expected"), CASES, ids=[str(case[0]) for case in CASES]
)
def test_each_check_breaks_on_one_side_of_its_bound(
    written: object, kind: Type, values: list[object], expected: list[int]
) -> None:
    flags = broken(Check.model_validate(written), kind, pa.array(values, arrow_type(kind)))

    assert places(flags) == expected
    assert flags.null_count == 0


def test_a_pattern_that_backtracks_for_ever_elsewhere_is_judged_at_once() -> None:
    check = Check.model_validate({"str_matches": "(a+)+b"})

    flags = broken(check, STRING, pa.array(["a" * 100_000 + "c"]))

    assert places(flags) == [0]


def test_no_rows_break_nothing() -> None:
    flags = broken(Check.model_validate("unique"), STRING, pa.array([], pa.string()))

    assert places(flags) == []
