import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fig_assets.engines.lake.spill import ORPHAN_AGE_S, Spill

KILLED = """
import os, sys
from pathlib import Path
from fig_assets.engines.lake.spill import Spill
spill = Spill(Path(sys.argv[1]))
spill.prepare()
spill.folder.mkdir()
(spill.folder / "duckdb_temp_storage.tmp").write_text("rows")
os.kill(os.getpid(), 9)
"""


def spilled(shared: Path) -> Spill:
    spill = Spill(shared)
    spill.prepare()
    spill.folder.mkdir()
    (spill.folder / "duckdb_temp_storage.tmp").write_text("rows")
    return spill


def make_older(path: Path, seconds: float) -> None:
    os.utime(path, (0, time.time() - seconds))


def test_what_a_killed_process_spilled_is_removed_by_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    left = sorted(tmp_path.iterdir())
    assert [path.suffix for path in left] == ["", ".lock"]
    make_older(left[1], 2)

    spill = Spill(tmp_path)
    spill.prepare()

    assert [path for path in left if path.exists()] == []
    spill.release()
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_spilled_stays(tmp_path: Path) -> None:
    living = spilled(tmp_path)
    make_older(living.folder, 2 * ORPHAN_AGE_S)
    make_older(living.folder.with_suffix(".lock"), 2 * ORPHAN_AGE_S)

    spilled(tmp_path).release()

    assert (living.folder / "duckdb_temp_storage.tmp").exists()
    living.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("hours", [23, 25])
def test_a_folder_without_a_lock_is_removed_a_day_later(tmp_path: Path, hours: int) -> None:
    folder = tmp_path / "of_an_earlier_version"
    folder.mkdir()
    make_older(folder, 3600 * hours)

    spilled(tmp_path).release()

    assert folder.exists() == (hours == 23)


def test_releasing_without_having_spilled_does_nothing(tmp_path: Path) -> None:
    Spill(tmp_path / "lake").release()
    assert not (tmp_path / "lake").exists()
