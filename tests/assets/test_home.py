from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.storage.local_compute_log_manager import LocalComputeLogManager

from fig_assets.assets.event_log import BATCH_SIZE_VARIABLE, BatchedSqliteEventLogStorage
from fig_assets.assets.home import MAX_CONCURRENT_RUNS, open_instance, prepare_home
from fig_assets.errors import WorkflowError


@pytest.fixture(autouse=True)
def _no_batch_size_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH_SIZE_VARIABLE, "0")
    monkeypatch.delenv(BATCH_SIZE_VARIABLE)


def event_log_folder(home: Path) -> Path:
    settings = yaml.safe_load((home / "dagster.yaml").read_text(encoding="utf-8"))
    return Path(settings["event_log_storage"]["config"]["base_dir"])


def test_a_new_home_gets_all_settings(tmp_path: Path) -> None:
    with open_instance(tmp_path / "deep" / "home") as instance:
        queue = instance.get_concurrency_config().run_queue_config

        assert isinstance(instance.event_log_storage, BatchedSqliteEventLogStorage)
        assert isinstance(instance.compute_log_manager, LocalComputeLogManager)
        assert (instance.telemetry_enabled, instance.nux_enabled) == (False, False)
        assert queue is not None
        assert queue.max_concurrent_runs == MAX_CONCURRENT_RUNS == 4
        retention = instance.get_tick_retention_settings(InstigatorType.SENSOR)
        assert retention[TickStatus.SKIPPED] == 7


def test_another_process_opens_the_same_storage_by_reference(tmp_path: Path) -> None:
    with (
        open_instance(tmp_path) as instance,
        dg.DagsterInstance.from_ref(instance.get_ref()) as other,
    ):
        instance.report_runless_asset_event(dg.AssetMaterialization("asn"))

        assert isinstance(other.event_log_storage, BatchedSqliteEventLogStorage)
        assert other.all_asset_keys() == [dg.AssetKey("asn")]


def test_everything_is_kept_inside_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)

    with open_instance(Path("../home")) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("asn"))
        instance.all_instigator_state()

    assert {file.relative_to(home).as_posix() for file in home.rglob("*.db")} == {
        "history/runs.db",
        "history/runs/index.db",
        "history/runs/.db",
        "schedules/schedules.db",
    }
    assert not list(elsewhere.iterdir())


def test_preparing_twice_changes_nothing(tmp_path: Path) -> None:
    prepare_home(tmp_path)
    before = (tmp_path / "dagster.yaml").stat()

    assert prepare_home(tmp_path) == tmp_path.resolve()

    after = (tmp_path / "dagster.yaml").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [file.name for file in tmp_path.iterdir()] == ["dagster.yaml"]


def test_the_users_own_settings_are_kept(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")

    with open_instance(tmp_path) as instance:
        assert not isinstance(instance.event_log_storage, BatchedSqliteEventLogStorage)

    assert (tmp_path / "dagster.yaml").read_text() == "telemetry: {enabled: false}\n"


def test_a_home_that_was_moved_writes_into_its_new_place_and_keeps_its_history(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    with open_instance(old) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("asn"))
    text = (old / "dagster.yaml").read_text()
    (old / "dagster.yaml").write_text(
        text.replace("max_concurrent_runs: 4", "max_concurrent_runs: 9")
    )
    old.rename(new)

    with open_instance(new) as instance:
        assert instance.all_asset_keys() == [dg.AssetKey("asn")]

    assert event_log_folder(new) == new / "history" / "runs"
    assert "max_concurrent_runs: 9" in (new / "dagster.yaml").read_text()
    assert not old.exists()


def test_a_folder_for_events_that_the_user_chose_is_kept(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    chosen = (home / "dagster.yaml").read_text().replace(str(home), str(tmp_path / "fast"))
    (home / "dagster.yaml").write_text(
        chosen.replace("  # rewritten when this folder has moved", "")
    )

    prepare_home(home)

    assert event_log_folder(home) == tmp_path / "fast" / "history" / "runs"


@pytest.mark.parametrize("name", ["a b", 'say "x": {y}', "back\\slash", "größe #1"])
def test_a_home_may_have_any_name(tmp_path: Path, name: str) -> None:
    home = prepare_home(tmp_path / name)

    assert event_log_folder(home) == home / "history" / "runs"
    assert prepare_home(home) == home


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")

    with pytest.raises(WorkflowError, match=r"cannot make '.*home' the home of Dagster: .*exists"):
        prepare_home(tmp_path / "home")
