from pathlib import Path

import pytest

from fig_assets.config.locate import read_file, read_json, read_yaml
from fig_assets.errors import Where

WRITTEN = """{
  "features": {
    "count": "@COUNT(*)",
    "a/b~c": 1,
    "rate": {"default_version": 2, "versions": {
      "1": {"function": "1"},
      "2": "$count"}}
  }
}
"""


@pytest.mark.parametrize(
    ("path", "line", "column", "pointer"),
    [
        ((), 1, 1, ""),
        (("features", "count"), 3, 14, "/features/count"),
        (("features", "count", "function"), 3, 14, "/features/count"),
        (("features", "count", "versions", 1, "function"), 3, 14, "/features/count"),
        (("features", "a/b~c"), 4, 14, "/features/a~1b~0c"),
        (("features", "rate", "versions", 2), 7, 12, "/features/rate/versions/2"),
        (("features", "rate", "all", 1, "function"), 6, 25, "/features/rate/versions/1/function"),
        (("features", "rate", "versions", 3), 5, 48, "/features/rate/versions"),
        (("features", "absent", "x"), 2, 15, "/features"),
    ],
)
def test_a_value_is_found_at_its_place_or_at_its_nearest_written_parent(
    path: tuple[str | int, ...], line: int, column: int, pointer: str
) -> None:
    document = read_json(WRITTEN, "configs/features/asn.json")

    assert document.where(*path) == Where("configs/features/asn.json", line, column, pointer)


def test_the_key_of_a_value_is_found_too() -> None:
    document = read_json(WRITTEN, "f.json")

    assert document.where("features", "count", key=True) == Where("f.json", 3, 5, "/features/count")
    assert document.where(key=True) == Where("f.json", 1, 1)


def test_yaml_has_the_same_places() -> None:
    document = read_yaml("features:\n  count: '@COUNT(*)'\n", "f.yaml")

    assert str(document.where("features", "count")) == "f.yaml:2:10: /features/count"


def test_a_problem_shows_its_line_with_a_caret() -> None:
    document = read_json('{\n  "name": "asn",\n  "period": ["daily",],\n}', "f.json")

    assert [str(problem) for problem in document.problems] == [
        "f.json:3:21: /period\n"
        "  a comma before the closing ]\n"
        '    "period": ["daily",],\n'
        "                      ^\n"
        "  fix: remove the comma"
    ]


def test_of_a_long_line_only_what_is_near_is_shown() -> None:
    document = read_json('{"a": "' + "x" * 500 + '", b}', "f.json")

    [problem] = document.problems
    text, caret = problem.excerpt.split("\n")
    assert text[len(caret) - 1 :] == "b}"
    assert len(text) <= 80


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"a": 1}\n \xff', "f.json:2:2\n  the file is not UTF-8 text\n  fix: save it as UTF-8"),
        (b"\xff\xfe{\0", "f.json:1:1\n  the file is not UTF-8 text\n  fix: save it as UTF-8"),
        (b" " * (5 * 1024 * 1024 + 1),
         "f.json\n  the file is larger than 5 MiB\n  fix: split it into several files"),
        (b"", "f.json:1:1\n  the file is empty"),
    ],
    ids=["not UTF-8", "UTF-16", "too large", "empty"],
)  # fmt: skip
def test_a_file_that_is_no_text_is_a_problem(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "f.json").write_bytes(content)

    document = read_file(tmp_path / "f.json", "f.json")

    assert not document.is_complete
    assert [str(problem) for problem in document.problems] == [said]


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    document = read_file(tmp_path / "f.json", "f.json")

    assert [str(problem) for problem in document.problems] == [
        "f.json\n  the file cannot be read: No such file or directory"
    ]


@pytest.mark.parametrize("name", ["f.json", "f.yaml"])
def test_a_byte_order_mark_moves_no_column(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b'\xef\xbb\xbf{"a": 1}\r\n')

    document = read_file(tmp_path / name, name)

    assert document.value == {"a": 1}
    assert document.where("a") == Where(name, 1, 7, "/a")
