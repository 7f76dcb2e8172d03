"""Objects of one bucket of S3: looked at, listed, read and put; what it refuses is told.

Credentials, region and endpoint come from where boto3 looks for them, unless they are given.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import cached_property
from hashlib import md5
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fig_assets.engines.connection import ANY_ACCESS, S3Access
from fig_assets.engines.lake.s3_refusals import told
from fig_assets.engines.lake.storage import Overtaken
from fig_assets.errors import EngineError, UnsupportedOnEngine

if TYPE_CHECKING:
    from botocore.client import BaseClient

SCHEME = "s3://"
ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
"""The variables in which boto3 looks for the address of a server that is not Amazon's."""
MOST_BYTES = 5 << 30
"""S3 takes no more in one request, and one request is what makes a write whole or nothing."""
CONNECTIONS = 32
ATTEMPTS = 4
CONNECT_S, READ_S = 10, 60
BLOCK = 1 << 20
GONE = ("404", "NoSuchKey")
CHANGED = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")

Version = tuple[str, int]
"""What a bucket calls the content of an object (its ETag), and the size in bytes."""


def split_address(address: str) -> tuple[str, str]:
    """Cut `s3://bucket/a/b` into the bucket and `a/b`.

    >>> split_address("s3://my-bucket/fig/lake/")
    ('my-bucket', 'fig/lake')
    """
    bucket, _, key = address.removeprefix(SCHEME).partition("/")
    return bucket, "/".join(filter(None, key.split("/")))


class Bucket:
    """One bucket; any number of threads may use it at once. It logs in when it is first used."""

    def __init__(self, name: str, access: S3Access = ANY_ACCESS) -> None:
        self.name = name
        self.access = access

    @property
    def endpoint(self) -> str:
        """The address of a server that is not Amazon's; empty where none is named."""
        return self.access.endpoint or next(filter(None, map(os.environ.get, ENDPOINTS)), "")

    def head(self, key: str) -> Version | None:
        """Return the version of an object; None where there is none.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        try:
            with self._asked("s3:GetObject", key):
                found = self.client.head_object(Bucket=self.name, Key=key)
        except FileNotFoundError:
            return None
        return found["ETag"], found["ContentLength"]

    def list(self, prefix: str) -> Iterator[tuple[str, Version]]:
        """Give all objects whose keys begin with `prefix`, by key; a request for each thousand.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        more: dict[str, str] = {}
        while True:
            with self._asked("s3:ListBucket", prefix):
                page = self.client.list_objects_v2(Bucket=self.name, Prefix=prefix, **more)
            for found in page.get("Contents", ()):
                yield found["Key"], (found["ETag"], found["Size"])
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, key: str, *, tag: str = "", start: int = 0) -> bytes:
        """Read an object from byte `start` on; only the version `tag`, where one is given.

        Raises:
            FileNotFoundError: there is no such object.
            Overtaken: there is another version.
            EngineError: the server cannot be reached, or refuses.
        """
        with self._asked("s3:GetObject", key):
            body = self._get(key, tag, start)["Body"]
            with closing(body):
                content: bytes = body.read()
        return content

    def download(self, key: str, tag: str, place: Path) -> None:
        """Write the version `tag` of an object to a file of this machine.

        Raises:
            FileNotFoundError: there is no such object.
            Overtaken: there is another version.
            OSError: the file cannot be written.
            EngineError: the server cannot be reached, or refuses.
        """
        with place.open("wb") as file, self._asked("s3:GetObject", key):
            body = self._get(key, tag, 0)["Body"]
            with closing(body):
                for block in body.iter_chunks(BLOCK):
                    file.write(block)

    def put(self, key: str, content: bytes, *, seen: str | None = "", kind: str = "") -> Version:
        """Replace an object at once; only the version `seen`, or none where that is None.

        Without `seen` whatever is there is replaced. A request that was sent again after its
        answer was lost is known by the content. `kind` is what a browser is told that it is.

        Raises:
            Overtaken: there is another version.
            EngineError: the server cannot be reached, or refuses; the content is too large.
        """
        if len(content) > MOST_BYTES:
            raise EngineError(
                f"{SCHEME}{self.name}/{key}: {len(content):,} bytes are more than S3 takes in one "
                f"request ({MOST_BYTES:,})\n  fix: store fewer rows or columns of a day"
            )
        only = {"ContentType": kind} if kind else {}
        if seen != "":
            only |= {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen}
        try:
            with self._asked("s3:PutObject", key):
                found = self.client.put_object(Bucket=self.name, Key=key, Body=content, **only)
        except (Overtaken, FileNotFoundError) as refusal:
            now = self.head(key)
            if now is not None and is_content(now, content):
                return now
            raise Overtaken(key) from refusal
        return found["ETag"], len(content)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there.

        Raises:
            EngineError: the server cannot be reached, or refuses.
        """
        with self._asked("s3:DeleteObject", key):
            self.client.delete_object(Bucket=self.name, Key=key)

    def close(self) -> None:
        """Close the connections."""
        if "client" in self.__dict__:
            self.client.close()

    @cached_property
    def client(self) -> "BaseClient":
        """boto3's client, made when it is first needed.

        Raises:
            UnsupportedOnEngine: boto3 is not installed.
            EngineError: the profile is not there.
        """
        self._require()
        import boto3
        from botocore.config import Config

        access, endpoint = self.access, self.endpoint or None
        config = Config(
            max_pool_connections=CONNECTIONS,
            connect_timeout=CONNECT_S,
            read_timeout=READ_S,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            s3={"addressing_style": "path" if endpoint else "auto"},
        )
        with self._asked("", ""):
            session = boto3.session.Session(
                region_name=access.region or None, profile_name=access.profile or None
            )
            return session.client("s3", endpoint_url=endpoint, config=config)

    def _get(self, key: str, tag: str, start: int) -> Mapping[str, Any]:
        asked = {"Bucket": self.name, "Key": key}
        if tag:
            asked["IfMatch"] = tag
        if start:
            asked["Range"] = f"bytes={start}-"
        found: Mapping[str, Any] = self.client.get_object(**asked)
        return found

    @contextmanager
    def _asked(self, right: str, key: str) -> Iterator[None]:
        """Tell what is refused, and with which right it is allowed."""
        self._require()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as refusal:
            code = str(refusal.response.get("Error", {}).get("Code", ""))
            if code in GONE:
                raise FileNotFoundError(key) from refusal
            if code in CHANGED:
                raise Overtaken(key) from refusal
            raise self._told(refusal, right, key) from refusal
        except BotoCoreError as refusal:
            raise self._told(refusal, right, key) from refusal

    def _require(self) -> None:
        if find_spec("boto3") is None:
            raise UnsupportedOnEngine(
                f"{SCHEME}{self.name} needs boto3\n  fix: pip install 'fig-assets[aws]'"
            )

    def _told(self, refusal: Exception, right: str, key: str) -> EngineError:
        access = self.access
        return told(refusal, access.environment, f"{SCHEME}{self.name}/{key}", right)


def is_content(version: Version, content: bytes) -> bool:
    """Say whether a version surely holds `content`: not where a key of its own encrypts it."""
    is_same: bool = version[0].strip('"') == md5(content, usedforsecurity=False).hexdigest()
    return is_same and version[1] == len(content)
