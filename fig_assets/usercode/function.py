"""The written location of a function -> the function: found without running anything, then called.

A location is `package.module:function`. The module stands in the project's own folder of Python, or
is installed; the modules of Python itself are refused, since none of them works on tables.
"""

import inspect
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from fig_assets.usercode.modules import Modules
from fig_assets.usercode.source import CodeError, Source, digest, docstring, find_function, parse
from fig_assets.usercode.source import imports as imported_by

if TYPE_CHECKING:
    import pandas as pd

Takes = Literal["table", "frame"]
LONGEST_MESSAGE = 2_000
"""How many characters of what a user's function raised are told."""

_CALLS = threading.RLock()
"""Days are computed by several threads; code of users is run by one of them at a time."""


@dataclass(frozen=True, eq=False)
class Function:
    """A function that was found: where it stands, what it means, what it says of itself."""

    location: str
    modules: Modules
    file: str
    line: int
    digest: str
    """Of what it means: its module, and those of the project's folder that its module imports."""
    docstring: str = ""

    @property
    def module(self) -> str:
        """The dotted name of its module."""
        return self.location.partition(":")[0]

    @property
    def name(self) -> str:
        """Its name in the module."""
        return self.location.partition(":")[2]

    def load(self) -> tuple[Callable[[object], object], Takes]:
        """Import the function and see what its parameter is annotated with.

        Raises:
            CodeError: the import failed, there is no such function, or it takes something else.
        """
        with _CALLS, redirect_stdout(sys.stderr):
            try:
                is_local = self.module in self.modules
                module = self.modules.load(self.module) if is_local else import_module(self.module)
                found = getattr(module, self.name)
            except KeyboardInterrupt:
                raise
            except BaseException as failure:
                message = f"importing {self.location} failed: {told(failure, self.modules.folder)}"
                raise CodeError(message, "mend the module, or install what it needs") from failure
            return found, _takes(self.location, found)

    def call(self, inputs: pa.Table) -> object:
        """Call the function with its inputs; printed words go to the error stream.

        Raises:
            CodeError: it cannot be loaded, or raised; says what, and in which line of whose file.
        """
        function, takes = self.load()
        with _CALLS, redirect_stdout(sys.stderr):
            given = _frame(inputs) if takes == "frame" else inputs
            try:
                return function(given)
            except KeyboardInterrupt:
                raise
            except BaseException as failure:
                message = f"{self.location} raised {told(failure, self.modules.folder)}"
                raise CodeError(message) from failure


def find(location: str, modules: Modules) -> Function:
    """Find a function and check what can be seen without running anything.

    Raises:
        CodeError: there is no such module or function, a module is no Python, or the function
            cannot be called with one table.
    """
    module, _, name = location.partition(":")
    if not all(step.isidentifier() for step in (*module.split("."), name)):
        raise CodeError(f"'{location}' is no place of a function", 'write "module:function"')
    head = module.partition(".")[0]
    if head in sys.stdlib_module_names:
        fix = "name a module of your own otherwise, such as python/heuristics.py"
        raise CodeError(f"'{head}' is a module of Python itself", fix)
    if head in modules:
        sources = local_sources(module, modules)
        source = sources[module]
    else:
        source = installed_source(module, name, modules)
        sources = {module: source}
    definition = find_function(source, name)
    line = definition.lineno if definition is not None else 1
    said = docstring(definition)
    return Function(location, modules, source.file, line, digest(sources), said)


def told(failure: BaseException, folder: Path) -> str:
    """Write what was raised, and the line of the user's file that raised it."""
    said = "".join(traceback.format_exception_only(failure)).strip()[:LONGEST_MESSAGE]
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(f"{folder}/")]
    ours = str(Path(__file__).parent)
    others = [f for f in frames if not f.filename.startswith((ours, "<frozen importlib"))]
    if not own and not others:
        return said
    frame = (own or others)[-1]
    name = frame.filename
    shown = str(Path(name).relative_to(folder.parent.parent)) if own else name
    return f"{said}\n  {shown}:{frame.lineno}, in {frame.name}\n    {frame.line}".rstrip()


def local_sources(module: str, modules: Modules) -> Mapping[str, Source]:
    """Parse a module of the project, its packages, and the project's modules that they import.

    Raises:
        CodeError: there is no such module, or one of them is no Python.
    """
    if module not in modules:
        near = get_close_matches(module, list(modules.files), 1)
        fix = f'write "{near[0]}:..."' if near else f"there are: {', '.join(modules.files)}"
        raise CodeError(f"there is no module '{module}' in {_shown(modules)}", fix)
    found: dict[str, Source] = {}
    queue = [module]
    while queue:
        name = queue.pop()
        if name in found or name not in modules:
            continue
        found[name] = modules.source(name)
        steps = name.split(".")
        queue += [".".join(steps[:n]) for n in range(1, len(steps))]
        for wanted in imported_by(found[name]):
            steps = wanted.split(".")
            queue += [".".join(steps[:n]) for n in range(1, len(steps) + 1)]
    return found


def installed_source(module: str, name: str, modules: Modules) -> Source:
    """Find an installed module without importing it or its packages.

    Raises:
        CodeError: there is none, or it is a package without code.
    """
    path: list[str] | None = None
    origin: str | None = None
    steps = module.split(".")
    for n in range(1, len(steps) + 1):
        full = ".".join(steps[:n])
        found = (finder.find_spec(full, path) for finder in sys.meta_path)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is None or (n < len(steps) and spec.submodule_search_locations is None):
            near = get_close_matches(module, list(modules.files), 1)
            file = f"{_shown(modules)}/{module.replace('.', '/')}.py"
            fix = f'write "{near[0]}:{name}"' if near else f"write {file}, or install the package"
            raise CodeError(f"no module '{full}' in {_shown(modules)}, and none is installed", fix)
        path = list(spec.submodule_search_locations or [])
        origin = spec.origin
    if origin is None or not Path(origin).is_file():
        raise CodeError(f"'{module}' is a package without code", "name the module inside it")
    text = Path(origin).read_bytes()
    if not origin.endswith(".py"):
        text = f"def __getattr__(name): {blake2b(text).hexdigest()!r}".encode()
    return parse(module, origin, text, is_package=Path(origin).name == "__init__.py")


def _shown(modules: Modules) -> str:
    return f"{modules.folder.parent.name}/{modules.folder.name}"


def _takes(location: str, function: object) -> Takes:
    """Read whether a function wants a table or a frame; raises CodeError."""
    fix = f"def {location.partition(':')[2]}(table: pyarrow.Table): the inputs are its columns"
    if not callable(function):
        raise CodeError(f"{location} is a {type(function).__name__}, not a function", fix)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return "table"
    try:
        signature.bind(None)
    except TypeError as refusal:
        raise CodeError(f"{location} cannot be called with one table: {refusal}", fix) from refusal
    import pandas as pd

    wanted = _annotation(function, next(iter(signature.parameters.values())))
    if wanted in (inspect.Parameter.empty, pa.Table, "Table"):
        return "table"
    if wanted in (pd.DataFrame, "DataFrame"):
        return "frame"
    title = getattr(wanted, "__name__", wanted)
    message = f"{location} takes a {title}; inputs come as one pyarrow.Table or pandas.DataFrame"
    raise CodeError(message, fix)


def _annotation(function: Callable[..., object], parameter: inspect.Parameter) -> object:
    """Resolve an annotation; a text that nothing resolves stands for its last word."""
    if not isinstance(parameter.annotation, str):
        return parameter.annotation
    try:
        resolved = inspect.signature(function, eval_str=True).parameters[parameter.name]
    except (NameError, AttributeError, SyntaxError, TypeError):
        return parameter.annotation.rpartition(".")[2].strip()
    return resolved.annotation


def _frame(table: pa.Table) -> "pd.DataFrame":
    """Give a frame of the function's own, with Arrow types: nothing is rounded, NULL is NA."""
    import pandas as pd

    return table.to_pandas(types_mapper=pd.ArrowDtype).copy()
