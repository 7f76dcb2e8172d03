"""The folder to which one process spills, told from those that dead processes left behind."""

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

ORPHAN_AGE_S = 86_400.0
"""How old a folder without a lock must be before it is nobody's: no process made it just now."""
LOCK = ".lock"


class Spill:
    """A folder of this process within a folder that many share; it exists once it is needed.

    A locked file beside it says that its process lives. The lock goes with the process, however
    that ends, and then anybody may remove both.
    """

    def __init__(self, shared: Path) -> None:
        self.folder = shared / uuid4().hex
        self._handle: int | None = None

    def prepare(self) -> None:
        """Say that this process lives, and remove what dead ones left.

        Raises:
            OSError: the folder cannot be made or locked.
        """
        shared = self.folder.parent
        shared.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(self._lock, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._handle, fcntl.LOCK_EX)
        for left in shared.iterdir():
            if left.suffix != LOCK and left != self.folder and _is_left(left):
                shutil.rmtree(left, ignore_errors=True)
        for lock in shared.glob(f"*{LOCK}"):
            if lock != self._lock:
                _remove_dead(lock)

    def release(self) -> None:
        """Remove what is left of the folder, and its lock."""
        if self._handle is None:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self._lock.unlink(missing_ok=True)
        os.close(self._handle)
        self._handle = None

    @property
    def _lock(self) -> Path:
        return self.folder.with_suffix(LOCK)


def _is_left(folder: Path) -> bool:
    """Say whether a folder that has no lock is old enough to be nobody's."""
    with suppress(OSError):
        is_old = time.time() - folder.stat().st_mtime > ORPHAN_AGE_S
        return is_old and not folder.with_suffix(LOCK).exists()
    return False


def _remove_dead(lock: Path) -> None:
    """Remove the folder of a lock that no process holds."""
    with suppress(OSError):
        handle = os.open(lock, os.O_RDWR)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A process that has just made the file locks it in a moment.
            if time.time() - os.fstat(handle).st_mtime > 1.0:
                shutil.rmtree(lock.with_suffix(""), ignore_errors=True)
                lock.unlink(missing_ok=True)
        finally:
            os.close(handle)
