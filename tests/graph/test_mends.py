"""What messages propose."""

import pytest

from fig_assets.graph.mends import comparison, mended_type, nearest
from fig_assets.graph.period import nearest_period
from fig_assets.language.types import BOOLEAN, FLOAT, STRING, TIMESTAMP, Type


def test_the_nearest_name_or_at_most_twelve_are_named() -> None:
    many = [f"name_{number:02}" for number in range(20)]

    assert nearest("ordrs", ["orders", "shops"], "$") == "write $orders"
    assert nearest("x", many) == f"use one of: {', '.join(many[:12])}, ..."
    assert nearest("x", []) == "define it first"


@pytest.mark.parametrize(
    ("text", "found", "mend"),
    [
        ("$a", FLOAT, "write $a > 0"),
        ("$a + 1", FLOAT, "write ($a + 1) > 0"),
        ("$a", STRING, "write $a = '...'"),
        ("$a", TIMESTAMP, "write $a IS NOT NULL"),
    ],
)
def test_a_value_becomes_a_condition(text: str, found: Type, mend: str) -> None:
    assert found != BOOLEAN
    assert comparison(text, found) == mend


@pytest.mark.parametrize(
    ("said", "parts"),
    [
        (
            "unknown type 'flot', did you mean 'float'?",
            ("unknown type 'flot'", 'write "float"'),
        ),
        ("unknown type 'x', use one of: a, b", ("unknown type 'x'", "use one of: a, b")),
        ("too large", ("too large", "")),
    ],
)
def test_the_mend_of_a_type_is_apart_from_the_message(said: str, parts: tuple[str, str]) -> None:
    assert mended_type(said) == parts


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("week", 'write "weekly_by_day"'),
        ("monthly", 'write "monthly_by_day"'),
        ("14 days", 'write "14d_by_day"'),
        ("fortnight", ""),
    ],
)
def test_a_period_that_is_meant_is_named(name: str, mend: str) -> None:
    assert nearest_period(name) == mend
