import gc
import logging
import multiprocessing
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster import AssetRecordsFilter, DagsterEventType, EventRecordsFilter
from dagster._core.definitions.data_version import DATA_VERSION_TAG
from dagster._core.events import (
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    AssetMaterializationPlannedData,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy.exc import IntegrityError

from fig_assets.assets import event_log
from fig_assets.assets.event_log import BATCH_SIZE_VARIABLE, BatchedSqliteEventLogStorage

REPOSITORY = Path(__file__).parents[2]
WRITERS = 12
KINDS = [
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.STEP_SUCCESS,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
    DagsterEventType.ASSET_CHECK_EVALUATION,
]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
BROKEN_DAY = "2024-01-20"
KEYS = [dg.AssetKey(["asn", f"rate_{n}__v1"]) for n in range(10)]
LOOSE = dg.AssetKey("registry")
CHECKS = [
    dg.AssetCheckSpec("nonnull", asset=KEYS[0]),
    dg.AssetCheckSpec("in_range", asset=KEYS[0]),
    dg.AssetCheckSpec("nonnull", asset=KEYS[7]),
]


@dg.multi_asset(
    name="asn",
    specs=[dg.AssetSpec(key, partitions_def=DAYS, code_version="1") for key in KEYS],
    check_specs=CHECKS,
    can_subset=True,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def asn(context: dg.AssetExecutionContext) -> Iterator[object]:
    days = context.partition_keys
    for key in sorted(context.selected_asset_keys):
        if days == [BROKEN_DAY] and key == KEYS[4]:
            raise dg.Failure("the day is broken", metadata={"day": BROKEN_DAY})
        if key == KEYS[2]:
            context.log_event(dg.AssetObservation(key, metadata={"seen": 1}, partition=days[0]))
        yield dg.MaterializeResult(asset_key=key, metadata={"dagster/row_count": len(days)})
        for check in context.selected_asset_check_keys:
            if check.asset_key == key:
                yield dg.AssetCheckResult(
                    passed=len(days) > 1 or check.name == "nonnull",
                    asset_key=key,
                    check_name=check.name,
                    metadata={"rows": len(days)},
                )


@dg.asset(key=LOOSE)
def registry() -> None: ...


JOB = dg.Definitions(
    assets=[asn, registry],
    jobs=[
        dg.define_asset_job(
            "days", [key.to_user_string() for key in KEYS], executor_def=dg.in_process_executor
        ),
        dg.define_asset_job("once", [LOOSE.to_user_string()], executor_def=dg.in_process_executor),
    ],
)


@pytest.fixture(autouse=True)
def _no_batch_size_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH_SIZE_VARIABLE, "0")
    monkeypatch.delenv(BATCH_SIZE_VARIABLE)


def open_home(home: Path, *, stock: bool = False) -> dg.DagsterInstance:
    home.mkdir(exist_ok=True)
    module = "dagster._core.storage.event_log" if stock else "fig_assets.assets.event_log"
    name = "SqliteEventLogStorage" if stock else "BatchedSqliteEventLogStorage"
    (home / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\n"
        "compute_logs: {module: dagster._core.storage.noop_compute_log_manager,"
        " class: NoOpComputeLogManager}\n"
        f"event_log_storage: {{module: {module}, class: {name},"
        f" config: {{base_dir: '{home}/history/runs'}}}}\n"
    )
    return dg.DagsterInstance.from_config(str(home))


def run_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def run_days(instance: dg.DagsterInstance, number: int, first: str, last: str) -> None:
    one_day = first == last
    JOB.resolve_job_def("days").execute_in_process(
        instance=instance,
        run_id=run_id(number),
        run_config=QUIET,
        partition_key=first if one_day else None,
        tags={}
        if one_day
        else {
            "dagster/asset_partition_range_start": first,
            "dagster/asset_partition_range_end": last,
        },
        raise_on_error=False,
    )


def event(number: int, message: str = "") -> EventLogEntry:
    return EventLogEntry(
        error_info=None,
        level=logging.INFO,
        user_message=message,
        run_id=run_id(number),
        timestamp=time.time(),
    )


def told_of(number: int, dagster_event: dg.DagsterEvent) -> EventLogEntry:
    return EventLogEntry(
        error_info=None,
        level=logging.INFO,
        user_message="",
        run_id=run_id(number),
        timestamp=time.time(),
        dagster_event=dagster_event,
    )


def planned(number: int, key: dg.AssetKey, day: str) -> EventLogEntry:
    data = AssetMaterializationPlannedData(key, partition=day)
    return told_of(
        number, dg.DagsterEvent.build_asset_materialization_planned_event("days", "asn", data)
    )


def materialized(number: int, key: dg.AssetKey, day: str) -> EventLogEntry:
    value = dg.AssetMaterialization(key, partition=day, tags={DATA_VERSION_TAG: f"v{number}"})
    return told_of(
        number,
        dg.DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            job_name="days",
            event_specific_data=StepMaterializationData(value),
        ),
    )


# Whatever differs between two executions of one job: times, durations, processes and random names.
VARYING = re.compile(
    r"\d{10}\.\d+|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?|datetime\.datetime\([^)]*\)"
    r"|\b[\d.]+m?s\b|duration_ms\W+[\d.]+|\(?pid\W+\d+\)?|(?<=')[a-z]{8}(?=')"
    r"|(?<=\")[a-z]{8}(?=\")|line \d+| at 0x[0-9a-f]+"
)


def told(value: object) -> str:
    return VARYING.sub("~", repr(value))


def tables(home: Path) -> dict[str, list[str]]:
    """Return every row of every table of every file, ids included."""
    found = {}
    for file in sorted((home / "history" / "runs").rglob("*.db")):
        connection = sqlite3.connect(file)
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in sorted(names):
            rows = connection.execute(f"SELECT * FROM {name}").fetchall()
            found[f"{file.stem}.{name}"] = [told(row) for row in rows]
        connection.close()
    return found


def answers(instance: dg.DagsterInstance) -> dict[str, str]:
    """Return what the instance says about runs, assets, partitions and checks."""
    log = instance.event_log_storage
    runs = [run.run_id for run in instance.get_runs()]
    keys = [*KEYS[:5], LOOSE]
    checks = [check.key for check in CHECKS]
    asked: dict[str, object] = {"runs": runs, "keys": sorted(instance.all_asset_keys())}
    for run in [*runs, ""]:
        asked[f"{run} logs"] = instance.all_logs(run)
        asked[f"{run} page"] = log.get_records_for_run(run, limit=3, ascending=False)
        asked[f"{run} next page"] = log.get_records_for_run(
            run, cursor=log.get_records_for_run(run, limit=2).cursor, limit=2
        )
        asked[f"{run} stats"] = log.get_stats_for_run(run)
        asked[f"{run} steps"] = log.get_step_stats_for_run(run)
        asked[f"{run} partitions"] = sorted(log.get_asset_partitions_for_run(run).items())
    for kind in KINDS:
        wanted = EventRecordsFilter(kind)
        asked[f"{kind} up"] = log.get_event_records(wanted, limit=5, ascending=True)
        asked[f"{kind} down"] = log.get_event_records(wanted)
        if kind in EVENT_TYPE_TO_PIPELINE_RUN_STATUS:
            asked[f"{kind} changes"] = instance.fetch_run_status_changes(kind, limit=9)
    for key in keys:
        wanted_asset = AssetRecordsFilter(key, asset_partitions=["2024-01-02", "2024-01-09"])
        latest = DagsterEventType.ASSET_MATERIALIZATION
        asked[f"{key} materialized"] = instance.fetch_materializations(key, limit=100)
        asked[f"{key} on days"] = instance.fetch_materializations(wanted_asset, limit=2)
        asked[f"{key} observed"] = instance.fetch_observations(key, limit=100)
        asked[f"{key} days"] = sorted(instance.get_materialized_partitions(key), key=str)
        asked[f"{key} ids"] = sorted(log.get_latest_storage_id_by_partition(key, latest).items())
        asked[f"{key} versions"] = sorted(
            log.get_latest_tags_by_partition(key, latest, [DATA_VERSION_TAG]).items()
        )
        asked[f"{key} tags"] = instance.get_event_tags_for_asset(key)
        asked[f"{key} latest"] = instance.get_latest_materialization_event(key)
        asked[f"{key} plan"] = log.get_latest_planned_materialization_info(key)
        asked[f"{key} failed"] = sorted(
            log.get_latest_asset_partition_materialization_attempts_without_materializations(
                key
            ).items()
        )
        asked[f"{key} summaries"] = log.get_asset_event_summary_records(latest, key)
    asked["asset records"] = sorted(instance.get_asset_records(keys), key=lambda r: r.storage_id)
    asked["prefix"] = instance.get_asset_keys(prefix=["asn"], limit=3)
    for check in checks:
        asked[f"{check} history"] = log.get_asset_check_execution_history(check, limit=100)
    asked["checks"] = sorted(log.get_latest_asset_check_execution_by_key(checks).items())
    asked["check summaries"] = sorted(log.get_asset_check_summary_records(checks).items())
    asked["check partitions"] = log.get_asset_check_partition_info(checks)
    asked["dynamic"] = log.get_dynamic_partitions("names")
    asked["pools"] = sorted(log.get_concurrency_keys())
    asked["slots"] = [log.get_concurrency_info(pool) for pool in sorted(log.get_concurrency_keys())]
    return {question: told(answer) for question, answer in asked.items()}


def live_through_everything(home: Path, *, stock: bool) -> list[dict[str, object]]:
    """Run, fail, observe, check, delete and wipe; return all that can be read after each stage."""
    stages: list[dict[str, object]] = []
    with open_home(home, stock=stock) as instance:
        log = instance.event_log_storage

        def look() -> None:
            stages.append({**answers(instance), **tables(home)})

        run_days(instance, 1, "2024-01-01", "2024-01-03")
        run_days(instance, 2, "2024-01-09", "2024-01-09")
        run_days(instance, 3, BROKEN_DAY, BROKEN_DAY)
        run_days(instance, 4, "2024-01-03", "2024-01-04")
        JOB.resolve_job_def("once").execute_in_process(
            instance=instance, run_id=run_id(5), run_config=QUIET
        )
        instance.report_runless_asset_event(dg.AssetMaterialization(LOOSE, tags={"by": "hand"}))
        instance.report_runless_asset_event(dg.AssetObservation(KEYS[1], partition="2024-01-02"))
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(check_name="nonnull", passed=False, asset_key=KEYS[0])
        )
        instance.add_dynamic_partitions("names", ["a", "b"])
        log.set_concurrency_slots("warehouse", 2)
        log.claim_concurrency_slot("warehouse", run_id(1), "asn")
        look()
        instance.delete_run(run_id(2))
        instance.wipe_assets([KEYS[3], KEYS[5]])
        JOB.resolve_job_def("days").execute_in_process(
            instance=instance,
            run_id=run_id(6),
            run_config=QUIET,
            partition_key="2024-01-02",
            asset_selection=[KEYS[0], KEYS[3]],
        )
        look()
        log.wipe()
        run_days(instance, 7, "2024-01-02", "2024-01-03")
        look()
    return stages


def test_the_same_life_leaves_the_same_answers_and_rows_as_dagsters_own_storage(
    tmp_path: Path,
) -> None:
    stock = live_through_everything(tmp_path / "stock", stock=True)
    ours = live_through_everything(tmp_path / "ours", stock=False)

    assert len(stock[0]["index.event_logs"]) > 150
    for stage, (expected, got) in enumerate(zip(stock, ours, strict=True)):
        assert got.keys() == expected.keys()
        assert [q for q, answer in got.items() if answer != expected[q]] == [], f"stage {stage}"


@pytest.mark.parametrize(
    ("writer", "reader"),
    [(True, False), (False, True)],
    ids=["we read stock's", "stock reads ours"],
)
def test_either_storage_opens_what_the_other_wrote(
    tmp_path: Path, *, writer: bool, reader: bool
) -> None:
    with open_home(tmp_path / "home", stock=writer) as instance:
        run_days(instance, 1, BROKEN_DAY, BROKEN_DAY)
        written = answers(instance)

    with open_home(tmp_path / "home", stock=reader) as instance:
        assert answers(instance) == written


def test_a_mixed_batch_leaves_the_rows_that_single_events_do(tmp_path: Path) -> None:
    day = "2024-01-01"
    events = [
        materialized(1, KEYS[0], day),
        planned(2, KEYS[0], day),
        event(2, "between"),
        materialized(3, KEYS[0], day),
        planned(3, KEYS[1], day),
        materialized(1, KEYS[1], day),
        planned(2, KEYS[1], day),
    ]
    one_by_one = SqliteEventLogStorage(str(tmp_path / "stock" / "history" / "runs"))
    batched = BatchedSqliteEventLogStorage(str(tmp_path / "ours" / "history" / "runs"))

    for each in events:
        one_by_one.store_event(each)
    batched.store_event_batch(events)
    batched.dispose()

    assert tables(tmp_path / "ours") == tables(tmp_path / "stock")


def test_a_range_run_is_stored_in_batches(tmp_path: Path) -> None:
    sizes: list[int] = []

    class Counted(BatchedSqliteEventLogStorage):
        def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
            sizes.append(len(events))
            super().store_event_batch(events)

    with dg.DagsterInstance.ephemeral() as instance:
        log = Counted(str(tmp_path))
        log.register_instance(instance)
        instance._event_storage = log
        run_days(instance, 1, "2024-01-01", "2024-01-30")
        log.dispose()

    assert [size for size in sizes if size > 1] == [len(KEYS) * 30 + len(CHECKS), *[30] * len(KEYS)]


@pytest.mark.parametrize(
    ("set_by_user", "expected"), [(None, "1000"), ("7", "7"), ("0", "0")], ids=str
)
def test_opening_sets_the_batch_size_unless_the_user_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, set_by_user: str | None, expected: str
) -> None:
    if set_by_user is not None:
        monkeypatch.setenv(BATCH_SIZE_VARIABLE, set_by_user)

    BatchedSqliteEventLogStorage(str(tmp_path)).dispose()

    assert os.environ[BATCH_SIZE_VARIABLE] == expected


def test_no_event_of_a_refused_batch_is_stored(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    log.store_event(planned(1, KEYS[0], "2024-01-01"))
    with log.index_connection() as index:
        index.exec_driver_sql(
            "CREATE TRIGGER refuse BEFORE INSERT ON asset_keys WHEN NEW.asset_key LIKE '%rate_2%'"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )

    with pytest.raises(IntegrityError, match="no"):
        log.store_event_batch([planned(1, key, "2024-01-02") for key in KEYS])

    assert len(log.get_logs_for_run(run_id(1))) == 1
    assert log.all_asset_keys() == [KEYS[0]]
    log.dispose()


def test_a_storage_that_was_disposed_opens_again_and_closes_its_files(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    log.store_event(event(1, "first"))
    assert list(tmp_path.glob("*.db-wal"))

    log.dispose()
    assert not list(tmp_path.glob("*.db-wal"))

    log.store_event(event(1, "second"))
    assert [entry.user_message for entry in log.get_logs_for_run(run_id(1))] == ["first", "second"]
    log.dispose()
    assert not list(tmp_path.glob("*.db-wal"))


def test_a_storage_that_was_forgotten_closes_its_files(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    log.store_event(event(1))

    del log
    gc.collect()

    assert not list(tmp_path.glob("*.db-wal"))


def test_only_the_latest_files_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_log, "MAX_OPEN_SHARDS", 3)
    runs = range(6)
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    for number in runs:
        log.store_event_batch([event(number, str(number))])

    read = [log.get_logs_for_run(run_id(number))[0].user_message for number in runs]

    assert read == [str(number) for number in runs]
    assert len(list(tmp_path.glob("*.db-wal"))) == 3
    log.dispose()


def test_files_that_another_storage_wiped_are_made_anew(tmp_path: Path) -> None:
    ours, other = (BatchedSqliteEventLogStorage(str(tmp_path)) for _ in range(2))
    ours.store_event(event(1, "before"))

    other.wipe()
    ours.store_event(event(1, "after"))

    assert [entry.user_message for entry in other.get_logs_for_run(run_id(1))] == ["after"]
    ours.dispose()
    other.dispose()


def test_each_commit_goes_to_the_write_ahead_log_without_a_flush(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    for connect in (log.index_connection, lambda: log.run_connection(run_id(1))):
        with connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1
    log.dispose()


def test_threads_share_a_storage(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))

    def work(number: int) -> int:
        for n in range(20):
            log.store_event_batch([planned(number, key, f"2024-01-{n + 1:02}") for key in KEYS[:3]])
            log.all_asset_keys()
            log.get_logs_for_run(run_id((number + 1) % 6))
        return len(log.get_logs_for_run(run_id(number)))

    with ThreadPoolExecutor(6) as threads:
        counts = list(threads.map(work, range(6)))

    assert counts == [60] * 6
    assert log.get_maximum_record_id() == 360
    log.dispose()


def test_disposing_waits_for_no_one_and_breaks_no_one(tmp_path: Path) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    with log.run_connection(run_id(1)) as connection:
        disposing = threading.Thread(target=log.dispose)
        disposing.start()
        disposing.join(timeout=30)
        assert not disposing.is_alive()
        assert connection.exec_driver_sql("SELECT count(*) FROM event_logs").scalar() == 0

    assert not list(tmp_path.glob("*.db-wal"))


FORKED = """
import os, sys
from pathlib import Path
from fig_assets.assets.event_log import BatchedSqliteEventLogStorage
from tests.assets.test_event_log import KEYS, planned
log = BatchedSqliteEventLogStorage(sys.argv[1])
log.store_event(planned(0, KEYS[0], "2024-01-01"))
children = []
for child in range(1, 4):
    pid = os.fork()
    if not pid:
        for n in range(6):
            log.store_event_batch([planned(n % 2 and child, key, str(child)) for key in KEYS])
        log.dispose()
        sys.exit(0)
    children.append(pid)
for n in range(6):
    log.store_event_batch([planned(0, key, "0") for key in KEYS])
assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 3
log.dispose()
"""


def test_forked_children_use_connections_of_their_own(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-W", "error", "-W", "ignore:This process", "-c", FORKED, str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        timeout=120,
    )

    log = BatchedSqliteEventLogStorage(str(tmp_path))
    assert log.get_maximum_record_id() == 1 + 4 * 6 * len(KEYS)
    assert len(log.get_logs_for_run(run_id(0))) == 1 + (6 + 3 * 3) * len(KEYS)
    log.dispose()
    assert _sound(tmp_path)


def write_days(home: str, number: int) -> None:
    first = date(2024, 1, 1) + timedelta(days=number)
    with dg.DagsterInstance.from_config(home) as instance:
        run_days(instance, number, str(first), str(first + timedelta(days=2)))


def _sound(folder: Path) -> bool:
    def check(file: Path) -> str:
        connection = sqlite3.connect(file)
        (answer,) = connection.execute("PRAGMA integrity_check").fetchone()
        connection.close()
        return str(answer)

    return {check(file) for file in folder.rglob("*.db")} == {"ok"}


def test_a_dozen_processes_write_into_one_new_home_at_once(tmp_path: Path) -> None:
    open_home(tmp_path).dispose()
    for file in (tmp_path / "history" / "runs").iterdir():
        file.unlink()
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.assets.test_event_log"])

    writers = [context.Process(target=write_days, args=(str(tmp_path), n)) for n in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=300)

    assert [writer.exitcode for writer in writers] == [0] * WRITERS
    with open_home(tmp_path) as instance:
        assert [run.status for run in instance.get_runs()] == [
            dg.DagsterRunStatus.SUCCESS
        ] * WRITERS
        for key in KEYS:
            events = instance.fetch_materializations(key, limit=1000).records
            assert len({record.storage_id for record in events}) == len(events) == 3 * WRITERS
            assert len(instance.get_materialized_partitions(key)) == WRITERS + 2
    assert _sound(tmp_path)


WRITE_AND_STAY = """
import sys
from fig_assets.assets.event_log import BatchedSqliteEventLogStorage
from tests.assets.test_event_log import event
log = BatchedSqliteEventLogStorage(sys.argv[1])
for line in sys.stdin:
    log.store_event(event(1, line.strip()))
log.dispose()
"""


def _wait_until(claim: Callable[[], bool]) -> bool:
    patience = time.monotonic() + 60
    while not claim() and time.monotonic() < patience:
        time.sleep(0.05)
    return claim()


def test_a_watcher_sees_what_another_process_commits_while_that_keeps_its_files_open(
    tmp_path: Path,
) -> None:
    log = BatchedSqliteEventLogStorage(str(tmp_path))
    log.store_event(event(1, "known"))
    seen: list[str] = []

    def see(entry: EventLogEntry, _cursor: str) -> None:
        seen.append(entry.user_message)

    log.watch(run_id(1), log.get_records_for_run(run_id(1)).cursor, see)
    command = [sys.executable, "-c", WRITE_AND_STAY, str(tmp_path)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, text=True) as writer:
        assert writer.stdin is not None
        for said in ("one", "two"):
            print(said, file=writer.stdin, flush=True)
            assert _wait_until(lambda said=said: seen[-1:] == [said])
        log.end_watch(run_id(1), see)
        print("three", file=writer.stdin, flush=True)
        assert _wait_until(lambda: len(log.get_logs_for_run(run_id(1))) == 4)
    log.dispose()

    assert seen == ["one", "two"]


def test_dagsters_storage_is_the_one_we_know() -> None:
    assert event_log.stock_fingerprint() == event_log._STOOD_IN_FOR_SHA256, (
        "read what changed in Dagster's storage, mend ours, then pin the new fingerprint"
    )


@pytest.mark.parametrize(
    "methods", [("store_event", "gone"), ("store_event",)], ids=["one is missing", "one differs"]
)
def test_an_unknown_dagster_gets_its_own_storage_and_one_warning(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    methods: tuple[str, ...],
) -> None:
    monkeypatch.setattr(event_log, "_STOOD_IN_FOR", {SqliteEventLogStorage: methods})
    event_log.stock_is_as_expected.cache_clear()

    for number in range(2):
        with open_home(tmp_path / "home") as instance:
            JOB.resolve_job_def("once").execute_in_process(
                instance=instance, run_id=run_id(number), run_config=QUIET
            )
            assert type(instance.event_log_storage) is SqliteEventLogStorage
            assert len(instance.fetch_materializations(LOOSE, limit=9).records) == number + 1
    event_log.stock_is_as_expected.cache_clear()

    warned = [record for record in caplog.records if record.name == event_log.__name__]
    assert [record.getMessage() for record in warned] == [
        "this version of Dagster stores events in another way than fig_assets knows; "
        "using Dagster's own, slower SQLite event log"
    ]
    assert BATCH_SIZE_VARIABLE not in os.environ
