import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from fig_assets.engines.lake.day_file import ORPHAN_AGE_S
from fig_assets.engines.lake.lake import Lake
from fig_assets.errors import Conflict, EngineError, RowSetChanged
from tests.engines.lakes import DAY, LOGINS, NEXT, publish, table, target

ROOT = Path(__file__).parents[2]
USERS = [f"user {n:03}" for n in range(200)]
OLD = table(USERS, total=[1] * 200)
NEW = table(USERS, total=[2] * 200)
LINES_OF_A_PUBLISH = 255
"""How many lines of the lake's code one publish runs, about; the file is replaced near the end."""

DYING = """
import os, signal, sys
from pathlib import Path
from fig_assets.engines.lake import day_file
from fig_assets.engines.lake import lake
from fig_assets.engines.lake import storage
from fig_assets.engines.lake import write
from tests.engines.lakes import publish, table, target
from tests.engines.test_lake import NEW

FILES = (lake.__file__, day_file.__file__, storage.__file__, write.__file__)
moments = [int(word) for word in sys.argv[2:]]

def publish_and_die(folder, moment):
    left = moment
    def each_line(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in FILES:
            return None
        left -= event == "line"
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return each_line
    sys.settrace(each_line)
    publish(lake.Lake(folder), target("total"), NEW)

for moment in moments:
    child = os.fork()
    if child == 0:
        publish_and_die(Path(sys.argv[1]) / str(moment), moment)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(moment, os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0)
"""
"""Publishes in children, each killed before the n-th line of the lake's code that it runs."""

WRITER = """
import sys
from pathlib import Path
from fig_assets.engines.lake.lake import Lake
from tests.engines.lakes import publish, table, target
from tests.engines.test_lake import USERS

name, kept = sys.argv[2], {"total": list(range(200)), "rate": [0.5] * 200, "is_new": [True] * 200}
lake = Lake(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(10):
    publish(lake, target(name, whole=False), table(USERS, **{name: kept[name]}))
    publish(lake, target(name, whole=False), table(USERS, **{name: [None] * 200}))
publish(lake, target(name, whole=False), table(USERS, **{name: kept[name]}))
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from fig_assets.engines.lake.lake import Lake
from fig_assets.errors import EngineError
from tests.engines.lakes import publish, target
from tests.engines.test_lake import NEW

resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    publish(Lake(Path(sys.argv[1])), target("total"), NEW)
except EngineError as refusal:
    print(refusal)
"""


def python(program: str, *arguments: object) -> str:
    words = [sys.executable, "-c", program, *map(str, arguments)]
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout


def totals(lake: Lake) -> set[object]:
    path = lake.prove(LOGINS, DAY)
    assert path is not None
    stored = lake.partition(LOGINS, DAY)
    assert stored is not None
    rows = read(Path(path))
    assert len(rows) == stored.rows
    return {row["total"] for row in rows}


def read(path: Path) -> list[dict[str, object]]:
    with pq.ParquetFile(path) as file:
        return file.read().to_pylist()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    publish(lake, target("total"), OLD)
    return lake


def test_a_day_stands_in_its_own_folder(lake: Lake) -> None:
    expected = lake.root / "families" / "logins" / "day=2024-03-14" / "data.parquet"
    assert lake.path(LOGINS, DAY) == expected
    assert expected.exists()
    assert lake.path("tables/users", None) == lake.root / "tables" / "users" / "data.parquet"


def test_other_entries_are_no_days(lake: Lake) -> None:
    for name in ("day=tomorrow", "day=2024-03-20", "2024-03-16", ".day=2024-03-17"):
        (lake.root / LOGINS / name).mkdir()
    (lake.root / LOGINS / "day=2024-03-18").touch()
    assert lake.days(LOGINS) == (DAY,)
    assert lake.days("never/built") == ()


def test_a_killed_writer_leaves_the_old_day_or_the_new_day(lake: Lake, tmp_path: Path) -> None:
    dice = random.Random(14)
    late = range(LINES_OF_A_PUBLISH - 30, LINES_OF_A_PUBLISH, 6)
    moments = sorted({1, *late, *dice.sample(range(2, LINES_OF_A_PUBLISH), 20)})
    for moment in moments:
        shutil.copytree(lake.root, tmp_path / str(moment))
    killed = dict(line.split() for line in python(DYING, tmp_path, *moments).splitlines())
    assert list(killed.values()).count(str(int(signal.SIGKILL))) >= 20
    seen = set()
    for moment in moments:
        survivor = Lake(tmp_path / str(moment))
        (total,) = totals(survivor)
        seen.add(total)
        publish(survivor, target("total"), NEW)
        assert totals(survivor) == {2}
        assert survivor.days(LOGINS) == (DAY,)
    assert seen == {1, 2}


def test_what_a_killed_writer_leaves_is_swept_later(lake: Lake) -> None:
    left = lake.path(LOGINS, DAY).parent / ".tmp-left"
    left.write_bytes(b"half a day")
    publish(lake, target("total"), NEW)
    assert left.exists()
    os.utime(left, (0, left.stat().st_mtime - ORPHAN_AGE_S - 1))
    publish(lake, target("total"), OLD)
    assert [path.name for path in left.parent.iterdir()] == ["data.parquet"]


def test_processes_that_write_other_columns_of_a_day_lose_nothing(lake: Lake) -> None:
    names = ("total", "rate", "is_new")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(lake.root), name],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.communicate("go\n", timeout=120)
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    rows = read(lake.path(LOGINS, DAY))
    assert [row["total"] for row in rows] == list(range(200))
    assert {(row["rate"], row["is_new"]) for row in rows} == {(0.5, True)}


@pytest.mark.parametrize("size", [0, 1, 100, 1000, 1500])
def test_a_full_disk_is_told_with_the_path_and_leaves_the_old_day(lake: Lake, size: int) -> None:
    before = lake.path(LOGINS, DAY).read_bytes()
    told = python(FULL_DISK, lake.root, size)
    assert told == (
        f"{lake.path(LOGINS, DAY)}: {NEW.drop(['day']).nbytes} bytes of rows cannot be written: "
        "File too large\n  fix: free space or mend the folder's permissions, then run the day "
        "again; what was stored is untouched\n"
    )
    assert lake.path(LOGINS, DAY).read_bytes() == before
    assert [path.name for path in lake.path(LOGINS, DAY).parent.iterdir()] == ["data.parquet"]


@pytest.mark.parametrize("blocked", ["", ".locks", "families", "families/logins"])
def test_a_folder_that_cannot_be_made_is_told_with_the_path(tmp_path: Path, blocked: str) -> None:
    lake = Lake(tmp_path / "lake")
    place = lake.root / blocked
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("a file where a folder should be")
    with pytest.raises(EngineError, match=r"data\.parquet: .* bytes of rows cannot be written"):
        publish(lake, target("total"), NEW)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told_with_the_path(lake: Lake) -> None:
    folder = lake.path(LOGINS, DAY).parent
    folder.chmod(0o500)
    try:
        with pytest.raises(EngineError, match="Permission denied"):
            publish(lake, target("total"), NEW)
    finally:
        folder.chmod(0o700)
    assert totals(lake) == {1}


def test_a_lake_that_is_a_file_has_no_days(tmp_path: Path) -> None:
    (tmp_path / "lake").touch()
    assert Lake(tmp_path / "lake").partition(LOGINS, DAY) is None
    assert Lake(tmp_path / "lake").days(LOGINS) == ()


def test_a_zombie_cannot_overwrite_newer_rows(lake: Lake) -> None:
    seen = lake.generations(target("total"), DAY)
    publish(lake, target("total"), NEW)
    with pytest.raises(Conflict) as refusal:
        publish(lake, target("total"), table(USERS, total=[3] * 200), seen)
    assert str(refusal.value) == (
        "families/logins of 2024-03-14: total was published by another run while this one was "
        "computed; the stored rows are newer and were kept"
    )
    assert totals(lake) == {2}


def test_a_late_writer_of_the_same_rows_succeeds(lake: Lake) -> None:
    seen = lake.generations(target("total"), DAY)
    publish(lake, target("total"), NEW)
    assert not publish(lake, target("total"), NEW, seen)


def test_a_newer_column_of_others_is_no_conflict(lake: Lake) -> None:
    seen = lake.generations(target("total"), DAY)
    publish(lake, target("rate", whole=False), table(USERS, rate=[0.5] * 200))
    assert publish(lake, target("total", whole=False), NEW, seen)
    assert {row["rate"] for row in read(lake.path(LOGINS, DAY))} == {0.5}


def test_a_scoped_write_after_the_keys_changed_is_refused(lake: Lake) -> None:
    seen = lake.generations(target("rate"), DAY)
    publish(lake, target("total"), table(USERS[:-1], total=[2] * 199))
    with pytest.raises((Conflict, RowSetChanged)):
        publish(lake, target("rate", whole=False), table(USERS, rate=[0.5] * 200), seen)
    assert set(lake.generations(target("total"), DAY)) == {"user", "total"}


def test_only_the_written_day_changes_on_disk(lake: Lake) -> None:
    rows = table(["ann"], NEXT, total=[1]).drop(["day"])
    lake.publish(target("total"), NEXT, rows, inputs={}, base={})
    neighbour = lake.path(LOGINS, NEXT)
    before = (neighbour.read_bytes(), neighbour.stat())
    publish(lake, target("total"), NEW)
    assert (neighbour.read_bytes(), neighbour.stat()) == before


def test_writing_the_same_rows_does_not_touch_the_file(lake: Lake) -> None:
    before = lake.path(LOGINS, DAY).stat()
    assert not publish(lake, target("total"), OLD)
    assert lake.path(LOGINS, DAY).stat() == before


def test_a_new_meaning_with_the_same_rows_is_recorded_and_no_change(lake: Lake) -> None:
    assert not publish(lake, target("total", fingerprint="2", notes={"lines": "200"}), OLD)
    stored = lake.partition(LOGINS, DAY)
    assert stored is not None
    assert stored.columns["total"].fingerprint == "2"
    assert stored.columns["total"].generation == 1
    assert stored.notes == {"lines": "200"}


def test_columns_keep_their_place_whoever_writes_last(lake: Lake) -> None:
    publish(lake, target("rate", whole=False), table(USERS, rate=[0.5] * 200))
    publish(lake, target("total", whole=False), NEW)
    assert list(read(lake.path(LOGINS, DAY))[0]) == ["user", "total", "rate"]


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def test_a_damaged_day_is_named_before_its_rows_are_used(lake: Lake) -> None:
    path = lake.path(LOGINS, DAY)
    flip(path, 60)
    again = Lake(lake.root)
    with pytest.raises(EngineError, match="fix: delete the file and build its day again") as told:
        again.prove(LOGINS, DAY)
    assert str(path) in str(told.value)
    with pytest.raises(EngineError, match="damaged"):
        publish(again, target("rate", whole=False), table(USERS, rate=[0.5] * 200))


@pytest.mark.parametrize("mend", ["run again", "delete and run again"])
def test_a_damaged_day_is_mended_by_running_it_again(lake: Lake, mend: str) -> None:
    flip(lake.path(LOGINS, DAY), 60)
    if mend != "run again":
        lake.path(LOGINS, DAY).unlink()
    again = Lake(lake.root)
    publish(again, target("total"), OLD)
    assert totals(again) == {1}


def test_a_day_that_was_deleted_by_hand_is_not_there(lake: Lake) -> None:
    assert lake.partition(LOGINS, DAY) is not None
    lake.path(LOGINS, DAY).unlink()
    assert lake.partition(LOGINS, DAY) is None
    assert lake.prove(LOGINS, DAY) is None
    assert lake.days(LOGINS) == ()
