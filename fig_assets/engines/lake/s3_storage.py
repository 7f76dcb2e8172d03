"""The files of a lake in a bucket: see `Storage`. Statements read copies on this machine.

What other processes have written is seen within a second: one LIST for each relation tells the
versions of all its days. A write looks at its file at that moment, and replaces only the version
that it has seen, by one PUT; who was overtaken looks again.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from pathlib import Path
from random import random
from typing import TypeVar
from uuid import uuid4

from fig_assets.engines.base import Partition
from fig_assets.engines.lake import day_file
from fig_assets.engines.lake.day_file import FOOTER_SIZE, TAIL_SIZE, Stamp
from fig_assets.engines.lake.file_cache import FileCache
from fig_assets.engines.lake.s3 import SCHEME, Bucket, Version
from fig_assets.engines.lake.storage import DAY_MARK, FILE, Overtaken, day_named
from fig_assets.errors import EngineError

FRESH_S = 1.0
"""How long what was seen of others' files is taken to be so."""
AHEAD = 63
"""How many later days' records are fetched with one that was asked for."""
MOST_TAILS = 1_024
AT_ONCE = 16
ATTEMPTS = 60
"""How often a writer that others overtake begins again."""
LONGEST_WAIT_S = 0.5
TRIED = ".conditional-writes"
"""The object by which a server shows that it honours conditions."""
Found = TypeVar("Found")


class S3Storage:
    """A prefix of a bucket; one for each lake and process."""

    def __init__(self, bucket: Bucket, prefix: str, cache: FileCache) -> None:
        self.bucket = bucket
        self.address = f"{SCHEME}{bucket.name}/{prefix}".rstrip("/")
        self.folder = cache.folder
        self._cache = cache
        self._start = len(f"{SCHEME}{bucket.name}/")
        self._seen: dict[str, dict[str, tuple[Stamp | None, float]]] = {}
        """By folder of days (or file, where there are none) and file: stamp, and when seen."""
        self._listed: dict[str, float] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._noting = threading.Lock()
        self._is_careful = False
        self._tails: dict[str, tuple[Stamp, bytes]] = {}
        self._asked: set[str] = set()
        self._told: dict[str, Stamp] = {}
        """The versions whose records were given: who asked keeps them."""

    def stamp(self, file: str) -> Stamp | None:
        """See `Storage.stamp`: as it was at most a second ago."""
        place, mark, _ = file.partition(DAY_MARK)
        if mark:
            self._list(place)
        known = self._seen.get(place, {}).get(file)
        if not mark and (known is None or time.monotonic() - known[1] > FRESH_S):
            return self.look(file)
        return known[0] if known else None

    def look(self, file: str) -> Stamp | None:
        """See `Storage.look`."""
        started = time.monotonic()
        return self._note(file, _stamp(self.bucket.head(self._key(file))), started)

    def days(self, relation: str) -> tuple[date, ...]:
        """See `Storage.days`."""
        place = f"{self.address}/{relation}"
        self._list(place)
        files = [file for file, (stamp, _) in dict(self._seen[place]).items() if stamp]
        return tuple(sorted(day for day in map(_day_of, files) if day))

    def forget(self, relation: str) -> None:
        """See `Storage.forget`."""
        place = f"{self.address}/{relation}"
        self._listed.pop(place, None)
        self._seen.get(place, {}).pop(f"{place}/{FILE}", None)

    def record(self, file: str, stamp: Stamp) -> Partition:
        """See `Storage.record`: from the copy, or the last bytes of the object.

        From the second day of a relation on, records of the days behind it are fetched too.
        """
        self._told[file] = stamp
        copy = self._copy(file, stamp)
        if self._cache.has(copy):
            try:
                return day_file.read_record(copy)
            except EngineError:
                self.discard(str(copy))
        known = self._tails.pop(file, None)
        if known is None or known[0] != stamp:
            self._ahead(file)
            known = stamp, self._tail(file, stamp)
        return day_file.record_of(known[1], file)

    def expect(self, files: Iterable[tuple[str, Stamp]]) -> None:
        """See `Storage.expect`: copies are fetched several at once."""
        missing = [it for it in files if not self._cache.has(self._copy(*it))]
        if len(missing) > 1:
            with ThreadPoolExecutor(min(AT_ONCE, len(missing))) as pool:
                list(pool.map(self._fetched_ahead, missing))

    def fetch(self, file: str, stamp: Stamp) -> str:
        """See `Storage.fetch`."""
        place = self._copy(file, stamp)
        if not self._cache.has(place):
            key, tag = self._key(file), str(stamp[0])
            try:
                self._cache.keep(place, lambda draft: self.bucket.download(key, tag, draft))
            except FileNotFoundError as refusal:
                raise Overtaken(file) from refusal
        return str(place)

    def discard(self, path: str) -> bool:
        """See `Storage.discard`."""
        Path(path).unlink(missing_ok=True)
        return True

    def change(self, file: str, step: Callable[[], Found]) -> Found:
        """See `Storage.change`: again, as long as other processes are faster."""
        for attempt in range(ATTEMPTS):
            try:
                with self._lock_of(file):
                    return step()
            except Overtaken:
                # Not in step with the others.
                time.sleep(min(LONGEST_WAIT_S, 0.01 * attempt) * (1 - random()))
        raise EngineError(
            f"{file}: others have written it {ATTEMPTS} times in a row meanwhile\n"
            "  fix: run the day again; what was stored is untouched"
        )

    def put(self, file: str, content: Sequence[memoryview | bytes], seen: Stamp | None) -> Stamp:
        """See `Storage.put`: one request, which replaces what was `seen`; the copy is kept."""
        body = b"".join(content)
        self._refuse_careless()
        started = time.monotonic()
        version = self.bucket.put(self._key(file), body, seen=str(seen[0]) if seen else None)
        stamp = version[0], version[1], 0
        self._told[file] = stamp
        self._wrote(file, stamp, started)
        with suppress(EngineError):  # Who reads it is told that there is no room for a copy.
            self._cache.keep(self._copy(file, stamp), lambda draft: draft.write_bytes(body))
        return stamp

    def remove(self, file: str) -> None:
        """See `Storage.remove`."""
        started = time.monotonic()
        self.bucket.delete(self._key(file))
        self._wrote(file, None, started)

    def _refuse_careless(self) -> None:
        """See once that the server keeps what others wrote: some take no notice of conditions."""
        if self._is_careful:
            return
        file = f"{self.address}/{TRIED}"
        for _ in range(2):
            try:
                self.bucket.put(self._key(file), uuid4().bytes, seen=None)
            except Overtaken:
                self._is_careful = True
                return
        raise EngineError(
            f"{file}: the server of '{self.bucket.name}' replaces objects that must not be there "
            "(If-None-Match), so writers would lose each other's columns\n"
            "  fix: use Amazon S3, or a server that honours conditional writes"
        )

    def _lock_of(self, name: str) -> threading.Lock:
        """Return what keeps threads of this process from getting in each other's way."""
        return self._locks.setdefault(name, threading.Lock())

    def _key(self, file: str) -> str:
        return file[self._start :]

    def _copy(self, file: str, stamp: Stamp) -> Path:
        return self._cache.place(file[len(self.address) + 1 :], str(stamp[0]))

    def _list(self, place: str) -> None:
        """Look at all days of a relation, unless that was done just now."""
        with self._lock_of(place):
            started = time.monotonic()
            if started - self._listed.get(place, -FRESH_S) < FRESH_S:
                return
            head = self.address[: self._start]
            listed = self.bucket.list(self._key(place + DAY_MARK))
            found = {f"{head}{key}": _stamp(version) for key, version in listed}
            days = {file: stamp for file, stamp in found.items() if _day_of(file)}
            for file in [*self._seen.get(place, ()), *days]:
                self._note(file, days.get(file), started)
            self._seen.setdefault(place, {})
            self._listed[place] = started

    def _note(self, file: str, stamp: Stamp | None, started: float) -> Stamp | None:
        """Remember what was seen, unless something later was; what is known never goes back."""
        with self._noting:
            files = self._seen.setdefault(file.partition(DAY_MARK)[0], {})
            known = files.get(file)
            if known is not None and known[1] > started:
                return known[0]
            files[file] = (stamp, started)
            return stamp

    def _wrote(self, file: str, stamp: Stamp | None, started: float) -> None:
        """Remember what this process wrote, unless somebody has looked since it began."""
        known = self._seen.get(file.partition(DAY_MARK)[0], {}).get(file)
        if known is not None and known[1] > started:
            self.look(file)
        else:
            self._note(file, stamp, time.monotonic())

    def _ahead(self, file: str) -> None:
        """Fetch the records of the days behind one, once a second day is asked for."""
        place, mark, _ = file.partition(DAY_MARK)
        if not mark or place not in self._asked:
            self._asked.add(place)
            return
        files = dict(self._seen.get(place, {}))
        later = sorted(it for it in files if it > file)[:AHEAD]
        wanted = [
            (it, stamp) for it in later if (stamp := files[it][0]) and self._is_new(it, stamp)
        ]
        if wanted:
            with ThreadPoolExecutor(min(AT_ONCE, len(wanted))) as pool:
                list(pool.map(self._tail_ahead, wanted))

    def _is_new(self, file: str, stamp: Stamp) -> bool:
        known = self._tails.get(file)
        return self._told.get(file) != stamp and (known is None or known[0] != stamp)

    def _tail_ahead(self, wanted: tuple[str, Stamp]) -> None:
        file, stamp = wanted
        try:
            self._tails[file] = stamp, self._tail(file, stamp)
        except (Overtaken, EngineError):
            # Who asks for it is told.
            return

    def _fetched_ahead(self, wanted: tuple[str, Stamp]) -> None:
        try:
            self.fetch(*wanted)
        except (Overtaken, EngineError):
            # Who asks for it is told.
            return

    def _tail(self, file: str, stamp: Stamp) -> bytes:
        """Read the last bytes of an object, with its whole footer."""
        size, key = stamp[1], self._key(file)
        if size < TAIL_SIZE:
            raise day_file.damaged(file, "it is empty")
        try:
            start = max(size - FOOTER_SIZE, 0)
            tail = self.bucket.read(key, tag=str(stamp[0]), start=start)
            wanted = day_file.footer_size(tail)
            if len(tail) < wanted <= size:
                tail = self.bucket.read(key, tag=str(stamp[0]), start=size - wanted)
        except FileNotFoundError as refusal:
            raise Overtaken(file) from refusal
        return tail


def _stamp(version: Version | None) -> Stamp | None:
    return (version[0], version[1], 0) if version else None


def _day_of(file: str) -> date | None:
    """Return the day of a file of days; None for what else has such a name."""
    text, _, name = file.partition(DAY_MARK)[2].partition("/")
    return day_named(text) if name == FILE else None
