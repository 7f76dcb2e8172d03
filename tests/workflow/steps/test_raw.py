"""A day's files are landed as one, however they are compressed and whoever reads them."""

import gzip
import json
import shutil
from datetime import date
from pathlib import Path

import zstandard

from fig_assets.engines.raw.line_readers import LineReaders
from fig_assets.workflow.run import run_op
from fig_assets.workflow.steps.raw import Landed, land
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


def test_one_field_is_made_from_its_own_path_and_the_raw_file_is_not_read_again(
    tmp_path: Path,
) -> None:
    fields = {"shop": "shop", "buyer": "buyer::bigint", "names": "tags[*]:name"}
    project = write_project(
        tmp_path, {"events/order.json": {**EVENT, "fields": fields}}, start=str(DAY)
    )
    orders = [
        {"kind": "order", "at": f"{DAY}T10:00:00Z", "id": str(n), "shop": f"s{n}", "buyer": n}
        for n in range(5)
    ]
    tags = [[{"name": "a"}, {"name": 1}], '[{"name": "a"}]', {"name": "a"}, [], None]
    project.write(DAY, [{**order, "tags": tag} for order, tag in zip(orders, tags, strict=True)])
    project.run([DAY], project.ops("raw"))
    (tmp_path / "raw" / f"{DAY}.jsonl").unlink()
    (op,) = project.ops("event")

    def stored(*names: str) -> list[dict[str, object]]:
        keys = [key for key in op.keys if key[-1].partition("__")[0] in names]
        run_op(project.workspace, op, [DAY], keys)
        rows = project.rows("events/order", DAY)
        return [{name: value for name, value in row.items() if "__v" in name} for row in rows]

    assert stored("buyer") == [{"buyer__v1": n} for n in range(5)]
    both = stored("names")
    assert [row["buyer__v1"] for row in both] == [0, 1, 2, 3, 4]
    assert [row["names__v1"] for row in both] == ['["a",1]', None, None, "[]", None]
    assert "shop__v1" not in both[0]
    project.workspace.close()
