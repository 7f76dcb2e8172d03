"""Raw tables: columns by name, every value of its declared type or NULL and counted."""

import gzip
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fig_assets.engines.raw.files import RawFileError
from fig_assets.engines.raw.tables import read_table, unreadable


def utc(year: int, month: int, day: int, *clock: int) -> datetime:
    """A moment in UTC without its zone, as tables hold it."""
    hour, minute, second, microsecond = (*clock, 0, 0, 0, 0)[:4]
    moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=UTC)
    return moment.replace(tzinfo=None)


TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us"),
    "date": pa.date32(),
}


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode())
    return path


def test_columns_are_found_by_name_in_the_order_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "as.csv", '\ufeffasn,name,extra\r\n1,Oslo,x\r\n2,"Rome, \nIT",y\r\n')

    table = read_table(path, "csv", {"name": pa.string(), "asn": pa.int64()})

    assert table.to_pydict() == {"name": ["Oslo", "Rome, \nIT"], "asn": [1, 2]}
    assert unreadable(table) == {"name": 0, "asn": 0}


VALUES = [
    ("bigint", "42", 42),
    ("bigint", "-007.00", -7),
    ("bigint", "9223372036854775807", 2**63 - 1),
    ("bigint", "9223372036854775808", None),
    ("bigint", "2.7", None),
    ("bigint", "1e3", None),
    ("bigint", "9" * 5000, None),
    ("bigint", "\u0664\u0662", None),
    ("float", "-1.5e3", -1500.0),
    ("float", ".5", 0.5),
    ("float", "nan", None),
    ("float", "1e400", None),
    ("float", "1_000", None),
    ("boolean", "TRUE", True),
    ("boolean", "yes", None),
    ("timestamp", "2024-02-29", utc(2024, 2, 29)),
    ("timestamp", "2024-01-01T10:00:00.123456789Z", utc(2024, 1, 1, 10, 0, 0, 123456)),
    ("timestamp", "2024-01-01 00:30:00+01:00", utc(2023, 12, 31, 23, 30)),
    ("timestamp", "2024-01-01T10:00:00-0530", utc(2024, 1, 1, 15, 30)),
    ("timestamp", "2024-01-01T10:00:00+02", utc(2024, 1, 1, 8)),
    ("timestamp", "2024-01-01T23:59:60Z", None),
    ("timestamp", "2024-02-30", None),
    ("timestamp", "0001-01-01T00:00:00+01:00", None),
    ("timestamp", "now", None),
    ("date", "2024-01-01", date(2024, 1, 1)),
    ("date", "2024-01-01T23:00:00-05:00", date(2024, 1, 2)),
    ("date", "01/02/2024", None),
    ("string", "NA", "NA"),
]


@pytest.mark.parametrize(("kind", "text", "expected"), VALUES)
def test_a_value_is_of_its_type_or_null_and_counted(
    tmp_path: Path, kind: str, text: str, expected: object
) -> None:
    path = write(tmp_path / "t.csv", f"key,value\n1,{text}\n2,\n")

    table = read_table(path, "csv", {"value": TYPES[kind]})

    assert table.column("value").type == TYPES[kind]
    assert table.column("value").to_pylist() == [expected, None]
    assert unreadable(table) == {"value": int(expected is None)}


def test_an_empty_field_is_null_and_quotes_make_an_empty_string(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", 'a,b\n,""\n')

    table = read_table(path, "csv", {"a": pa.string(), "b": pa.string()})

    assert table.to_pylist() == [{"a": None, "b": ""}]


def test_a_header_alone_is_a_table_without_rows(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "t.csv", "a,b"), "csv", {"b": pa.int64()})

    assert (table.num_rows, table.schema.names) == (0, ["b"])


def test_a_compressed_table_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n"))
    assert read_table(path, "csv", {"a": pa.int64()}).to_pydict() == {"a": [1]}

    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(RawFileError, match="cut gzip"):
        read_table(path, "csv", {"a": pa.int64()})


REFUSED = {
    "an empty file": ("", "is empty"),
    "a missing column": (
        "a;value\n1;2\n",
        "has no column 'value'\n  fix: its columns are: a;value",
    ),
    "a column twice": ("value,value\n1,2\n", "has the column 'value' twice"),
    "a row too long": ("a,value\n1,2\n1,2,3\n", "is not CSV: "),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_table_that_cannot_be_read_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "t.csv", text)

    with pytest.raises(RawFileError) as refused:
        read_table(path, "csv", {"value": pa.string()})

    assert str(refused.value).startswith(f"{path}: {message}")


def test_parquet_columns_are_read_whatever_their_width(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    moment = utc(2024, 1, 1, 12)
    stored = {
        "small": pa.array([1, None], pa.int16()),
        "price": pa.array([Decimal("2.50"), Decimal("3.00")]),
        "zoned": pa.array([moment, moment], pa.timestamp("ns", tz="America/New_York")),
        "word": pa.array(["7", "x"]).dictionary_encode(),
    }
    pq.write_table(pa.table(stored), path)

    table = read_table(
        path,
        "parquet",
        {
            "word": pa.int64(),
            "small": pa.int64(),
            "price": pa.float64(),
            "zoned": pa.timestamp("us"),
        },
    )

    assert table.to_pydict() == {
        "word": [7, None],
        "small": [1, None],
        "price": [2.5, 3.0],
        "zoned": [moment, moment],
    }
    assert unreadable(table) == {"word": 1, "small": 0, "price": 0, "zoned": 0}


def test_a_damaged_or_missing_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    path.write_bytes(path.read_bytes()[:-5])

    with pytest.raises(RawFileError, match="is not Parquet"):
        read_table(path, "parquet", {"a": pa.int64()})
    with pytest.raises(RawFileError, match="no such file"):
        read_table(tmp_path / "none.parquet", "parquet", {"a": pa.int64()})


def test_columns_of_lists_are_refused_by_name(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [[1]]}), tmp_path / "t.parquet")

    with pytest.raises(RawFileError, match="column 'a' is list<"):
        read_table(tmp_path / "t.parquet", "parquet", {"a": pa.string()})
