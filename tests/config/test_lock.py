import json
from pathlib import Path

import pytest

from fig_assets.config.lock import FILE, Lock, Locked, read_lock, write_lock

ONE = "features/asn/daily/failures__v1"
TWO = "features/asn/daily/logins__v1"
MEANS = "0123456789abcdef"


def a_lock(folder: Path) -> Lock:
    return Lock(
        folder / FILE,
        f"{folder.name}/{FILE}",
        rule=1,
        next_id=8,
        attributes={
            TWO: Locked(id=3, means=MEANS),
            ONE: Locked(id=7, means=MEANS, removed=True),
        },
        references={"asn.rate@1": {"asn.logins": 1, "asn.failures": 2}},
    )


def written(folder: Path, text: str) -> list[str]:
    """Write a lock and give its problems as texts."""
    configs = folder / "configs"
    configs.mkdir(exist_ok=True)
    (configs / FILE).write_text(text, encoding="utf-8")
    lock, problems = read_lock(configs)
    assert (lock is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_it_is_written_one_attribute_a_line_in_the_order_of_keys(tmp_path: Path) -> None:
    write_lock(a_lock(tmp_path))

    assert (tmp_path / FILE).read_text(encoding="utf-8") == (
        "{\n"
        '  "format": 1,\n'
        '  "rule": 1,\n'
        '  "next_id": 8,\n'
        '  "attributes": {\n'
        f'    "{ONE}": {{"id": 7, "means": "{MEANS}", "removed": true}},\n'
        f'    "{TWO}": {{"id": 3, "means": "{MEANS}"}}\n'
        "  },\n"
        '  "references": {\n'
        '    "asn.rate@1": {"asn.failures": 2, "asn.logins": 1}\n'
        "  }\n"
        "}\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_lock(a_lock(tmp_path))

    lock, problems = read_lock(tmp_path)

    assert problems == ()
    assert lock is not None
    assert lock.text() == a_lock(tmp_path).text()
    assert lock.number(("features", "asn", "daily", "logins__v1")) == 3
    assert lock.where(TWO).line == 7


def test_no_file_is_no_lock_and_no_problem(tmp_path: Path) -> None:
    assert read_lock(tmp_path) == (None, ())


RESTORE = "  fix: git checkout -- configs/attributes.lock.json, then: fig lock"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            '"next_id": 8,',
            '"next_id": 8',
            "configs/attributes.lock.json:4:15\n  a comma or } is missing here\n"
            f'    "next_id": 8\n                ^\n{RESTORE}',
            id="no JSON",
        ),
        pytest.param(
            '"id": 3',
            '"id": 7',
            f"configs/attributes.lock.json:7:38: /attributes/{TWO.replace('/', '~1')}\n"
            f"  {TWO} has the id 7 of {ONE}\n  fix: fig lock --merge",
            id="one id twice",
        ),
        pytest.param(
            '"id": 3, ',
            "",
            f"configs/attributes.lock.json:7:38: /attributes/{TWO.replace('/', '~1')}\n"
            f'  "id" is missing\n{RESTORE}',
            id="no id",
        ),
        pytest.param(
            '"id": 3',
            '"id": 8',
            f"configs/attributes.lock.json:7:38: /attributes/{TWO.replace('/', '~1')}\n"
            f"  {TWO} has the id 8, and next_id is 8\n  fix: fig lock --merge",
            id="an id that is still to come",
        ),
        pytest.param(
            '"id": 3',
            '"id": 0',
            f"configs/attributes.lock.json:7:45: /attributes/{TWO.replace('/', '~1')}/id\n"
            f"  must be 1 or more, not 0\n{RESTORE}",
            id="an id below one",
        ),
        pytest.param(
            f'3, "means": "{MEANS}"',
            '3, "means": "0123"',
            f"configs/attributes.lock.json:7:57: /attributes/{TWO.replace('/', '~1')}/means\n"
            f"  a fingerprint has 16 characters of 0-9 and a-f, not '0123'\n{RESTORE}",
            id="no fingerprint",
        ),
        pytest.param(
            '"format": 1',
            '"format": 2',
            "configs/attributes.lock.json:2:13: /format\n"
            "  the lock has format 2, and this program knows format 1\n"
            "  fix: install a newer fig-assets",
            id="a newer format",
        ),
        pytest.param(
            '"format": 1',
            '"format": "new"',
            "configs/attributes.lock.json:2:13: /format\n"
            f"  must be a whole number, not 'new'\n{RESTORE}",
            id="an unknown format",
        ),
        pytest.param(
            '  "format": 1,\n',
            "",
            f'configs/attributes.lock.json:1:1\n  "format" is missing\n{RESTORE}',
            id="no format",
        ),
        pytest.param(
            '  "next_id"',
            '<<<<<<< HEAD\n  "next_id"',
            "configs/attributes.lock.json:4:1\n  git left a conflict here\n  fix: fig lock --merge",
            id="a conflict of git",
        ),
        pytest.param(
            f'"{TWO}"',
            '"logins"',
            "configs/attributes.lock.json:7:5: /attributes/logins\n"
            f"  'logins' is not the key of an attribute version\n{RESTORE}",
            id="no key",
        ),
        pytest.param(
            f'"{TWO}"',
            f'"{ONE}"',
            f"configs/attributes.lock.json:7:5: /attributes/{ONE.replace('/', '~1')}\n"
            f'  the key "{ONE}" stands twice; first on line 6\n'
            f'    "{ONE[:25]}\n    ^\n{RESTORE}',
            id="one key twice",
        ),
        pytest.param(
            '"removed"',
            '"remove"',
            f"configs/attributes.lock.json:6:79: /attributes/{ONE.replace('/', '~1')}/remove\n"
            f"  unknown key 'remove'\n{RESTORE}",
            id="an unknown key",
        ),
    ],
)
def test_an_edit_by_hand_is_told_with_its_line_and_mend(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    text = a_lock(tmp_path).text()
    assert text.count(old) == 1

    (problem,) = written(tmp_path, text.replace(old, new))

    assert problem == said


@pytest.mark.parametrize("text", ["", "[]", "null", '"x"', "{}", "\ufeff"], ids=repr)
def test_a_file_of_another_shape_is_told(tmp_path: Path, text: str) -> None:
    assert all(RESTORE in problem for problem in written(tmp_path, text))


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe{")

    lock, (problem,) = read_lock(tmp_path)

    assert lock is None
    assert problem.message == "the file is not UTF-8 text"


def test_a_lock_of_many_attributes_is_read(tmp_path: Path) -> None:
    lines = {f"features/f/daily/a{n}__v1": Locked(id=n, means=MEANS) for n in range(1, 3001)}
    write_lock(Lock(tmp_path / FILE, FILE, 1, 3001, lines))

    lock, _ = read_lock(tmp_path)

    assert lock is not None
    assert len(lock.attributes) == len(json.loads(lock.text())["attributes"]) == 3000
