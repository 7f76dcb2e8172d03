"""A remote storage, and over it a folder of this machine that takes all that is written."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeVar

from fig_assets.engines.base import Partition
from fig_assets.engines.lake.day_file import Stamp
from fig_assets.engines.lake.storage import DAY_MARK, FILE, LocalFolder, Storage

Found = TypeVar("Found")


class Overlay:
    """See `Storage`; of `below` only the relations whose names begin with `relations` are seen."""

    def __init__(self, below: Storage, own: LocalFolder, relations: Sequence[str]) -> None:
        self.address = below.address
        self.folder = below.folder
        self._below, self._own = below, own
        self._seen = tuple(f"{below.address}/{name}/" for name in relations)
        self._removed: set[str] = set()

    def stamp(self, file: str) -> Stamp | None:
        """See `Storage.stamp`."""
        return self._own.stamp(self._place(file)) or self._ask(file, self._below.stamp)

    def look(self, file: str) -> Stamp | None:
        """See `Storage.look`."""
        return self._own.stamp(self._place(file)) or self._ask(file, self._below.look)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Storage.days`."""
        place = f"{self.address}/{relation}"
        below = self._below.days(relation) if f"{place}/".startswith(self._seen) else ()
        files = {day: f"{place}{DAY_MARK}{day.isoformat()}/{FILE}" for day in below}
        kept = {day for day, file in files.items() if file not in self._removed}
        return tuple(sorted(kept | set(self._own.days(relation))))

    def forget(self, relation: str) -> None:
        """See `Storage.forget`."""
        self._below.forget(relation)

    def record(self, file: str, stamp: Stamp) -> Partition:
        """See `Storage.record`."""
        if _is_own(stamp):
            return self._own.record(self._place(file), stamp)
        return self._below.record(file, stamp)

    def expect(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """See `Storage.expect`."""
        self._below.expect([(file, stamp) for file, stamp in files if not _is_own(stamp)])

    def fetch(self, file: str, stamp: Stamp) -> str:
        """See `Storage.fetch`."""
        return self._place(file) if _is_own(stamp) else self._below.fetch(file, stamp)

    def discard(self, path: str) -> bool:
        """See `Storage.discard`."""
        return not path.startswith(self._own.address) and self._below.discard(path)

    def change(self, file: str, step: Callable[[], Found]) -> Found:
        """See `Storage.change`."""
        return self._own.change(self._place(file), step)

    def put(self, file: str, content: Sequence[memoryview | bytes], seen: Stamp | None) -> Stamp:
        """See `Storage.put`."""
        return self._own.put(self._place(file), content, seen)

    def remove(self, file: str) -> None:
        """See `Storage.remove`."""
        self._removed.add(file)
        self._own.remove(self._place(file))

    def _place(self, file: str) -> str:
        return self._own.address + file[len(self.address) :]

    def _ask(self, file: str, ask: Callable[[str], Stamp | None]) -> Stamp | None:
        is_seen = file not in self._removed and file.startswith(self._seen)
        return ask(file) if is_seen else None


def _is_own(stamp: Stamp) -> bool:
    """Tell a file of this machine, which has a time, from one that a bucket has named."""
    return isinstance(stamp[0], int)
