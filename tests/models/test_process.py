"""Programs of users: bounded in time and words, alone in their group, without our secrets."""

import os
import sys
import time
from pathlib import Path

import pytest

from fig_assets.models.process import MOST_KEPT, Ended, run


def python(folder: Path, text: str, *, timeout_s: float = 30, shown: int = 0) -> Ended:
    return run((sys.executable, "-c", text), folder, timeout_s=timeout_s, more={}, shown=shown)


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_status_and_last_words_are_told(tmp_path: Path) -> None:
    ended = python(tmp_path, "import sys; print('out'); sys.stderr.write('err'); sys.exit(3)")

    assert (ended.status, ended.timed_out) == (3, False)
    assert sorted(ended.words.split()) == ["err", "out"]


def test_a_hanging_program_ends_with_its_children(tmp_path: Path) -> None:
    text = (
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = os.fork()\n"
        "if child: print(child, flush=True)\n"
        "time.sleep(60)\n"
    )
    start = time.monotonic()
    ended = python(tmp_path, text, timeout_s=0.5)

    assert ended.timed_out
    assert time.monotonic() - start < 30
    assert not is_alive(int(ended.words))


def test_a_child_that_is_left_behind_ends_too(tmp_path: Path) -> None:
    text = "import os, time\nchild = os.fork()\nif child: print(child)\nelse: time.sleep(60)\n"
    ended = python(tmp_path, text)

    assert (ended.status, ended.timed_out) == (0, False)
    assert not is_alive(int(ended.words))


def test_of_many_words_the_first_are_shown_and_the_last_kept(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    ended = python(tmp_path, "for n in range(200_000): print(n)", shown=100)

    assert len(ended.words) == MOST_KEPT
    assert ended.words.endswith("199999\n")
    assert capfd.readouterr().err.startswith("0\n1\n2\n")


def test_secrets_of_the_environment_are_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FIG_TOKEN", "AWS_SECRET_ACCESS_KEY", "DAGSTER_HOME"):
        monkeypatch.setenv(name, "canary")
    ended = python(tmp_path, "import os; print(os.environ)")

    assert "canary" not in ended.words
    assert str(os.environ.get("HOME")) not in ended.words.partition("'HOME': ")[2][:60]


def test_words_that_are_no_text_are_told_all_the_same(tmp_path: Path) -> None:
    ended = python(tmp_path, r"import os; os.write(1, b'\xff\xfeend')")
    assert ended.words.endswith("end")
