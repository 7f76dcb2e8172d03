from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.compare import DifferentRows, require_same


def written(path: Path, **columns: list[object]) -> dict[str, Path]:
    pq.write_table(pa.table(columns), path)
    return {"day": path}


def test_rows_in_another_order_with_versioned_names_and_tiny_differences_are_the_same(
    tmp_path: Path,
) -> None:
    found = written(tmp_path / "a", k=[1, 2, 3], x__v1=[1.0, None, 3.0], more=[1, 2, 3])
    right = written(tmp_path / "b", k=[3, 1, 2], x=[3.0 + 1e-10, 1.0, None])

    assert require_same(found, right, ["k"], "ours") == 3


@pytest.mark.parametrize(
    ("k", "x", "words"),
    [
        ([1, 2], [1.0, 2.0], "2 rows instead of 3"),
        ([1, 2, 3], [1.0, 2.0, 3.0], "1 of 3 rows differ"),
        ([1, 2, 3], [1.0 + 1e-6, None, 3.0], "row 0"),
        ([1, 2, 4], [1.0, None, 3.0], "k: 1 of 3"),
    ],
    ids=["a row less", "a value for NULL", "a float further off", "another key"],
)
def test_a_difference_is_named(
    tmp_path: Path, k: list[object], x: list[object], words: str
) -> None:
    found = written(tmp_path / "a", k=k, x__v1=x)
    right = written(tmp_path / "b", k=[1, 2, 3], x=[1.0, None, 3.0])

    with pytest.raises(DifferentRows, match=words):
        require_same(found, right, ["k"], "ours")


def test_a_day_that_was_not_made_is_a_difference(tmp_path: Path) -> None:
    right = written(tmp_path / "b", k=[1])

    with pytest.raises(DifferentRows, match="day"):
        require_same({}, right, ["k"], "ours")
