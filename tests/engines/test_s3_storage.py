import http.client
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest
from botocore.awsrequest import AWSRequest

from fig_assets.engines.connection import Connection, S3Access
from fig_assets.engines.lake import day_file, s3_storage
from fig_assets.engines.lake.lake import Lake
from fig_assets.engines.lake.opening import open_lake
from fig_assets.engines.limits import Limits
from fig_assets.errors import Conflict, EngineError
from tests.engines.lakes import DAY, LOGINS, publish, table, target
from tests.engines.s3 import BUCKET, READER, READER_SECRET, ROOT, SECRET, Server, start, stop

USERS = [f"user {n:03}" for n in range(200)]
OLD = table(USERS, total=[1] * 200)
NEW = table(USERS, total=[2] * 200)
FILE = f"{LOGINS}/day={DAY}/data.parquet"

WRITER = """
import sys
from pathlib import Path
from tests.engines.lakes import publish, table, target
from tests.engines.test_s3_storage import USERS, opened

name, kept = sys.argv[3], {"total": list(range(200)), "rate": [0.5] * 200}
lake = opened(sys.argv[1], Path(sys.argv[2]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(6):
    publish(lake, target(name, whole=False), table(USERS, **{name: kept[name]}))
    publish(lake, target(name, whole=False), table(USERS, **{name: [None] * 200}))
publish(lake, target(name, whole=False), table(USERS, **{name: kept[name]}))
"""


def opened(address: str, folder: Path, **access: str) -> Lake:
    """Open a lake in a bucket as a process of its own does, with its own folder of copies."""
    connection = Connection(environment="cloud", s3=S3Access(environment="cloud", **access))
    return open_lake(address, folder, Limits(temp_directory="temp"), connection)[0]


@pytest.fixture
def server(s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    s3_server.login(monkeypatch)
    return s3_server


@pytest.fixture
def address(server: Server) -> str:
    return server.lake()


@pytest.fixture
def lake(address: str, tmp_path: Path) -> Lake:
    lake = opened(address, tmp_path)
    publish(lake, target("total"), OLD)
    return lake


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the requests of this process by their names."""
    import botocore.client

    found: Counter[str] = Counter()
    send = botocore.client.BaseClient._make_api_call

    def counted(client: object, name: str, arguments: object) -> object:
        found[name] += 1
        return send(client, name, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", counted)
    return found


def key_of(lake: Lake, name: str = FILE) -> str:
    return f"{lake.address}/{name}".removeprefix(f"s3://{BUCKET}/")


def read(lake: Lake) -> list[dict[str, object]]:
    path = lake.prove(LOGINS, DAY)
    assert path is not None
    with pq.ParquetFile(path) as file:
        return file.read().to_pylist()


def totals(lake: Lake) -> set[object]:
    return {row["total"] for row in read(lake)}


def test_a_day_is_one_object_whose_name_stays(lake: Lake, server: Server) -> None:
    publish(lake, target("total"), NEW)
    found = server.client().list_objects_v2(Bucket=BUCKET, Prefix=key_of(lake, LOGINS))["Contents"]
    assert [it["Key"] for it in found] == [key_of(lake)]
    assert lake.size(LOGINS, DAY) == found[0]["Size"]


def test_processes_that_write_other_columns_of_a_day_lose_nothing(
    lake: Lake, tmp_path: Path
) -> None:
    names = ("total", "rate")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, lake.address, str(tmp_path / name), name],
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
    assert [writer.returncode for writer in writers] == [0, 0]
    lake.look_again(LOGINS)
    rows = read(lake)
    assert [row["total"] for row in rows] == list(range(200))
    assert {row["rate"] for row in rows} == {0.5}


def test_a_zombie_cannot_overwrite_newer_rows(lake: Lake, tmp_path: Path) -> None:
    zombie = opened(lake.address, tmp_path / "zombie")
    seen = zombie.generations(target("total"), DAY)
    publish(lake, target("total"), NEW)
    with pytest.raises(Conflict, match="total was published by another run"):
        publish(zombie, target("total"), table(USERS, total=[3] * 200), seen)
    assert totals(zombie) == {2}


def test_a_version_that_was_overtaken_between_look_and_put_is_looked_at_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = opened(lake.address, tmp_path / "other")
    put = lake.storage.put
    rounds = iter([1])

    def others_are_faster(*arguments: object) -> object:
        for _ in rounds:
            publish(other, target("rate", whole=False), table(USERS, rate=[0.5] * 200))
        return put(*arguments)

    monkeypatch.setattr(lake.storage, "put", others_are_faster)
    assert publish(lake, target("total", whole=False), NEW)
    assert {(row["total"], row["rate"]) for row in read(lake)} == {(2, 0.5)}


def test_what_others_write_is_seen_after_a_moment_and_at_once_where_it_counts(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_storage, "FRESH_S", 1e9)
    reader = opened(lake.address, tmp_path / "reader")
    assert totals(reader) == {1}
    publish(lake, target("total"), NEW)
    assert totals(reader) == {1}
    reader.look_again(LOGINS)
    assert totals(reader) == {2}


def test_a_listing_that_began_before_a_write_does_not_hide_it(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = lake.storage.bucket
    listing = bucket.list

    def slow(prefix: str) -> Iterator[object]:
        before = list(listing(prefix))
        publish(lake, target("total"), NEW, base={"user": 1, "total": 1})
        yield from before

    lake.look_again(LOGINS)
    monkeypatch.setattr(bucket, "list", slow)
    lake.days(LOGINS)
    monkeypatch.setattr(bucket, "list", listing)
    assert totals(lake) == {2}


def test_records_of_many_days_take_one_listing_and_are_read_once(
    lake: Lake, tmp_path: Path, asked: Counter[str]
) -> None:
    days = [DAY + timedelta(days=n) for n in range(12)]
    what = target("total")
    for day in days:
        lake.publish(what, day, OLD.drop(["day"]), inputs={}, base=lake.generations(what, day))
    fresh = opened(lake.address, tmp_path / "fresh")
    asked.clear()
    assert all(fresh.partition(LOGINS, day) for day in days)
    assert (asked["GetObject"], asked["HeadObject"]) == (len(days), 0)
    assert asked["ListObjectsV2"] <= 2
    asked.clear()
    assert fresh.days(LOGINS) == tuple(days)
    assert all(fresh.partition(LOGINS, day) for day in days)
    assert not asked["GetObject"]
    assert len(fresh.prove_days(LOGINS, days)) == len(days)
    assert asked["GetObject"] == len(days)
    assert len(fresh.prove_days(LOGINS, days)) == len(days)
    assert asked["GetObject"] == len(days)


def test_a_write_is_one_look_and_one_put_and_its_rows_are_here(
    lake: Lake, asked: Counter[str]
) -> None:
    seen = lake.generations(target("total"), DAY)
    asked.clear()
    publish(lake, target("total"), NEW, seen)
    assert dict(asked) == {"HeadObject": 1, "PutObject": 1}
    assert totals(lake) == {2}
    assert not asked["GetObject"]


def test_a_lake_of_this_machine_can_be_copied_there_and_goes_on(
    server: Server, address: str, tmp_path: Path
) -> None:
    local = Lake(tmp_path / "local")
    publish(local, target("total"), OLD)
    place = urlsplit(address)
    for file in local.root.rglob("*.parquet"):
        key = f"{place.path[1:]}/{file.relative_to(local.root).as_posix()}"
        server.client().upload_file(str(file), place.netloc, key)
    moved = opened(address, tmp_path)
    assert moved.partition(LOGINS, DAY) == local.partition(LOGINS, DAY)
    assert not publish(moved, target("total"), OLD)
    assert publish(moved, target("total"), NEW)
    assert totals(moved) == {2}


def test_a_server_that_takes_no_notice_of_conditions_is_refused(
    address: str, tmp_path: Path
) -> None:
    lake = opened(address, tmp_path)

    def take_no_notice(request: AWSRequest, **_: object) -> None:
        del request.headers["If-None-Match"]

    events = lake.storage.bucket.client.meta.events
    events.register("before-sign.s3.PutObject", take_no_notice)
    with pytest.raises(EngineError, match=r"the server of 'fig-lakes' replaces objects that must"):
        publish(lake, target("total"), OLD)
    assert opened(address, tmp_path).days(LOGINS) == ()


def test_other_objects_are_no_days(lake: Lake, server: Server) -> None:
    for name in ("day=tomorrow/data.parquet", "day=2024-03-20/other", "day=2024-03-21", "x"):
        server.client().put_object(Bucket=BUCKET, Key=key_of(lake, f"{LOGINS}/{name}"), Body=b"")
    lake.look_again(LOGINS)
    assert lake.days(LOGINS) == (DAY,)
    assert lake.days("never/built") == ()


def test_columns_and_days_are_dropped(lake: Lake, tmp_path: Path) -> None:
    publish(lake, target("rate", whole=False), table(USERS, rate=[0.5] * 200))
    assert set(lake.column_sizes(LOGINS, DAY)) == {"user", "total", "rate"}
    lake.drop_columns(LOGINS, DAY, ["rate"])
    assert set(lake.generations(target(), DAY)) == {"user", "total"}
    lake.drop_day(LOGINS, DAY)
    for found in (lake, opened(lake.address, tmp_path / "other")):
        assert found.days(LOGINS) == ()
        assert found.partition(LOGINS, DAY) is None
        assert found.prove(LOGINS, DAY) is None


def test_a_damaged_copy_is_fetched_again(lake: Lake, tmp_path: Path) -> None:
    path = lake.prove(LOGINS, DAY)
    assert path is not None
    Path(path).write_bytes(Path(path).read_bytes()[:-9])
    again = opened(lake.address, tmp_path)
    assert totals(again) == {1}
    assert again.partition(LOGINS, DAY) == lake.partition(LOGINS, DAY)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_object_is_named_and_written_anew(
    lake: Lake, server: Server, tmp_path: Path, damage: str
) -> None:
    client, key = server.client(), key_of(lake)
    content = bytearray(client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    content[9] ^= 1
    body = {"cut": content[:100], "flipped": content, "empty": b""}[damage]
    client.put_object(Bucket=BUCKET, Key=key, Body=bytes(body))
    other = opened(lake.address, tmp_path / "other")
    with pytest.raises(EngineError, match=f"^{lake.address}/{FILE}: damaged or not a file"):
        other.prove(LOGINS, DAY)
    if damage == "flipped":
        publish(other, target("total"), OLD)
        assert totals(other) == {1}


def test_a_lake_of_another_version_is_told(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(day_file, "FORMAT", day_file.FORMAT + 1)
        publish(opened(address, tmp_path / "newer"), target("total"), OLD)
    with pytest.raises(EngineError, match=r"^s3://.*: written by another version of fig-assets"):
        opened(address, tmp_path).partition(LOGINS, DAY)


def test_an_interrupted_upload_leaves_the_old_day(lake: Lake, server: Server) -> None:
    asked = {"Bucket": BUCKET, "Key": key_of(lake)}
    url = urlsplit(server.client().generate_presigned_url("put_object", asked))
    connection = http.client.HTTPConnection(url.netloc)
    connection.putrequest("PUT", f"{url.path}?{url.query}")
    connection.putheader("Content-Length", "100000")
    connection.endheaders(b"x" * 50_000)
    connection.close()
    time.sleep(0.2)
    lake.look_again(LOGINS)
    assert totals(lake) == {1}
    found = server.client().list_objects_v2(Bucket=BUCKET, Prefix=key_of(lake, LOGINS))["Contents"]
    assert len(found) == 1


def test_a_server_that_dies_in_mid_write_leaves_whole_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fig_assets.engines.lake.s3.ATTEMPTS", 1)
    running, port = start(tmp_path / "server")
    server = Server(tmp_path / "server", port)
    server.login(monkeypatch)
    days = [DAY + timedelta(days=n) for n in range(2_000)]
    lake = opened(server.lake(), tmp_path)
    killer = threading.Timer(0.1, running.kill)
    written: list[date] = []

    def write() -> None:
        for day in days:
            lake.publish(target("total"), day, OLD.drop(["day"]), inputs={}, base={})
            written.append(day)
            if len(written) == 3:
                killer.start()

    with pytest.raises(EngineError) as refusal:
        write()
    killer.join()
    stop(running)
    assert str(refusal.value).startswith(f"environment 'cloud': {lake.address}/{LOGINS}/day=")
    assert "the server cannot be reached, or went away" in str(refusal.value)
    assert "each stored day is whole, the old or the new one" in str(refusal.value)
    running, port = start(tmp_path / "server")
    try:
        Server(tmp_path / "server", port).login(monkeypatch)
        survivor = opened(lake.address, tmp_path / "survivor")
        stored = survivor.days(LOGINS)
        assert stored in (tuple(written), (*written, days[len(written)]))
        assert len(survivor.prove_days(LOGINS, stored)) == len(stored) > 0
    finally:
        stop(running)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(EngineError) as refusal:
        act()
    told = str(refusal.value)
    assert SECRET not in told
    assert READER_SECRET not in told
    assert told.startswith("environment 'cloud': s3://")
    return told


@pytest.mark.parametrize(
    ("variables", "message", "fix"),
    [
        pytest.param(
            {"AWS_SECRET_ACCESS_KEY": "wrong"},
            "the credentials are refused (SignatureDoesNotMatch)",
            "log in again, or mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            id="a wrong secret",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": "nobody"},
            "the credentials are refused (InvalidAccessKeyId)",
            '"profile" of "s3" in environments/cloud.json',
            id="an unknown key",
        ),
        pytest.param(
            {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "HOME": "/nowhere"},
            "no credentials were found",
            "log in (aws sso login), export AWS_ACCESS_KEY_ID",
            id="no credentials",
        ),
        pytest.param(
            {"AWS_PROFILE": "nobody"},
            "there is no such profile on this machine",
            "mend AWS_PROFILE",
            id="an unknown profile",
        ),
        pytest.param(
            {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"},
            "the server cannot be reached, or went away (EndpointConnectionError)",
            'that "endpoint" of "s3" in environments/cloud.json is right',
            id="no server",
        ),
    ],
)
def test_a_login_that_fails_is_told_with_the_mend(
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str | None],
    message: str,
    fix: str,
) -> None:
    monkeypatch.setattr("fig_assets.engines.lake.s3.ATTEMPTS", 1)
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    told = refused(lambda: publish(opened(address, tmp_path), target("total"), OLD))
    assert f": {message}\n  fix: " in told
    assert fix in told


def test_a_bucket_that_is_not_there_is_told(server: Server, tmp_path: Path) -> None:
    lake = opened("s3://no-such-bucket/lake", tmp_path)
    for act in (lambda: lake.days(LOGINS), lambda: publish(lake, target("total"), OLD)):
        told = refused(act)
        assert "there is no bucket 'no-such-bucket'\n  fix: make it: aws s3 mb" in told


def test_a_bucket_that_may_only_be_read_is_told_and_read(
    lake: Lake, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.login(monkeypatch, READER, READER_SECRET)
    reader = opened(lake.address, tmp_path / "reader")
    assert totals(reader) == {1}
    told = refused(lambda: publish(reader, target("total"), NEW))
    assert (
        f"access is denied (AccessDenied)\n  fix: allow s3:PutObject on bucket '{BUCKET}'" in told
    )
    assert "s3:DeleteObject" in refused(lambda: reader.drop_day(LOGINS, DAY))
    lake.look_again(LOGINS)
    assert totals(lake) == {1}


def test_without_boto3_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(EngineError, match=r"s3://bucket needs boto3\n.*'fig-assets\[aws\]'"):
        opened("s3://bucket/lake", tmp_path).days(LOGINS)


def test_no_room_for_copies_is_told_and_loses_no_write(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "temp").write_text("a file where a folder should be")
    other = opened(lake.address, tmp_path / "full")
    publish(other, target("total"), NEW)
    lake.look_again(LOGINS)
    assert totals(lake) == {2}
    with pytest.raises(EngineError, match=r'(?s)no copy of remote files.*"temp_directory"'):
        other.prove(LOGINS, DAY)


def test_opening_asks_nobody(tmp_path: Path, asked: Counter[str]) -> None:
    with suppress(EngineError):
        opened("s3://bucket/lake", tmp_path)
    assert not asked
    assert not list(tmp_path.iterdir())
