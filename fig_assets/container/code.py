"""A package's functions, called with what their parameters ask for by name."""

import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import pyarrow as pa

from fig_assets.usercode.package import EXPLAIN, MUST, PARAMETERS, PREDICT, TRAIN
from fig_assets.usercode.source import CodeError

LONGEST_MESSAGE = 2_000
Function = Callable[..., object]


@dataclass(frozen=True, eq=False)
class Code:
    """An imported package."""

    location: str
    folder: Path
    functions: Mapping[str, Function]

    @property
    def explains(self) -> bool:
        """Whether it has `explain`."""
        return EXPLAIN in self.functions

    def call(self, name: str, given: Mapping[str, object]) -> object:
        """Call a function with those of `given` that it asks for.

        Tables are given as frames where the parameter is annotated so.

        Raises:
            CodeError: It raised, or exited; says what, and in which line of whose file.
        """
        function = self.functions[name]
        wanted = {
            parameter: _as_asked(function, parameter, given[parameter])
            for parameter in _asked(function)
            if parameter in given
        }
        try:
            return function(**wanted)
        except KeyboardInterrupt:
            raise
        except BaseException as failure:
            raise CodeError(f"{name} raised {told(failure, self.folder)}") from failure


def load_code(location: str, folder: Path) -> Code:
    """Import the package `location`, from `folder` where it is there, else an installed one.

    Raises:
        CodeError: The import failed, or a function is missing or asks for what there is not.
    """
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        module = import_module(location)
    except KeyboardInterrupt:
        raise
    except BaseException as failure:
        message = f"importing {location} failed: {told(failure, folder)}"
        raise CodeError(message, "mend the package, or install what it needs") from failure
    functions: dict[str, Function] = {}
    for name, known in PARAMETERS.items():
        found = getattr(module, name, None)
        if found is None and name == EXPLAIN:
            continue
        if not callable(found):
            raise CodeError(f"{location} has no function '{name}'", MUST[name])
        _check(location, name, found, known)
        functions[name] = found
    return Code(location, folder, functions)


def told(failure: BaseException, folder: Path) -> str:
    """Write what was raised, and the line of the package, or of whoever raised it."""
    said = "".join(traceback.format_exception_only(failure)).strip()[:LONGEST_MESSAGE]
    if isinstance(failure, SystemExit):
        said = f"SystemExit: {failure.code}"
    frames = traceback.extract_tb(failure.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith(f"{folder}/")]
    ours = str(Path(__file__).parent)
    others = [f for f in frames if not f.filename.startswith((ours, "<frozen importlib"))]
    if not own and not others:
        return said
    frame = (own or others)[-1]
    shown = str(Path(frame.filename).relative_to(folder)) if own else frame.filename
    return f"{said}\n  {shown}:{frame.lineno}, in {frame.name}\n    {frame.line}".rstrip()


def _check(location: str, name: str, function: Function, known: tuple[str, ...]) -> None:
    given = _asked(function)
    for parameter in inspect.signature(function).parameters.values():
        is_rest = parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
        must = parameter.default is parameter.empty and not is_rest
        if must and parameter.name not in known:
            message = f"{location}.{name} asks for '{parameter.name}', which there is not"
            raise CodeError(message, f"ask for some of: {', '.join(known)}")
    if name == PREDICT and "rows" not in given:
        raise CodeError(f"{location}.{name} does not ask for the rows", MUST[name])
    if name == TRAIN and "model_dir" not in given:
        raise CodeError(f"{location}.{name} does not ask for model_dir", MUST[name])


def _asked(function: Function) -> list[str]:
    """Return the names of what a function asks for; with `**rest` it asks for everything."""
    parameters = inspect.signature(function).parameters.values()
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
        return list(dict.fromkeys(name for known in PARAMETERS.values() for name in known))
    return [p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _as_asked(function: Function, name: str, value: object) -> object:
    """Turn a table into a frame for a parameter that is annotated with `pandas.DataFrame`."""
    parameter = inspect.signature(function).parameters.get(name)
    if parameter is None or not isinstance(value, pa.Table):
        return value
    wanted = parameter.annotation
    title = wanted if isinstance(wanted, str) else getattr(wanted, "__name__", "")
    return value.to_pandas() if title.rpartition(".")[2].strip() == "DataFrame" else value
