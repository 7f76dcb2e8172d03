"""Modules of a project's folder: found, isolated, without a trace on the disk."""

import sys
from pathlib import Path

import pytest

from tests.usercode.folders import modules_of


def test_modules_import_each_other_by_plain_and_relative_names(tmp_path: Path) -> None:
    modules = modules_of(
        tmp_path,
        {
            "a.py": "import deep.inner\nfrom deep import inner\nimport b\nx = deep.inner.x",
            "b.py": "from deep.inner import x\nfrom . import c\nfrom .c import z",
            "c.py": "z = 3",
            "deep/__init__.py": "from .inner import x as here",
            "deep/inner.py": "from ..c import z\nx = z + 1",
        },
    )

    assert modules.load("a").x == 4
    assert modules.load("b").z == 3
    assert modules.load("deep").here == 4


def test_a_folder_without_init_is_a_package(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, {"plain/inner.py": "x = 1"})

    assert "plain" in modules
    assert modules.load("plain.inner").x == 1


def test_a_module_may_import_itself_through_another(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, {"a.py": "import b\nx = 1", "b.py": "import a\ny = 2"})

    assert (modules.load("a").x, modules.load("b").y) == (1, 2)


def test_modules_of_python_itself_are_never_taken_from_the_folder(tmp_path: Path) -> None:
    files = {"json.py": "x = 1", "a.py": "import json\nfrom json import dumps\ny = dumps([1])"}

    assert modules_of(tmp_path, files).load("a").y == "[1]"


def test_nothing_is_left_under_plain_names_nor_on_the_disk(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, {"only_here.py": "x = 1", "a.py": "import only_here"})
    path = list(sys.path)

    modules.load("a")

    assert "only_here" not in sys.modules
    assert sys.path == path
    assert sorted(p.name for p in modules.folder.rglob("*")) == ["a.py", "only_here.py"]


def test_two_folders_have_modules_of_their_own(tmp_path: Path) -> None:
    one = modules_of(tmp_path / "one", {"a.py": "import b", "b.py": "x = 1"})
    two = modules_of(tmp_path / "two", {"a.py": "import b", "b.py": "x = 2"})

    assert (one.load("a").b.x, two.load("a").b.x) == (1, 2)


def test_what_runs_is_what_was_read_when_the_project_was_loaded(tmp_path: Path) -> None:
    before = modules_of(tmp_path, {"a.py": "x = 1"})
    assert before.package
    after = modules_of(tmp_path, {"a.py": "x = 2"})

    assert (before.load("a").x, after.load("a").x) == (1, 2)


def test_the_same_content_is_imported_once(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, {"a.py": "x = []"})
    modules.load("a").x.append(1)

    assert modules_of(tmp_path, {}).load("a").x == [1]


def test_names_that_python_cannot_import_are_passed_over(tmp_path: Path) -> None:
    files = {"a.py": "", "not-a-name.py": "!", ".hidden/b.py": "!", "__init__.py": "!", "c.txt": ""}

    assert list(modules_of(tmp_path, files).files) == ["a"]


def test_a_folder_that_is_not_there_has_no_modules(tmp_path: Path) -> None:
    assert dict(modules_of(tmp_path, {}).files) == {}


def test_classes_with_fields_work(tmp_path: Path) -> None:
    text = "from dataclasses import dataclass\n\n@dataclass\nclass A:\n    x: 'int' = 1\n"

    assert modules_of(tmp_path, {"a.py": text}).load("a").A().x == 1


def test_a_module_knows_its_file(tmp_path: Path) -> None:
    modules = modules_of(tmp_path, {"a.py": "x = __file__"})

    assert modules.load("a").x == str(modules.folder / "a.py")


def test_an_import_of_nothing_fails_as_in_python(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="No module named 'nothing_here'"):
        modules_of(tmp_path, {"a.py": "import nothing_here"}).load("a")
