"""Functions of users: found by their location, loaded, called; failures told in their words."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from fig_assets.usercode.function import Function, find
from fig_assets.usercode.source import CodeError
from tests.usercode.folders import modules_of

TABLE = pa.table({"a": [1, None, 2**62 + 1], "b@2": ["x", None, ""]})


def found(root: Path, text: str, location: str = "m:f") -> Function:
    return find(location, modules_of(root, {"m.py": text}))


def test_a_function_of_the_folder_is_found_with_place_and_docstring(tmp_path: Path) -> None:
    function = found(tmp_path, 'x = 1\n\n\ndef f(table):\n    """Say."""\n')

    assert (function.file, function.line) == ("configs/python/m.py", 4)
    assert function.docstring == "Say."


def test_finding_runs_nothing(tmp_path: Path) -> None:
    found(tmp_path, "raise SystemExit\n\ndef f(table): ...\n")


def test_an_installed_function_is_found_without_importing_it(tmp_path: Path) -> None:
    function = find("pandas.core.dtypes.inference:is_file_like", modules_of(tmp_path, {}))

    assert function.file.endswith("pandas/core/dtypes/inference.py")


def test_a_compiled_module_has_a_meaning_too(tmp_path: Path) -> None:
    assert find("pyarrow.lib:table", modules_of(tmp_path, {})).digest


@pytest.mark.parametrize(
    ("location", "message", "fix"),
    [
        ("m:g", "configs/python/m.py has no function 'g'", 'write "m:f"'),
        (
            "mn:f",
            "no module 'mn' in configs/python, and none is installed",
            'write "m:f"',
        ),
        (
            "nothing.at_all:f",
            "no module 'nothing' in configs/python, and none is installed",
            "write configs/python/nothing/at_all.py, or install the package",
        ),
        ("m.x:f", "there is no module 'm.x' in configs/python", "there are: m"),
        (
            "os:system",
            "'os' is a module of Python itself",
            "name a module of your own otherwise, such as python/heuristics.py",
        ),
        ("1m:f", "'1m:f' is no place of a function", 'write "module:function"'),
    ],
)
def test_what_is_not_there_is_told_with_a_mend(
    tmp_path: Path, location: str, message: str, fix: str
) -> None:
    with pytest.raises(CodeError) as refusal:
        found(tmp_path, "def f(table): ...\n", location)

    assert (refusal.value.message, refusal.value.fix) == (message, fix)


def test_a_syntax_error_of_an_imported_module_is_told(tmp_path: Path) -> None:
    files = {"m.py": "import n\n\ndef f(table): ...", "n.py": "def (\n"}

    with pytest.raises(CodeError, match=r"^configs/python/n.py:1:5: invalid syntax"):
        find("m:f", modules_of(tmp_path, files))


@pytest.mark.parametrize(
    ("head", "given"),
    [
        ("def f(table):", "Table"),
        ("import pyarrow\ndef f(table: pyarrow.Table):", "Table"),
        ("import pandas as pd\ndef f(frame: pd.DataFrame):", "DataFrame"),
        ("import pandas as pd\ndef f(frame: 'pd.DataFrame'):", "DataFrame"),
        ("def f(frame: 'pandas.DataFrame'):", "DataFrame"),
        ("def f(table: 'pa.Table'):", "Table"),
        ("from __future__ import annotations\ndef f(frame: DataFrame):", "DataFrame"),
    ],
)
def test_the_annotation_says_what_is_given(tmp_path: Path, head: str, given: str) -> None:
    function = found(tmp_path, f"{head}\n    return type(locals().popitem()[1]).__name__\n")

    assert function.call(TABLE) == given


def test_a_frame_has_arrow_types_and_the_names_of_the_inputs(tmp_path: Path) -> None:
    text = "import pandas as pd\ndef f(frame: pd.DataFrame):\n    return frame\n"

    frame = found(tmp_path, text).call(TABLE)

    assert list(frame.columns) == ["a", "b@2"]  # type: ignore[attr-defined]
    assert frame["a"].tolist()[2] == 2**62 + 1  # type: ignore[index]
    assert frame.isna().sum().tolist() == [1, 1]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("f = 3", "m:f is a int, not a function"),
        ("def f(n: int): ...", "m:f takes a int; inputs come as one"),
        ("import nothing_here\ndef f(t): ...", "importing m:f failed: ModuleNotFoundError"),
        ("def f(t): ...\nraise SystemExit(2)", "importing m:f failed: SystemExit: 2"),
        ("f = lambda a, b: a", "m:f cannot be called with one table: missing a required"),
    ],
    ids=["constant", "annotation", "import", "exit", "arguments"],
)
def test_what_shows_only_when_it_is_imported_is_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CodeError) as refusal:
        found(tmp_path, text).load()

    assert refusal.value.message.startswith(said)


def test_the_line_that_failed_to_import_is_told(tmp_path: Path) -> None:
    with pytest.raises(CodeError) as refusal:
        found(tmp_path, "\nx = 1 / 0\ndef f(t): ...").load()

    assert "configs/python/m.py:2, in <module>\n    x = 1 / 0" in refusal.value.message


def test_the_deepest_line_of_the_users_own_code_is_told(tmp_path: Path) -> None:
    text = "import numpy\ndef f(t):\n    return numpy.zeros(-1)\n"

    with pytest.raises(CodeError) as refusal:
        found(tmp_path, text).call(TABLE)

    assert refusal.value.message == (
        "m:f raised ValueError: negative dimensions are not allowed\n"
        "  configs/python/m.py:3, in f\n"
        "    return numpy.zeros(-1)"
    )


def test_an_interrupt_by_the_user_is_not_swallowed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        found(tmp_path, "def f(t):\n    raise KeyboardInterrupt\n").call(TABLE)


def test_printed_words_never_reach_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found(tmp_path, "print(1)\ndef f(t):\n    print(2)\n").call(TABLE)

    assert capsys.readouterr() == ("", "1\n2\n")


def test_functions_are_called_one_at_a_time(tmp_path: Path) -> None:
    text = """import time
inside, most = 0, 0
def f(t):
    global inside, most
    inside += 1
    most = max(most, inside)
    time.sleep(0.002)
    inside -= 1
    return most
"""
    function = found(tmp_path, text)
    with ThreadPoolExecutor(4) as pool:
        seen = list(pool.map(lambda _: function.call(TABLE), range(12)))

    assert set(seen) == {1}
