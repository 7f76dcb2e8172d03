from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from fig_assets.engines.base import Column, Target
from fig_assets.engines.lake.lake import Lake


def test_a_scoped_write_leaves_the_record_of_the_keys_to_who_makes_the_rows(
    tmp_path: Path,
) -> None:
    lake, day = Lake(tmp_path), date(2024, 3, 14)
    made = Target("rows", ("k",), (Column("k", pa.string(), "made"), Column("a", pa.int64(), "a")))
    found = replace(
        made, columns=(Column("k", pa.string(), "found"), Column("b", pa.int64(), "b")), whole=False
    )
    for target, name in ((made, "a"), (found, "b")):
        rows = pa.table({"k": ["x"], name: pa.array([1])})
        lake.publish(target, day, rows, inputs={}, base=lake.generations(target, day))
    stored = lake.partition("rows", day)
    assert stored is not None
    assert stored.columns["k"].fingerprint == "made"
