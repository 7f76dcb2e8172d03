"""An object or a prefix of a bucket, with the few verbs of a path that a store of files needs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import translate
from pathlib import PurePosixPath
from typing import Self

from fig_assets.engines.connection import S3Access
from fig_assets.engines.lake.s3 import SCHEME, Bucket, is_content, split_address
from fig_assets.engines.lake.storage import Overtaken


@dataclass(frozen=True, eq=False)
class S3Path:
    """A key of a bucket."""

    bucket: Bucket
    key: str

    @classmethod
    def of(cls, address: str, access: S3Access) -> Self:
        """Return the path of `s3://bucket/key`; nobody logs in yet."""
        name, key = split_address(address)
        return cls(Bucket(name, access), key)

    def __truediv__(self, name: str) -> Self:
        """Return the path of what is below this one."""
        return type(self)(self.bucket, f"{self.key}/{name}".lstrip("/"))

    def __str__(self) -> str:
        """Write its address."""
        return f"{SCHEME}{self.bucket.name}/{self.key}"

    @property
    def name(self) -> str:
        """The last part of the key."""
        return PurePosixPath(self.key).name

    @property
    def stem(self) -> str:
        """The last part of the key without its suffix."""
        return PurePosixPath(self.key).stem

    @property
    def parent(self) -> Self:
        """The path above this one."""
        return type(self)(self.bucket, str(PurePosixPath(self.key).parent))

    def exists(self) -> bool:
        """Say whether there is such an object.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        return self.bucket.head(self.key) is not None

    def glob(self, pattern: str) -> Iterator[Self]:
        """Give the objects below whose keys match; `*` stands for a part of a name.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        steps = [re.compile(translate(step)) for step in pattern.split("/")]
        start = f"{self.key}/"
        for key, _ in self.bucket.list(start):
            parts = key.removeprefix(start).split("/")
            if len(parts) == len(steps) and all(map(_matches, steps, parts)):
                yield type(self)(self.bucket, key)

    def read_bytes(self) -> bytes:
        """Read the object.

        Raises:
            FileNotFoundError: there is no such object.
            EngineError: the server cannot be reached, or refuses.
        """
        return self.bucket.read(self.key)

    def write_bytes(self, content: bytes) -> None:
        """Replace the object at once, unless it holds just that.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        seen = self.bucket.head(self.key)
        if seen is None or not is_content(seen, content):
            self.bucket.put(self.key, content)

    def write_new(self, content: bytes) -> bool:
        """Write the object; False, and nothing is written, where there is one.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        try:
            self.bucket.put(self.key, content, seen=None)
        except Overtaken:
            return False
        return True


def _matches(step: re.Pattern[str], part: str) -> bool:
    return step.fullmatch(part) is not None
