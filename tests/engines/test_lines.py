"""What `read_lines` promises: every line is an object, a `BadLine` or blank, and never guessed."""

import gzip
import json
import math
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import duckdb
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.engines.raw.lines import SCHEMA, BadLine, RawFileError, read_lines

Compress = Callable[[bytes], bytes]

OKTA = Path(__file__).parents[1] / "data" / "okta" / "okta_events_apache2.jsonl"
EVENTS = b"".join(b'{"id":%d,"name":"caf\xc3\xa9 %d"}\n' % (n, n * n) for n in range(200))
LAST = '{"id":-1.5e3,"s":"a\\"é\\ud83d\\ude00\\n","l":[true,false,null,{"k":{}}],"z":0}'.encode()


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw") / "events.jsonl"


def read(
    path: Path, content: bytes, **limits: int
) -> tuple[list[tuple[int, str]], list[BadLine], int]:
    path.write_bytes(content)
    return told(path, **limits)


def told(path: Path, **limits: int) -> tuple[list[tuple[int, str]], list[BadLine], int]:
    good: list[tuple[int, str]] = []
    bad: list[BadLine] = []
    blank = 0
    for lines in read_lines(path, **limits):
        assert lines.batch.schema == SCHEMA
        lines.batch.validate(full=True)
        numbers, payloads = (lines.batch.column(name).to_pylist() for name in SCHEMA.names)
        good += zip(numbers, payloads, strict=True)
        bad += lines.bad
        blank += lines.blank
    return good, bad, blank


REFUSED = {
    "A1 malformed": (
        b'{"id":oops}',
        "invalid JSON",
        "unexpected character, expected a JSON value at byte 7",
    ),
    "A9 bytes that are not UTF-8": (b'{"id":"\xff\xfe"}', "invalid UTF-8", "byte 8"),
    "A9 an overlong character": (b'{"id":"\xc0\x80"}', "invalid UTF-8", "byte 8"),
    "A9 an encoded surrogate": (b'{"id":"\xed\xa0\x80"}', "invalid UTF-8", "byte 8"),
    "A9 a cut character": (b'{"id":"\xc3', "invalid JSON", "unfinished character at byte 8"),
    "A10 a high surrogate alone": (
        b'{"a":"\\ud800"}',
        "lone surrogate",
        "no low surrogate in string at byte 7",
    ),
    "A10 a low surrogate alone": (
        b'{"a":"\\udc00"}',
        "lone surrogate",
        "invalid high surrogate in string at byte 7",
    ),
    "A11 a raw NUL in a string": (b'{"a":"x\x00y"}', "control character", "0x00 at byte 8"),
    "A11 a raw NUL outside": (b'\x00{"a":1}', "control character", "0x00 at byte 1"),
    "A29 a raw escape": (b'{"a":"\x1b[2J"}', "control character", "0x1b at byte 7"),
    "A12 a number": (b"42", "expected object", "found number"),
    "A12 an array": (b'[{"id":1}]', "expected object", "found array"),
    "A12 a string": (b'"x"', "expected object", "found string"),
    "A12 null": (b"null", "expected object", "found null"),
    "A12 a boolean": (b"true", "expected object", "found boolean"),
    "A13 a key twice": (b'{"id":2,"id":3}', "ambiguous", "key 'id' twice"),
    "A13 a key twice, below": (b'{"a":[{"b":{"c":1,"c":1}}]}', "ambiguous", "key 'c' twice"),
    "A13 a key twice, once escaped": (b'{"id":2,"\\u0069d":3}', "ambiguous", "key 'id' twice"),
    "A13 a key twice, quotes made up for": (
        b'{"a":1,"a":"\\u0022\\u0022"}',
        "ambiguous",
        "key 'a' twice",
    ),
    "A13 a key with quotes twice": (b'{"\\"":1, "\\u0022":1}', "ambiguous", "key '\"' twice"),
    "A13 a hostile key twice": (b'{"\\u001b":1,"\\u001b":2}', "ambiguous", "key '\\x1b' twice"),
    "A16 5,000 digits": (
        b'{"a":' + b"9" * 5000 + b"}",
        "invalid JSON",
        "number is infinity when parsed as double at byte 6",
    ),
    "A17 NaN": (b'{"a":NaN}', "invalid JSON", "NaN is not JSON at byte 6"),
    "A17 Infinity": (b'{"a":Infinity}', "invalid JSON", "Infinity is not JSON at byte 6"),
    "A17 -Infinity": (b'{"a": -Infinity}', "invalid JSON", "-Infinity is not JSON at byte 8"),
    "A17 1e400": (
        b'{"a":1e400}',
        "invalid JSON",
        "number is infinity when parsed as double at byte 6",
    ),
    "A25 nested 100,000 deep": (b"[" * 100_000, "too deep", "nested deeper than 1,000"),
    "A25 nested 1,001 deep": (
        b'{"a":' * 1001 + b"1" + b"}" * 1001,
        "too deep",
        "nested deeper than 1,000",
    ),
    "a trailing comma": (b'{"a":1,}', "invalid JSON", "trailing comma is not allowed at byte 7"),
    "two objects": (
        b'{"a":1}{"b":2}',
        "invalid JSON",
        "unexpected content after document at byte 8",
    ),
    "a byte order mark inside": (
        b'\xef\xbb\xbf{"a":1}',
        "invalid JSON",
        "UTF-8 byte order mark (BOM) is not supported at byte 1",
    ),
    "a place after a wide character": (
        '{"é":1,"b":x}'.encode(),
        "invalid JSON",
        "unexpected character, expected a JSON value at byte 13",
    ),
}


@pytest.mark.parametrize(("line", "reason", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_line_is_told_with_its_number_and_the_others_load(
    sink: Path, line: bytes, reason: str, detail: str
) -> None:
    good, bad, blank = read(sink, b'{"id":1}\n' + line + b'\n{"id":3}\n')

    assert good == [(1, '{"id":1}'), (3, '{"id":3}')]
    assert [(fault.line, fault.reason, fault.detail) for fault in bad] == [(2, reason, detail)]
    assert blank == 0


ACCEPTED = {
    "A11 an escaped NUL": b'{"a":"\\u0000"}',
    "A13 the same key in two objects": b'{"a":{"id":1},"b":[{"id":2},{"id":2}]}',
    "A13 keys of different case": b'{"Id":1,"id":2}',
    "A13 a value that looks like keys": b'{"a":"{\\"a\\":1,\\u0022a\\u0022:2}", "b":1}',
    "A13 a key as a value": b'{"a" : "a", "b":["a","a"]}',
    "A16 thirty digits": b'{"a":' + b"9" * 30 + b"}",
    "A19 empty, null and missing": b'{"a":"","b":null}',
    "A25 nested 1,000 deep": b'{"a":' * 1000 + b"1" + b"}" * 1000,
    "A29 markup and escaped control characters": b'{"a":"<img onerror=x>\\u001b[2J\xe2\x80\xae"}',
    "an empty object": b"{}",
    "spaces inside and before": b' { "a" : 1.50, "b": "\\/" }',
    "a surrogate pair": b'{"a":"\\ud83d\\ude00"}',
    "an escaped word NaN": b'{"a":"NaN, }"}',
}


@pytest.mark.parametrize("line", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_good_line_stays_as_it_was_written(sink: Path, line: bytes) -> None:
    good, bad, _ = read(sink, line + b"\n")

    assert (good, bad) == ([(1, line.decode())], [])


def test_line_ends_blank_lines_and_a_missing_last_end_are_counted(sink: Path) -> None:
    good, bad, blank = read(sink, b'\r\n{"a":1}\r\n\n \t\n{"a":2} \r\n{"a":3}')

    assert good == [(2, '{"a":1}'), (5, '{"a":2}'), (6, '{"a":3}')]
    assert (bad, blank) == ([], 3)


def test_a_byte_order_mark_at_the_start_of_the_file_is_no_fault(sink: Path) -> None:
    assert read(sink, b'\xef\xbb\xbf{"a":1}\n{"a":2}')[0] == [(1, '{"a":1}'), (2, '{"a":2}')]


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf"], ids=["nothing", "an end", "BOM"])
def test_a_file_without_lines_is_empty(sink: Path, content: bytes) -> None:
    good, bad, blank = read(sink, content)

    assert (good, bad, blank) == ([], [], content.count(b"\n"))


@pytest.mark.parametrize("cut", range(1, len(LAST)))
def test_a_last_line_cut_anywhere_is_told_as_truncated(sink: Path, cut: int) -> None:
    good, bad, _ = read(sink, b'{"id":1}\n' + LAST[:cut])

    assert good == [(1, '{"id":1}')]
    assert [(fault.line, fault.reason) for fault in bad] == [(2, "truncated")]


def test_a_whole_last_line_needs_no_line_end(sink: Path) -> None:
    assert read(sink, b'{"id":1}\n' + LAST)[0] == [(1, '{"id":1}'), (2, LAST.decode())]


@pytest.mark.parametrize("block_bytes", [1, 2, 7, 64, 1 << 20])
def test_the_size_of_blocks_changes_nothing(sink: Path, block_bytes: int) -> None:
    content = b'\xef\xbb\xbf{"a":1}\r\n\nbad\n' + EVENTS + b'{"z":"' + b"y" * 300 + b'"}\n{"b"'
    whole = read(sink, content, max_line_bytes=200)

    assert read(sink, content, max_line_bytes=200, block_bytes=block_bytes) == whole
    assert [(fault.line, fault.reason) for fault in whole[1]] == [
        (3, "invalid JSON"),
        (204, "too long"),
        (205, "truncated"),
    ]


@pytest.mark.parametrize("block_bytes", [5, 1 << 20], ids=["small blocks", "one block"])
def test_a_line_at_the_limit_is_read_and_one_byte_more_is_not(sink: Path, block_bytes: int) -> None:
    at_limit = b'{"a":"' + b"x" * 92 + b'"}'
    content = at_limit + b"\n" + at_limit + b"\n" + at_limit.replace(b"a", b"aa") + b"\n{}"

    good, bad, _ = read(sink, content, max_line_bytes=100, block_bytes=block_bytes)

    assert [number for number, _ in good] == [1, 2, 4]
    assert [(fault.line, fault.detail) for fault in bad] == [(3, "101 bytes; the limit is 100")]


def test_a_huge_line_is_skipped_without_being_held(tmp_path: Path) -> None:
    path = tmp_path / "huge.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"id":1}\n{"x":"')
        for _ in range(64):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n{"id":3}\n')

    tracemalloc.start()
    good, bad, _ = told(path, block_bytes=1 << 20, max_line_bytes=1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [number for number, _ in good] == [1, 3]
    assert [(fault.line, fault.reason) for fault in bad] == [(2, "too long")]
    assert bad[0].detail == "67,108,872 bytes; the limit is 1,048,576"
    assert peak < 16 << 20


def test_a_five_megabyte_string_and_100_000_keys_are_read(sink: Path) -> None:
    keys = json.dumps({f"key{n}": n for n in range(100_000)})

    good, bad, _ = read(sink, b'{"a":"' + b"x" * 5_000_000 + b'"}\n' + keys.encode())

    assert ([number for number, _ in good], bad) == ([1, 2], [])


def test_the_text_of_a_bad_line_is_short_and_harmless(sink: Path) -> None:
    text = "\x1b[2J\u202e<b>\x00\xff caf\u00e9".encode() + b"\xff" + b"x" * 500

    _, [bad], _ = read(sink, text + b"\n")

    assert bad.text.startswith(r"\x1b[2J\u202e<b>\x00\xff café\xff".replace(r"\xff c", "ÿ c"))
    assert len(bad.text) == 200
    assert bad.text.isprintable()


@given(raw=st.lists(st.binary(max_size=40), max_size=8), ended=st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_every_line_is_accounted_for_once(sink: Path, raw: list[bytes], *, ended: bool) -> None:
    # The first line keeps the file from starting as a compressed one does.
    content = b"\n".join([b"{}", *raw]) + (b"\n" if ended else b"")

    good, bad, blank = read(sink, content, block_bytes=16, max_line_bytes=30)

    assert len(good) + len(bad) + blank == len(content.removesuffix(b"\n").split(b"\n"))


def _json() -> st.SearchStrategy[object]:
    texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
    leaves = leaves.filter(lambda value: value not in (float("inf"), float("-inf")))
    return st.dictionaries(
        texts,
        st.recursive(
            leaves,
            lambda below: st.lists(below, max_size=3) | st.dictionaries(texts, below, max_size=3),
            max_leaves=8,
        ),
        max_size=4,
    )


@given(value=_json(), ascii_only=st.booleans(), spaced=st.booleans())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_any_object_another_program_writes_is_accepted(
    sink: Path, value: object, *, ascii_only: bool, spaced: bool
) -> None:
    separators = (", ", ": ") if spaced else (",", ":")
    line = json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    good, bad, _ = read(sink, line.encode() + b"\n")

    assert (good, bad) == ([(1, line)], [])


TOKENS = [
    *'{}[],:" \t',
    '"a"',
    '"b"',
    '"\\u0022"',
    "1",
    "-",
    "1e5",
    "NaN",
    "true",
    "null",
    "\\",
    "é",
]


@given(tokens=st.lists(st.sampled_from(TOKENS), max_size=12))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_line_is_accepted_exactly_when_strict_json_with_unique_keys_is(
    sink: Path, tokens: list[str]
) -> None:
    line = '{"k":' + "".join(tokens) + "}"

    good, _, _ = read(sink, line.encode() + b"\n")

    assert bool(good) == _is_strict_object(line)


def _is_strict_object(line: str) -> bool:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError(pairs)
        return dict(pairs)

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    def finite(text: str) -> float:
        return float(text) if math.isfinite(float(text)) else refuse(text)

    try:
        json.loads(line, object_pairs_hook=unique, parse_constant=refuse, parse_float=finite)
    except ValueError:
        return False
    return True


def test_what_is_accepted_is_an_object_to_duckdb(sink: Path) -> None:
    good, _, _ = read(sink, b"\n".join(ACCEPTED.values()) + b"\n" + OKTA.read_bytes())
    payloads = pa.table({"payload": pa.array([payload for _, payload in good])})

    with duckdb.connect() as connection:
        connection.register("lines", payloads)
        kinds = connection.execute(
            "SELECT DISTINCT json_valid(payload) AND json_type(payload) = 'OBJECT' FROM lines"
        ).fetchall()

    assert kinds == [(True,)]


def test_real_sign_in_events_are_all_read() -> None:
    good, bad, blank = told(OKTA)

    assert [number for number, _ in good] == list(range(1, 95))
    assert (bad, blank) == ([], 0)
    assert [payload for _, payload in good] == OKTA.read_text(encoding="utf-8").splitlines()


def _zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def _gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


COMPRESSORS = pytest.mark.parametrize(
    ("name", "compress"), [("events.gz", _gzip), ("events.zst", _zstd)], ids=["gzip", "zstd"]
)


@COMPRESSORS
def test_no_flipped_bit_passes_in_silence(tmp_path: Path, name: str, compress: Compress) -> None:
    content = compress(EVENTS)
    expected = read(tmp_path / name, content)
    chance = random.Random(7)
    refused = 0

    for _ in range(300):
        flipped = bytearray(content)
        flipped[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        (tmp_path / name).write_bytes(flipped)
        try:
            # Bits that mean nothing, as those of a time stamp, may flip.
            assert told(tmp_path / name) == expected
        except RawFileError:
            refused += 1

    assert refused > 280
