"""Three days of a small sample log, written once for all tests of this folder."""

import csv
import io

import pytest

from fig_assets.sample import write_days
from tests.sample.reading import DAYS, EVENTS_PER_DAY, SEED, Log, events_in


@pytest.fixture(scope="package")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    folder = tmp_path_factory.mktemp("sample")
    write_days(folder, DAYS[0], DAYS[-1], events_per_day=EVENTS_PER_DAY, seed=SEED)
    texts = [(folder / "truth" / f"{day}.csv").read_text(encoding="utf-8") for day in DAYS]
    rows = [row for text in texts for row in csv.DictReader(io.StringIO(text))]
    return Log(
        folder=folder,
        days={day: events_in(folder / "events" / f"{day}.jsonl.gz") for day in DAYS},
        kinds={row["event_id"]: row["kind"] for row in rows},
        malicious={row["event_id"]: row["malicious"] == "true" for row in rows},
    )
