"""Features in Python: what they give, and what happens to a day on which they fail."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from random import Random

import pytest

from fig_assets.workflow.run import run_op
from fig_assets.workflow.steps.compute import attributes_of, writes
from fig_assets.workflow.steps.python import PythonFailed
from tests.workflow.projects import Json, Project, days_from, write_project
from tests.workflow.test_oracle import assert_equal_to_oracle

DAYS = days_from("2024-03-01", 5)
NAMES = '''"""Likeness of names."""
import pandas as pd
import pyarrow as pa
from parts.text import letters, shared_of_row as shared_letters


def shared(table: pa.Table) -> list:
    """How many letters two names share."""
    return [shared_letters(*row.values()) for row in table.to_pylist()]


shared_of_row = shared_letters


def half(frame: pd.DataFrame) -> pd.Series:
    return frame.iloc[:, 0] / 2


def half_of_row(n):
    return None if n is None else n / 2


def shout(table):
    print("to the error stream")
    texts = table.column("name").to_pylist()
    return pa.chunked_array([[None if t is None else t.upper() + "!" for t in texts]])


def shout_of_row(name):
    return None if name is None else name.upper() + "!"


def ratio(frame: "pd.DataFrame"):
    above, below = (frame[name].astype("float64[pyarrow]") for name in frame.columns)
    return (above / below.where(below != 0)).to_numpy(dtype=float, na_value=float("nan"))


def ratio_of_row(above, below):
    return None if above is None or not below else above / below
'''
TEXT = """def letters(text):
    return set() if text is None else set(text.lower())


def shared_of_row(one, other):
    return None if None in (one, other) else len(letters(one) & letters(other))
"""
CODE = {"names.py": NAMES, "parts/text.py": TEXT}


def python(function: str, *inputs: str, kind: str = "float", **more: object) -> Json:
    return {"python": f"names:{function}", "inputs": list(inputs), "type": kind, **more}


LOGIN = {
    "name": "login",
    "event_name": "login",
    "fields": {"asn": "asn::bigint", "name": "name", "vip": "vip", "seconds": "seconds::float"},
}
ASN = {
    "name": "asn",
    "granularity": "asn",
    "period": ["daily", "3d_by_day"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "asn",
            "features": {
                "logins": "@COUNT(*)",
                "newest": "@LAST($name)",
                "half": python("half", "$logins"),
                "each": "@SUM($seconds) / $half",
                "sum": "$each + $half",
                "again": {
                    "default_version": 2,
                    "versions": {"1": python("half", "$sum"), "2": python("half", "$again@1")},
                },
                "late": "@MAX($seconds) - $again@1",
                "loud": python("shout", "$name", kind="string"),
                "name": "$newest || ''",
            },
        }
    ],
}
REQUEST = {
    "name": "request",
    "granularity": "request_id",
    "groups": [
        {
            "source": "login",
            "granularity_field": "event_id",
            "features": {
                "alike": python("shared", "$name", "$vip", kind="bigint"),
                "asn": "$asn",
                "at": python("half", "$seconds", kind="string"),
                "shown": "@CONCAT('<', $loud_name, '>')",
                "loud_name": python("shout", "$name", kind="string", checks="unique"),
            },
        },
        {
            "source": "asn",
            "granularity_match": {"field": "asn", "period": "3d_by_day"},
            "features": ["late", "again@1", "again@2", "loud"],
        },
        {
            "features": {
                "share": python("ratio", "$alike", "$asn_3d_again@2"),
                "is_odd": "$share > 1 OR $asn_3d_late < 0",
                "deep": python("ratio", "$share", "$odd_number"),
                "odd_number": "$is_odd::bigint + 1",
                "deeper": "$deep * 2",
            }
        },
    ],
}
LABELS = {
    "name": "verdicts",
    "family": "request",
    "classes": ["good", "bad"],
    "weak_labels": {"odd": {"when": "$deeper > 1", "vote": "bad"}},
    "strong_labels": {"vote": {"method": "plurality_vote", "default": "good"}},
}
CONFIGS: Json = {
    "events/login.json": LOGIN,
    "features/all.json": [ASN, REQUEST],
    "labels/all.json": LABELS,
}


def write_code(root: Path, code: Mapping[str, str]) -> None:
    for name, text in code.items():
        path = root / "configs" / "python" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def logins(seed: int, day: date) -> list[Json]:
    """Hostile values, and no login at all on one day."""
    chance = Random(f"{seed}{day}")
    if day == DAYS[2]:
        return []
    return [
        {
            "kind": "login",
            "id": f"{day}-{n}",
            "at": f"{day}T{chance.randrange(24):02}:00:00Z",
            "asn": chance.choice([0, 1, 2, -5, None, 2**62]),
            "name": chance.choice(["Zoë", "", None, "a\u0000b", "\U0001d518", "DROP TABLE"]),
            "vip": chance.choice(["zo", "", None]),
            "seconds": chance.choice([0, -1.5, 1e308, None, "NaN", 3]),
        }
        for n in range(9)
    ]


def built(root: Path, configs: Json = CONFIGS, code: Mapping[str, str] = CODE) -> Project:
    write_code(root, code)
    project = write_project(root, configs, start="2024-03-01")
    for day in DAYS:
        project.write(day, logins(1, day))
    return project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """All days built once; do not touch it."""
    project = built(tmp_path_factory.mktemp("python"))
    project.run(DAYS)
    return project


def test_mixtures_of_statements_and_functions_give_what_the_plain_reading_gives(
    project: Project,
) -> None:
    assert_equal_to_oracle(project, DAYS)


def test_nothing_is_stale_once_it_is_built(project: Project) -> None:
    assert project.stale(DAYS) == {}


def test_a_day_without_rows_is_an_empty_day(project: Project) -> None:
    assert project.rows("families/request", DAYS[2]) == []


def test_no_bytecode_is_left_beside_the_functions(project: Project) -> None:
    folder = project.root / "configs" / "python"

    assert {path.name for path in folder.rglob("*")} == {"names.py", "parts", "text.py"}


def test_printed_words_go_to_the_error_stream(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built(tmp_path).run(DAYS[:1])

    out, err = capsys.readouterr()
    assert (out, "to the error stream" in err) == ("", True)


@pytest.mark.parametrize(
    ("file", "old", "new", "then"),
    [
        ("names.py", "Likeness", "Unlikeness", "built"),
        ("names.py", "How many letters", "The letters", "built"),
        ("names.py", "n / 2", "n  /  2  # half", "built"),
        ("names.py", "frame.iloc[:, 0] / 2", "frame.iloc[:, 0] / 3", "stale"),
        ("parts/text.py", "text.lower()", "text.upper()", "stale"),
    ],
    ids=["docstring of module", "docstring", "spelling", "function", "imported module"],
)
def test_a_changed_meaning_makes_days_stale_and_nothing_else_does(
    tmp_path: Path, file: str, old: str, new: str, then: str
) -> None:
    project = built(tmp_path)
    project.run(DAYS[:1])
    write_code(tmp_path, {file: CODE[file].replace(old, new)})
    project.reopen()

    stale = project.stale(DAYS[:1])

    assert ("stale" if stale else "built") == then
    if stale:
        assert "python__request" in stale
        assert project.run_stale(DAYS[:1])
        assert project.stale(DAYS[:1]) == {}


def test_one_feature_can_be_computed_alone(tmp_path: Path) -> None:
    project = built(tmp_path)
    project.run(DAYS[:1])
    before = project.digests()
    [op] = project.ops("python", owner="request")[-1:]
    [key] = [key for key in op.keys if key[-1] == "deep__v1"]

    result = run_op(project.workspace, op, DAYS[:1], [key])

    assert list(result.days[DAYS[0]].facts) == [key]
    assert project.digests() == before


def bad(body: str) -> Mapping[str, str]:
    return {"names.py": f"import pandas, sys, pyarrow as pa\n\n\ndef half(table):\n    {body}\n"}


SMALL: Json = {
    "events/login.json": LOGIN,
    "features/all.json": {
        "name": "request",
        "granularity": "request_id",
        "groups": [
            {
                "source": "login",
                "granularity_field": "event_id",
                "features": {"asn": "$asn", "half": python("half", "$asn")},
            }
        ],
    },
}
NAME = "request.half@1 of 2024-03-01: names:half"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("return [1]", "returned 1 values for 9 rows"),
        ("return table", "returned a Table"),
        ("return 'abcdefghi'", "returned a str"),
        ("return None", "returned a NoneType"),
        ("return pa.array(range(9)).to_numpy().reshape(3, 3)", "returned an array of 2 dim"),
        (
            "return pandas.Series(range(9), index=range(1, 10))",
            "returned a series whose index is not that of the frame",
        ),
        (
            "raise ValueError('bad name')",
            "raised ValueError: bad name\n  configs/python/names.py:5, in half\n"
            "    raise ValueError('bad name')",
        ),
        ("sys.exit(3)", "raised SystemExit: 3"),
        ("return half(table)", "raised RecursionError"),
    ],
    ids=["length", "table", "text", "none", "matrix", "index", "exception", "exit", "recursion"],
)
def test_a_function_that_fails_is_named_with_its_feature_and_day(
    tmp_path: Path, body: str, said: str
) -> None:
    project = built(tmp_path, SMALL, bad(body))

    with pytest.raises(PythonFailed) as failure:
        project.run(DAYS[:1])

    assert f"{NAME} {said}" in str(failure.value)


def test_only_the_days_on_which_a_function_fails_are_stopped(tmp_path: Path) -> None:
    body = "return [v if table.num_rows < 9 else 1 / 0 for v in table['asn'].to_pylist()]"
    project = built(tmp_path, SMALL, bad(body))
    project.write(DAYS[1], logins(1, DAYS[1])[:4])
    project.run(DAYS, project.ops("raw", "event", "row"))
    [op] = project.ops("python")

    result = run_op(project.workspace, op, DAYS, op.keys)

    assert list(result.days) == [DAYS[1], DAYS[2]]
    assert sorted(result.refused, key=str) == [DAYS[0], *DAYS[3:]]
    assert "half__v1" not in project.rows("families/request", DAYS[0])[0]
    assert "half__v1" in project.rows("families/request", DAYS[1])[0]


def test_what_a_function_does_to_its_inputs_changes_nothing_stored(tmp_path: Path) -> None:
    code = """import pandas as pd


def half(frame: pd.DataFrame):
    frame["asn"] = 7
    frame["name"] = "another column"
    return [1.0] * 9
"""
    project = built(tmp_path, SMALL, {"names.py": code})
    project.run(DAYS[:1])

    rows = project.rows("families/request", DAYS[0])

    assert {row["half__v1"] for row in rows} == {1.0}
    assert {row["asn__v1"] for row in rows} != {7}


def test_values_without_a_counterpart_are_null_and_counted(tmp_path: Path) -> None:
    body = "return ['12', 'x', None, 2.5, float('inf'), True, b'1', [], 10 ** 400]"
    project = built(tmp_path, SMALL, bad(body))

    result = project.run(DAYS[:1])["python__request"].days[DAYS[0]]
    [op] = project.ops("python")
    attributes = attributes_of(project.graph, op)
    [write] = writes(project.workspace, op, DAYS[0], attributes)
    rows = write.rows(project.workspace.engine)

    found = [row["half__v1"] for row in project.rows("families/request", DAYS[0])]
    assert found == [12.0, None, None, 2.5, None, 1.0, None, None, None]
    assert callable(rows)
    assert rows().column("lost__half__v1").combine_chunks().true_count == 5
    assert result.facts["features", "request", "half__v1"].lost == 5


def test_a_blocking_check_keeps_the_day_from_being_published(tmp_path: Path) -> None:
    changed = json.loads(json.dumps(SMALL))
    feature = changed["features/all.json"]["groups"][0]["features"]["half"]
    feature["checks"] = "nonnull"
    project = built(tmp_path, changed, bad("return [None] * table.num_rows"))
    project.run(DAYS[:1], project.ops("raw", "event", "row"))
    [op] = project.ops("python")

    result = run_op(project.workspace, op, DAYS[:1], op.keys)

    assert "9 of 9 rows fail" in str(result.refused[DAYS[0]])
    assert "half__v1" not in project.rows("families/request", DAYS[0])[0]


def test_two_projects_in_one_process_keep_their_modules_apart(tmp_path: Path) -> None:
    found = []
    for name, number in (("one", 1.0), ("two", 2.0)):
        (tmp_path / name).mkdir()
        body = f"return [{number}] * table.num_rows"
        project = built(tmp_path / name, SMALL, bad(body))
        project.run(DAYS[:1])
        found.append(project.rows("families/request", DAYS[0])[0]["half__v1"])

    assert found == [1.0, 2.0]
