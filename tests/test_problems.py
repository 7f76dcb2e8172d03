"""Problems as text of 80 columns and as objects."""

import pytest

from fig_assets.errors import ConfigError, Problem, Where
from fig_assets.problems import MOST, WIDTH, problem_json, problem_text, show_problems

WHERE = Where("configs/features/asn.json", 12, 3, "/groups/0")


def test_a_long_message_is_broken_at_spaces_and_what_can_be_pasted_is_not() -> None:
    mend = 'add "allow_shared": {"' + "long_name_" * 8 + '": "<why it may>"}'
    lines = problem_text(Problem(WHERE, "words " * 40, mend)).splitlines()

    assert lines[0] == "configs/features/asn.json:12:3: /groups/0"
    assert lines[-1] == f"  fix: {mend}"
    assert all(len(line) <= WIDTH for line in lines[1:-1])
    assert len(lines) > 4


def test_an_excerpt_stands_between_message_and_mend() -> None:
    problem = Problem(WHERE, "$b is no field", "write $a", excerpt="1 + $b\n    ^^")

    assert problem_text(problem).splitlines()[1:] == [
        "  $b is no field",
        "    1 + $b",
        "        ^^",
        "  fix: write $a",
    ]


def test_the_problems_of_a_refusal_are_counted_first() -> None:
    later, first = Problem(Where("b"), "two"), Problem(Where("a"), "one")

    assert show_problems(ConfigError([later, first])).splitlines() == [
        "2 problems in the configuration",
        "a",
        "  one",
        "b",
        "  two",
    ]


def test_programs_get_every_part_of_a_problem() -> None:
    assert problem_json(Problem(WHERE, "wrong", "mend it", "warning", "x\n^")) == {
        "file": "configs/features/asn.json",
        "line": 12,
        "column": 3,
        "pointer": "/groups/0",
        "severity": "warning",
        "message": "wrong",
        "excerpt": "x\n^",
        "mend": "mend it",
    }


@pytest.mark.parametrize(("count", "left"), [(MOST, []), (MOST + 1, ["1"]), (100_000, ["99,800"])])
def test_people_are_shown_the_first_problems_and_how_many_are_left(
    count: int, left: list[str]
) -> None:
    problems = [Problem(Where("a", line), "wrong") for line in range(count, 0, -1)]
    lines = show_problems(ConfigError(problems)).splitlines()

    assert lines[1::2][:MOST] == [f"a:{line}" for line in range(1, MOST + 1)]
    assert lines[1 + 2 * MOST :] == [f"... and {n} more; --json tells every one" for n in left]
