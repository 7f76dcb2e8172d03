"""A program of own code never outlives whoever started it."""

import os
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = (
    "import time\nfrom fig_assets.container.lifeline import hold\n"
    "hold()\nprint('ready', flush=True)\ntime.sleep(60)\n"
)


def started(environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        cwd=Path(__file__).parents[2],
    )


def test_the_end_of_the_starter_is_the_end_of_the_program() -> None:
    with started({"FIG_LIFELINE": "1"}) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        assert program.stdout.readline() == b"ready\n"
        program.stdin.close()
        assert program.wait(30) == -9


def test_in_a_container_nothing_holds_the_input_and_the_program_lives() -> None:
    with started({}) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.close()
        assert program.stdout.readline() == b"ready\n"
        time.sleep(0.2)
        assert program.poll() is None
        program.kill()
