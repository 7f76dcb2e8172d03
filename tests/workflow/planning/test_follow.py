from datetime import date

import pytest

from fig_assets.workflow.planning.follow import ranges


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        pytest.param([], [], id="no day"),
        pytest.param(["01-05"], [("01-05", "01-05")], id="one day"),
        pytest.param(["01-03", "01-01", "01-02"], [("01-01", "01-03")], id="days in any order"),
        pytest.param(["01-01", "01-03"], [("01-01", "01-01"), ("01-03", "01-03")], id="a gap"),
        pytest.param(["01-01", "01-01"], [("01-01", "01-01")], id="a day twice"),
        pytest.param(
            ["01-30", "01-31", "02-01", "02-02"],
            [("01-30", "02-01"), ("02-02", "02-02")],
            id="more than the longest run",
        ),
    ],
)
def test_days_are_cut_into_ranges(days: list[str], expected: list[tuple[str, str]]) -> None:
    found = ranges([date.fromisoformat(f"2024-{day}") for day in days], 3)

    assert found == [
        (date.fromisoformat(f"2024-{a}"), date.fromisoformat(f"2024-{b}")) for a, b in expected
    ]
