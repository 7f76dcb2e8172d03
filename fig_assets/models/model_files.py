"""The files that a training leaves behind: read from a folder or an archive, bounded and plain."""

import gzip
import hashlib
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO

from fig_assets.errors import ModelError

MOST_FILES = 1_000
MOST_BYTES = 512 << 20
"""Of all files of one model together, unpacked."""
LONGEST_NAME = 200
Files = Mapping[str, bytes]


def from_folder(folder: Path) -> dict[str, bytes]:
    """Read all files below a folder, by their paths in it.

    Raises:
        ModelError: There are too many or too large ones, a link, a pipe, or an odd name.
    """
    found: dict[str, bytes] = {}
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise _refused(name, "is no plain file", "write the file itself")
        if path.is_dir():
            continue
        size += path.stat().st_size
        _check(name, count=len(found) + 1, size=size)
        found[name] = path.read_bytes()
    return found


def from_archive(archive: IO[bytes]) -> dict[str, bytes]:
    """Read the files of a `model.tar.gz` into memory: nothing is unpacked onto the disk.

    Raises:
        ModelError: It is no such archive, cut, too large, or has a member that is no plain file or
            would lie elsewhere.
    """
    found: dict[str, bytes] = {}
    size = 0
    try:
        with (
            gzip.GzipFile(fileobj=archive) as unpacked,
            tarfile.open(fileobj=unpacked, mode="r|") as members,
        ):
            for member in members:
                if member.isdir():
                    continue
                name = member.name.removeprefix("./")
                content = members.extractfile(member) if member.isreg() else None
                if content is None:
                    raise _refused(name, "is no plain file", "pack plain files only")
                size += member.size
                _check(name, count=len(found) + 1, size=size)
                found[name] = content.read()
    except (OSError, EOFError, zlib.error, tarfile.TarError) as refusal:
        raise ModelError(f"model.tar.gz cannot be read: {refusal}") from refusal
    return found


def check_names(names: Mapping[str, object]) -> None:
    """Refuse paths that would lie outside of the folder that they are written to.

    Raises:
        ModelError: Names the first one.
    """
    for count, name in enumerate(names, 1):
        _check(name, count=count, size=0)


def digests(files: Files) -> dict[str, str]:
    """Return the sha256 of each file, in hexadecimal digits."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())}


def write(files: Files, folder: Path) -> None:
    """Write files below a folder that is there for nothing else."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _check(name: str, *, count: int, size: int) -> None:
    path = PurePosixPath(name)
    is_plain = name.isprintable() and "\\" not in name and len(name) <= LONGEST_NAME
    is_below = path.parts and not path.is_absolute() and ".." not in path.parts
    if not is_plain or not is_below or path.as_posix() != name:
        raise _refused(name[:LONGEST_NAME], "is no path of a file in a folder", "rename it")
    if count > MOST_FILES:
        raise _refused(
            name, f"is one of more than {MOST_FILES:,} files", "write fewer, larger ones"
        )
    if size > MOST_BYTES:
        raise _refused(name, f"makes the model larger than {MOST_BYTES >> 20} MiB", "write less")


def _refused(name: str, message: str, fix: str) -> ModelError:
    return ModelError(f"the file {name!r} of the model {message}\n  fix: {fix}")
