"""What is known of an expression before any data."""

import pytest

from fig_assets.language.foresight import carries_null, is_small
from fig_assets.language.parse import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$i + 1", True),
        ("@LN($f) * 2 > -$i", True),
        ("@ARRAY_SIZE(@PARSE_JSON($s))", True),
        ("@SUM(@COALESCE($i, 1)) / @COUNT(*)", True),
        ("@COALESCE($i, 1) + 1", False),
        ("1 + CASE WHEN $b THEN $i END", False),
        ("$b OR $i / 0 > 1", False),
        ("@GREATEST($i, $j)", False),
        ("@NULLIF($i, $j)", False),
        ("$i IN (1, $j)", False),
        ("$i IS NULL", False),
    ],
)
def test_null_runs_through_what_cannot_replace_it(text: str, *, expected: bool) -> None:
    assert carries_null(parse(text).tree) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + CASE WHEN $b THEN 2 WHEN $i > 3 THEN 1 END", True),
        ("@IF($b, 1, -2) * @COALESCE(NULL, 3)", True),
        ("4503599627370496 + 4503599627370496", True),
        ("4503599627370496 + 4503599627370498", False),
        ("4503599627370496 * 3", False),
        ("1e300 * 0 * 1e300", False),
        ("$i * 0", False),
        ("CASE WHEN $b THEN $i ELSE 1 END + 1", False),
        ("'1' + 1", False),
    ],
)
def test_numbers_made_from_small_literals_stay_small(text: str, *, expected: bool) -> None:
    assert is_small(parse(text).tree) is expected
