"""Every kind of mistake as files, with all that `fig validate` says of them."""

import json
import shutil
from pathlib import Path

import pytest

from tests.bad.cases import BASE, Case, cases, problems_of, validate
from tests.bad.mending import mend

CASES = cases()
WRONG = [case for case in CASES if not case.title.startswith("warnings/")]
WIDTH, ROUNDS = 80, 6


def ids(case: Case) -> str:
    return case.title


def test_the_base_is_valid_and_has_no_warnings_but_for_its_lock(tmp_path: Path) -> None:
    configs = tmp_path / "configs"
    shutil.copytree(BASE, configs)
    status, _, said = validate(configs)

    assert status == 0
    assert "nothing reads" not in said
    assert "takes part" not in said


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_what_is_said_is_what_was_read_and_approved(
    case: Case, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    status, printed, said = validate(case.write(tmp_path), case.environment)
    if request.config.getoption("--update-golden"):
        case.expected.write_text(said + printed, encoding="utf-8")

    assert status == (0 if case.title.startswith("warnings/") else 1)
    assert said + printed == case.expected.read_text(encoding="utf-8")


def test_what_is_said_fits_into_a_terminal() -> None:
    whole = ("configs/", "warning: configs/", "  fix: ")
    for case in CASES:
        for line in case.expected.read_text(encoding="utf-8").splitlines():
            assert line.startswith(whole) or len(line) <= WIDTH, case.title


@pytest.mark.parametrize("case", [c for c in WRONG if c.title.startswith("several/")], ids=ids)
def test_programs_are_told_the_same_in_file_order(case: Case, tmp_path: Path) -> None:
    status, printed, said = validate(case.write(tmp_path), case.environment, "--json")
    told = json.loads(printed)
    places = [(p["file"], p["line"], p["column"]) for p in told["problems"]]

    assert (status, said, told["valid"]) == (1, "", False)
    assert places == sorted(places)
    assert len(places) == case.expected.read_text(encoding="utf-8").count("\nconfigs/")


MENDED = [case for case in WRONG if case.mends]


@pytest.mark.parametrize("case", MENDED, ids=ids)
def test_the_proposed_mend_mends(case: Case, tmp_path: Path) -> None:
    configs = case.write(tmp_path)
    for name, pairs in case.mends.items():
        text = (configs / name).read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        (configs / name).write_text(text, encoding="utf-8")

    assert problems_of(configs, case.environment) == ()


PASTED = [case for case in WRONG if not case.mends and not case.by_hand]


@pytest.mark.parametrize("case", PASTED, ids=ids)
def test_mends_that_are_pasted_without_thinking_mend(case: Case, tmp_path: Path) -> None:
    configs = case.write(tmp_path)
    for _ in range(ROUNDS):
        problems = problems_of(configs, case.environment)
        if not problems:
            return
        # From the end of the file, so that places before a change stay what they are.
        for problem in reversed(problems):
            mend(tmp_path, problem)

    pytest.fail(f"still wrong: {problems}")


def test_there_are_many_kinds_of_mistakes() -> None:
    assert len(WRONG) >= 60
    assert len(PASTED) + len(MENDED) >= 40
