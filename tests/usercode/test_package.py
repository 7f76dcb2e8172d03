"""Packages of own training code: found by their location, their functions looked at, not run."""

from pathlib import Path

import pytest

from fig_assets.usercode.modules import Modules
from fig_assets.usercode.package import Package, find_package
from fig_assets.usercode.source import CodeError

GOOD = "def train(rows, labels, model_dir): ...\ndef predict(rows, model_dir): ...\n"
INIT = "scorer/__init__.py"


def code(root: Path, files: dict[str, str]) -> Modules:
    folder = root / "configs" / "models" / "code"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Modules(folder, root)


def found(root: Path, text: str = GOOD, **more: str) -> Package:
    named = {name.replace("__", "/").replace("_py", ".py"): it for name, it in more.items()}
    return find_package("scorer", code(root, {INIT: text, **named}))


def test_a_package_is_found_with_its_files_and_nothing_is_run(tmp_path: Path) -> None:
    package = find_package(
        "scorer",
        code(
            tmp_path,
            {
                INIT: f"raise SystemExit\nimport common\nfrom scorer.deep import x\n{GOOD}",
                "scorer/deep.py": "x = 1",
                "scorer/words.txt": "a",
                "scorer/.hidden": "b",
                "common.py": "y = 2",
                "stranger.py": "z = 3",
            },
        ),
    )

    assert list(package.files) == ["common.py", INIT, "scorer/deep.py", "scorer/words.txt"]
    assert package.file == f"configs/models/code/{INIT}"
    assert not package.explains


def test_a_module_alone_is_a_package_too(tmp_path: Path) -> None:
    package = find_package("one", code(tmp_path, {"one.py": GOOD}))
    assert list(package.files) == ["one.py"]


def test_functions_may_come_from_another_module(tmp_path: Path) -> None:
    files = {INIT: "from scorer.work import explain, predict, train", "scorer/work.py": GOOD}
    assert find_package("scorer", code(tmp_path, files)).explains


@pytest.mark.parametrize(
    ("text", "message", "fix"),
    [
        pytest.param(
            "def predict(rows): ...",
            f"configs/models/code/{INIT} has no function 'train'",
            "def train(rows, labels, hyperparameters, model_dir):",
            id="no train",
        ),
        pytest.param(
            "def train(model_dir): ...",
            f"configs/models/code/{INIT} has no function 'predict'",
            "def predict(rows, model_dir):",
            id="no predict",
        ),
        pytest.param(
            f"def train(row, model_dir): ...\n{GOOD.splitlines()[1]}",
            f"configs/models/code/{INIT}:1: train asks for 'row', which there is not",
            "write rows",
            id="unknown parameter",
        ),
        pytest.param(
            f"{GOOD}def explain(rows, *, quickly): ...",
            f"configs/models/code/{INIT}:3: explain asks for 'quickly', which there is not",
            "ask for some of: rows, model_dir",
            id="unknown keyword",
        ),
        pytest.param(
            f"async {GOOD}",
            f"configs/models/code/{INIT}:1: train is asynchronous",
            "def train(rows, labels, hyperparameters, model_dir):",
            id="asynchronous",
        ),
        pytest.param(
            "def train(rows, /): ...\ndef predict(rows): ...",
            f"configs/models/code/{INIT}:1: train takes 'rows' by its place",
            "def train(rows, labels, hyperparameters, model_dir):",
            id="by place",
        ),
        pytest.param(
            "def train(:",
            f"configs/models/code/{INIT}:1:11: invalid syntax",
            "mend the module",
            id="no Python",
        ),
    ],
)
def test_a_package_that_cannot_work_is_refused(
    tmp_path: Path, text: str, message: str, fix: str
) -> None:
    with pytest.raises(CodeError) as refusal:
        found(tmp_path, text)
    assert (refusal.value.message, refusal.value.fix) == (message, fix)


def test_parameters_with_a_default_and_the_rest_may_be_called_anything(tmp_path: Path) -> None:
    found(tmp_path, "def train(model_dir, mode='x', **rest): ...\ndef predict(rows, n=1): ...")


@pytest.mark.parametrize(
    ("location", "message", "fix"),
    [
        (
            "scorr",
            "no package 'scorr' in models/code, and none is installed",
            'write "scorer"',
        ),
        (
            "other",
            "no package 'other' in models/code, and none is installed",
            "write models/code/other/__init__.py with train and predict",
        ),
        (
            "scorer.deep",
            "there is no package 'scorer.deep' in models/code",
            "write models/code/scorer/deep/__init__.py with train and predict",
        ),
        (
            "json",
            "'json' is a module of Python itself",
            "name the package otherwise, such as request_scorer",
        ),
    ],
)
def test_a_location_without_a_package_is_refused(
    tmp_path: Path, location: str, message: str, fix: str
) -> None:
    with pytest.raises(CodeError) as refusal:
        find_package(location, code(tmp_path, {INIT: GOOD}))
    said = (refusal.value.message, refusal.value.fix)
    assert tuple(text.replace("configs/models/code", "models/code") for text in said) == (
        message,
        fix,
    )


@pytest.mark.parametrize("linked", ["scorer/outside.py", "scorer/deep"])
def test_a_link_out_of_the_project_is_refused(tmp_path: Path, linked: str) -> None:
    modules = code(tmp_path, {INIT: GOOD})
    (tmp_path / "elsewhere").mkdir()
    (modules.folder / linked).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(CodeError, match="is a link that leads out of the project's folder"):
        find_package("scorer", modules)


def test_an_installed_package_is_found_without_importing_it(tmp_path: Path) -> None:
    with pytest.raises(CodeError, match="has no function 'train'"):
        find_package("pandas", code(tmp_path, {}))


def test_what_the_code_means_is_its_digest(tmp_path: Path) -> None:
    plain = found(tmp_path / "a").digest

    assert found(tmp_path / "b", f'"""Words."""\n{GOOD}# more words\n').digest == plain
    assert found(tmp_path / "c", GOOD.replace("...", "1", 1)).digest != plain
    assert found(tmp_path / "d", scorer__words="x").digest != plain
    assert found(tmp_path / "e", stranger_py="x = 1").digest == plain


def test_data_beside_the_code_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fig_assets.usercode.package.MOST_FILES", 1)
    with pytest.raises(CodeError, match="holds more than 1 files"):
        found(tmp_path, scorer__a="x", scorer__b="y")
