"""Features in Python, one row at a time: the oracle calls a function of values, never of tables.

A module that the oracle can follow has, for each `name`, a `name_of_row` that takes the values of
one row's inputs.
"""

import sys
from pathlib import Path

from tests.naive.config import Spec, pinned
from tests.naive.expressions import Scope
from tests.naive.values import Value, convert

_LOADED: dict[Path, dict[str, object]] = {}


def evaluate_python(spec: Spec, folder: Path, scope: Scope) -> Value:
    """Compute one Python feature of one row; `folder` holds the project's modules."""
    module, _, name = spec["python"].partition(":")
    path = folder / "python" / f"{module.replace('.', '/')}.py"
    if path not in _LOADED:
        _LOADED[path] = _run(path, folder / "python")
    function = _LOADED[path][f"{name}_of_row"]
    values = [scope(*pinned(text.removeprefix("$"))) for text in spec["inputs"]]
    return convert(function(*values), spec["type"])  # type: ignore[operator]


def _run(path: Path, folder: Path) -> dict[str, object]:
    """Run a module as a script of its folder, leaving no trace of it in Python."""
    before = set(sys.modules)
    found: dict[str, object] = {}
    sys.path.insert(0, str(folder))
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        exec(compile(path.read_text(), str(path), "exec"), found)
    finally:
        sys.dont_write_bytecode = written
        sys.path.remove(str(folder))
        for name in set(sys.modules) - before:
            if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(folder)):
                del sys.modules[name]
    return found
