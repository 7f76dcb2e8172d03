"""What an environment says of its lake -> the lake, in a folder or in a bucket."""

import os
import tempfile
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

from fig_assets.engines.connection import NO_CONNECTION, Connection
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.limits import Limits
from fig_assets.errors import EngineError, UnsupportedOnEngine

S3 = "s3://"
UNREADABLE_IN_PATHS = "*?[="
COPIES, SPILL = "copies", "spill"


def open_lake(
    path: str, root: Path, limits: Limits, connection: Connection = NO_CONNECTION
) -> tuple[Lake, Limits]:
    """Open the lake at `path`; it and where to spill start at `root`.

    Returns:
        The lake, and the limits with the folder to spill to, if one is said.

    Raises:
        UnsupportedOnEngine: the path is an address, and not one of S3.
        EngineError: the path has characters by which DuckDB would read other files or columns.
    """
    if limits.temp_directory is not None:
        limits = replace(limits, temp_directory=str((root / limits.temp_directory).resolve()))
    if path.startswith(S3):
        return _in_bucket(path, limits, connection)
    if "://" in path:
        raise UnsupportedOnEngine(
            f"the lake's path {path} is neither a folder of this machine nor a place on S3\n"
            '  fix: write a folder or "s3://bucket/prefix" as "path" of the warehouse'
        )
    lake = (root / path).resolve()
    _check(lake, "path")
    return Lake(lake), limits


def _in_bucket(path: str, limits: Limits, connection: Connection) -> tuple[Lake, Limits]:
    # The drivers of S3 are imported only where they are used.
    from fig_assets.engines.lake.file_cache import FileCache
    from fig_assets.engines.lake.s3 import Bucket, split_address
    from fig_assets.engines.lake.s3_storage import S3Storage

    name, prefix = split_address(path)
    bucket = Bucket(name, connection.s3)
    said = limits.temp_directory
    folder = Path(said) / COPIES if said else user_cache()
    _check(folder, "temp_directory")
    same = f"{bucket.endpoint}/{name}/{prefix}"
    copies = FileCache(folder / blake2b(same.encode(), digest_size=8).hexdigest())
    if said:
        # Where statements spill, folders of the past are removed: copies stand elsewhere.
        limits = replace(limits, temp_directory=str(Path(said) / SPILL))
    return Lake(S3Storage(bucket, prefix, copies)), limits


def user_cache() -> Path:
    """Return the folder of this user's copies of remote files."""
    given = os.environ.get("XDG_CACHE_HOME")
    try:
        home = Path(given) if given else Path.home() / ".cache"
    except RuntimeError:
        home = Path(tempfile.gettempdir())
    return home / "fig-assets"


def _check(folder: Path, key: str) -> None:
    odd = [mark for mark in UNREADABLE_IN_PATHS if mark in str(folder)]
    if odd:
        raise EngineError(
            f"the lake's path {folder} has {' '.join(odd)} in it, which DuckDB reads as a pattern\n"
            f'  fix: choose another folder as "{key}" of the warehouse'
        )
