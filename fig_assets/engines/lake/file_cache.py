"""Copies of remote files on this machine, bounded in size, the longest unused removed first.

Any number of processes may share the folder: a copy is complete from the moment it has its name.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from uuid import uuid4

from fig_assets.errors import EngineError

MOST_BYTES = 20 << 30
KEEP_S = 3_600.0
"""A copy that was used so lately stays, whatever the size: a statement may be reading it."""
SWEEP_SHARE = 20
"""The folder is looked through each time a twentieth of its bound was added."""
DRAFT = ".tmp-"


class FileCache:
    """Copies of files by name and version, below `folder`."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self.folder = folder
        self._most = most_bytes
        self._added = most_bytes
        self._lock = threading.Lock()

    def place(self, name: str, version: str) -> Path:
        """Return where the copy of a version stands, in the folder that its name has."""
        digest = blake2b(version.encode(), digest_size=12).hexdigest()
        return self.folder / Path(name).parent / f"{digest}.parquet"

    def has(self, place: Path) -> bool:
        """Say whether a copy is there, and that it is used."""
        try:
            os.utime(place)
        except OSError:
            return False
        return True

    def keep(self, place: Path, write: Callable[[Path], object]) -> None:
        """Add a copy, which `write` writes to a file of another name first.

        Raises:
            EngineError: the disk is full, or the folder cannot be written.
        """
        draft = place.with_name(f"{DRAFT}{uuid4().hex}")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            write(draft)
            size = draft.stat().st_size
            draft.replace(place)
        except FileNotFoundError:
            # Raised for the remote file: it is gone.
            raise
        except OSError as refusal:
            raise EngineError(
                f"{self.folder}: no copy of remote files can be kept there: "
                f"{refusal.strerror or refusal}\n"
                '  fix: free space, or name another folder as "temp_directory" of the warehouse'
            ) from refusal
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        self._sweep(size)

    def _sweep(self, size: int) -> None:
        """Remove what is too much, now and then."""
        with self._lock:
            self._added += size
            if self._added * SWEEP_SHARE < self._most:
                return
            self._added = 0
        found = sorted(self._copies())
        total = sum(size for _, size, _ in found)
        now = time.time()
        for used, size, path in found:
            is_left = Path(path).name.startswith(DRAFT)
            if now - used < KEEP_S or (total <= self._most and not is_left):
                continue
            with suppress(OSError):
                Path(path).unlink()
                total -= size

    def _copies(self) -> Iterator[tuple[float, int, str]]:
        for folder, folders, names in os.walk(self.folder):
            # What a running process spills or tries is its own business.
            folders[:] = [name for name in folders if not name.startswith(".")]
            for name in names:
                path = f"{folder}/{name}"
                if name.endswith(".parquet") or name.startswith(DRAFT):
                    with suppress(OSError):
                        status = os.stat(path)  # noqa: PTH116 - asked for every file there is
                        yield status.st_mtime, status.st_size, path
