"""A day's files are landed as one, however they are compressed and whoever reads them."""

import gzip
import json
import shutil
from datetime import date
from pathlib import Path

import zstandard

from fig_assets.engines.line_readers import LineReaders
from fig_assets.workflow.raw import Landed, land
from tests.workflow.projects import Project, days_from, write_project

(DAY,) = days_from("2024-03-01", 1)
EVENT = {"name": "order", "event_name": "order", "fields": {"shop": "shop"}}
COMPRESS = {"jsonl": bytes, "jsonl.gz": gzip.compress, "jsonl.zst": zstandard.compress}


def lines(hour: int) -> bytes:
    orders = [
        {
            "kind": "order",
            "at": f"{DAY}T{hour:02}:00:{n:02}Z",
            "id": f"{hour}-{n}",
            "shop": "\u00fc",
        }
        for n in range(20)
    ]
    odd = [*map(json.dumps, orders), "", "no object", json.dumps({**orders[0], "at": "never"})]
    return "".join(f"{line}\n" for line in odd).encode()


def landed(project: Project, day: date, processes: int) -> tuple[Landed, dict[str, bytes]]:
    shutil.rmtree(project.lake, ignore_errors=True)
    (source,) = project.graph.sources.values()
    files = sorted((project.root / "raw").iterdir())
    with LineReaders(processes) as readers:
        result = land(project.workspace, source, day, files, readers)
    return result, project.files()


def test_files_of_a_day_give_the_same_bytes_whoever_reads_them(tmp_path: Path) -> None:
    project = write_project(tmp_path, {"events/order.json": EVENT}, start=str(DAY))
    for hour, (suffix, compress) in enumerate(COMPRESS.items()):
        (tmp_path / "raw" / f"{DAY}-{hour}.{suffix}").write_bytes(compress(lines(hour)))

    here, stored_here = landed(project, DAY, 0)
    apart, stored_apart = landed(project, DAY, 2)

    assert apart == here
    assert stored_apart == stored_here
    assert here.shares[DAY] == 60
    assert here.quarantined == {"invalid JSON": 3, "no usable time": 3}
    assert (here.lines, here.blank, here.files) == (69, 3, 3)
    project.workspace.close()
