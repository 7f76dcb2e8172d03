"""Where the files of a lake are: the few verbs that it needs, and a folder of this machine.

A file is named by its address below the lake's own, whatever kind of place that is.
"""

import fcntl
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Protocol, TypeVar

from fig_assets.engines.base import Partition
from fig_assets.engines.lake import day_file
from fig_assets.engines.lake.day_file import Stamp

DAY_MARK = "/day="
FILE = "data.parquet"
LOCKS = ".locks"
Found = TypeVar("Found")


class Overtaken(Exception):
    """A file is no longer what it was when its stamp was taken."""


class Storage(Protocol):
    """Keeps the files of a lake; any number of processes may use it at once."""

    address: str
    """What the names of all files begin with."""
    folder: Path
    """The folder of this machine below which `fetch` gives files."""

    def stamp(self, file: str) -> Stamp | None:
        """Return what tells this version of a file from others; None where there is no file."""
        ...

    def look(self, file: str) -> Stamp | None:
        """Return the stamp as it is at this moment, whatever is remembered."""
        ...

    def days(self, relation: str) -> tuple[date, ...]:
        """Return the days of which a relation has files, in order."""
        ...

    def forget(self, relation: str) -> None:
        """Look again at a relation when it is asked for next."""
        ...

    def record(self, file: str, stamp: Stamp) -> Partition:
        """Read the record of a version of a file.

        Raises:
            Overtaken: there is another version, or none.
            EngineError: it is damaged, or cannot be read.
        """
        ...

    def expect(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Be told which versions `fetch` is going to be asked for."""
        ...

    def fetch(self, file: str, stamp: Stamp) -> str:
        """Return the path on this machine of a version of a file, not yet proved.

        Raises:
            Overtaken: there is another version, or none.
            EngineError: it cannot be read.
        """
        ...

    def discard(self, path: str) -> bool:
        """Throw away what `fetch` gave, as it is damaged; False where that is the file itself."""
        ...

    def change(self, file: str, step: Callable[[], Found]) -> Found:
        """Run `step`, which looks at a file and puts or removes it, as one step among others.

        Raises:
            OSError: nobody can be kept from writing the file meanwhile.
            EngineError: others were faster again and again.
        """
        ...

    def put(self, file: str, content: Sequence[memoryview | bytes], seen: Stamp | None) -> Stamp:
        """Replace the version that was `seen`, at once and durably.

        Raises:
            Overtaken: there is another version by now.
            OSError: it cannot be written; nothing has changed.
            EngineError: it cannot be written.
        """
        ...

    def remove(self, file: str) -> None:
        """Remove a file if it is there.

        Raises:
            OSError: it cannot be removed.
            EngineError: it cannot be removed.
        """
        ...


class LocalFolder:
    """A folder of this machine; see `Storage`. A stamp is one look at a file's status."""

    def __init__(self, root: Path) -> None:
        self.address = str(root)
        self.folder = root
        self.stamp: Callable[[str], Stamp | None] = day_file.stamp_of
        self.look = self.stamp

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Storage.days`."""
        try:
            with os.scandir(self.folder / relation) as entries:
                names = [entry.name[4:] for entry in entries if entry.name.startswith("day=")]
        except (FileNotFoundError, NotADirectoryError):
            return ()
        found = sorted(day for day in map(day_named, names) if day)
        place = f"{self.address}/{relation}{DAY_MARK}"
        return tuple(day for day in found if self.stamp(f"{place}{day.isoformat()}/{FILE}"))

    def forget(self, relation: str) -> None:
        """Do nothing: nothing is remembered."""

    def record(self, file: str, stamp: Stamp) -> Partition:
        """See `Storage.record`."""
        return day_file.read_record(file)

    def expect(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """Do nothing: the files are here."""

    def fetch(self, file: str, stamp: Stamp) -> str:
        """See `Storage.fetch`."""
        return file

    def discard(self, path: str) -> bool:
        """See `Storage.discard`."""
        return False

    def change(self, file: str, step: Callable[[], Found]) -> Found:
        """See `Storage.change`: under a lock for each file."""
        place = Path(file).parent.relative_to(self.folder)
        is_dated = place.name.startswith("day=")
        folder = self.folder / LOCKS / (place.parent if is_dated else place)
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / (place.name[4:] if is_dated else "all")).open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            return step()

    def put(self, file: str, content: Sequence[memoryview | bytes], seen: Stamp | None) -> Stamp:
        """See `Storage.put`."""
        path = Path(file)
        _make_folder(path.parent)
        return day_file.write_parts(path, content)

    def remove(self, file: str) -> None:
        """See `Storage.remove`."""
        path = Path(file)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # Another writer's temporary file is in the folder.
            path.parent.rmdir()


def day_named(text: str) -> date | None:
    """Return the day that a text names; None where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    day_file.sync_folder(folder.parent)
