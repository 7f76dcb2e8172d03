"""A folder -> Dagster's home: its `dagster.yaml`, and the instance that lives there."""

import json
import os
import re
from pathlib import Path

from dagster import DagsterInstance

from fig_assets.errors import WorkflowError

MAX_CONCURRENT_RUNS = 4

_OURS = "# rewritten when this folder has moved"
_EVENT_LOG_FOLDER = re.compile(rf"^(\s*base_dir: ).*  {re.escape(_OURS)}$", re.MULTILINE)

# Runs and schedules keep Dagster's default places in the home, which follow the folder; only a
# storage that is named here needs its folder written out, and a relative one would start at the
# working directory of whoever opens it.
_SETTINGS = f"""\
telemetry: {{enabled: false}}
nux: {{enabled: false}}

event_log_storage:
  module: fig_assets.assets.event_log
  class: BatchedSqliteEventLogStorage
  config:
    base_dir: ?  {_OURS}

concurrency:
  runs: {{max_concurrent_runs: {MAX_CONCURRENT_RUNS}}}

retention:
  schedule: {{purge_after_days: 90}}
  sensor:
    purge_after_days: {{skipped: 7, success: 90, failure: 90}}
  auto_materialize:
    purge_after_days: {{skipped: 7, success: 30, failure: 90}}
"""


def prepare_home(home: Path) -> Path:
    """Make `home` a Dagster home and return its absolute path.

    Writes `dagster.yaml` where there is none. An existing one is the user's; only the event log's
    folder is corrected in it, while its line still ends with our comment, so that a home that was
    moved or copied does not write into the old one.

    Raises:
        WorkflowError: `home` is not a folder or cannot be written.
    """
    home = home.expanduser().resolve()
    settings = home / "dagster.yaml"
    try:
        home.mkdir(parents=True, exist_ok=True)
        found = settings.read_text(encoding="utf-8") if settings.exists() else _SETTINGS
        wanted = _with_event_log_in(home, found)
        if wanted != found:
            _replace(settings, wanted)
    except OSError as refusal:
        raise WorkflowError(f"cannot make '{home}' the home of Dagster: {refusal}") from refusal
    return home


def open_instance(home: Path) -> DagsterInstance:
    """Prepare `home` and open its Dagster instance; use it in a `with`, which closes its files.

    Raises:
        WorkflowError: `home` is not a folder or cannot be written.
    """
    return DagsterInstance.from_config(str(prepare_home(home)))


def _with_event_log_in(home: Path, settings: str) -> str:
    folder = json.dumps(str(home / "history" / "runs"))
    return _EVENT_LOG_FOLDER.sub(lambda line: f"{line[1]}{folder}  {_OURS}", settings)


def _replace(file: Path, text: str) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.write_text(text, encoding="utf-8")
    draft.replace(file)
