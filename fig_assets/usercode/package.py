"""The location of a model's own code -> its files and what they mean, without running anything.

A location is the dotted name of a package that has the functions `train` and `predict`, and may
have `explain`. It stands in the project's folder of such code, or is installed.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from hashlib import blake2b
from pathlib import Path

from fig_assets.usercode.function import installed_source, local_sources
from fig_assets.usercode.modules import Modules
from fig_assets.usercode.source import CodeError, Source, digest, offered

TRAIN, PREDICT, EXPLAIN = "train", "predict", "explain"
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    TRAIN: (
        "rows",
        "labels",
        "weights",
        "validation_rows",
        "validation_labels",
        "validation_weights",
        "hyperparameters",
        "model_dir",
    ),
    PREDICT: ("rows", "model_dir"),
    EXPLAIN: ("rows", "model_dir"),
}
"""The functions of a package, and what each may ask for by the names of its parameters."""
MUST: Mapping[str, str] = {
    TRAIN: "def train(rows, labels, hyperparameters, model_dir):",
    PREDICT: "def predict(rows, model_dir):",
    EXPLAIN: "def explain(rows, model_dir):",
}
"""What a definition of each looks like, for mends."""
MOST_FILES = 1_000
MOST_BYTES = 64 << 20
"""Of all files of a package together."""
_PASSED_OVER = ("__pycache__",)


@dataclass(frozen=True, eq=False)
class Package:
    """Code that trains and predicts: what it means, and the bytes that will be run."""

    location: str
    digest: str
    """Of what its modules mean and of the bytes of its other files."""
    file: str
    """Where its functions are looked for."""
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """By path below the folder of such code; none of an installed package."""
    explains: bool = False
    """Whether it has `explain`."""


def find_package(location: str, modules: Modules) -> Package:
    """Find a package and check what can be seen of it without running anything.

    Args:
        location: Its dotted name.
        modules: The project's folder of such code.

    Raises:
        CodeError: There is no such package, it lacks `train` or `predict`, a function asks for
            what there is not, a module is no Python, or a file leads out of the folder.
    """
    _refuse_links(modules)
    head = location.partition(".")[0]
    if head in sys.stdlib_module_names:
        fix = "name the package otherwise, such as request_scorer"
        raise CodeError(f"'{head}' is a module of Python itself", fix)
    if head in modules or (modules.folder / head).exists():
        return _local(location, modules)
    source = _installed(location, modules)
    explains = _check(source)
    return Package(location, digest({location: source}), source.file, explains=explains)


def _local(location: str, modules: Modules) -> Package:
    if location not in modules:
        shown = modules.shown(modules.folder / location.replace(".", "/"))
        fix = f"write {shown}/__init__.py with train and predict"
        raise CodeError(f"there is no package '{location}' in {_folder(modules)}", fix)
    sources = local_sources(location, modules)
    source = sources[location]
    explains = _check(source)
    files = {_below(modules, modules.files[name][0]): modules.files[name][1] for name in sources}
    files = {name: text for name, text in files.items() if name.endswith(".py")}
    others = dict(_others(location, modules))
    found = blake2b(digest(sources).encode(), digest_size=16)
    for name, content in sorted(others.items()):
        found.update(f"\n{name} {len(content)}\n".encode() + content)
    return Package(
        location=location,
        digest=found.hexdigest() if others else digest(sources),
        file=source.file,
        files=dict(sorted({**files, **others}.items())),
        explains=explains,
    )


def _installed(location: str, modules: Modules) -> Source:
    try:
        return installed_source(location, TRAIN, modules)
    except CodeError as refusal:
        if "without code" in refusal.message:
            raise
        raise _nowhere(location, modules) from refusal


def _nowhere(location: str, modules: Modules) -> CodeError:
    """Name what stands where the package was looked for."""
    known = [name for name in modules.files if "." not in name]
    near = get_close_matches(location, known, 1)
    file = f"{_folder(modules)}/{location.replace('.', '/')}/__init__.py"
    fix = f'write "{near[0]}"' if near else f"write {file} with train and predict"
    message = f"no package '{location}' in {_folder(modules)}, and none is installed"
    return CodeError(message, fix)


def _check(source: Source) -> bool:
    """Refuse a package without its functions; return whether it has `explain`."""
    names, definitions = offered(source)
    is_open = bool({"*", "__getattr__"} & names)
    for name in (TRAIN, PREDICT):
        if name not in names and not is_open:
            raise CodeError(f"{source.file} has no function '{name}'", MUST[name])
    for name, known in PARAMETERS.items():
        if name in definitions:
            _check_parameters(source, definitions[name], known)
    return EXPLAIN in names


def _check_parameters(
    source: Source, found: ast.FunctionDef | ast.AsyncFunctionDef, known: tuple[str, ...]
) -> None:
    place = f"{source.file}:{found.lineno}: {found.name}"
    if isinstance(found, ast.AsyncFunctionDef):
        raise CodeError(f"{place} is asynchronous", MUST[found.name])
    if found.decorator_list:
        return
    given = found.args
    if given.posonlyargs:
        raise CodeError(
            f"{place} takes '{given.posonlyargs[0].arg}' by its place", MUST[found.name]
        )
    required = len(given.args) - len(given.defaults)
    names = [argument.arg for argument in given.args[:required]]
    names += [
        argument.arg
        for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
        if default is None
    ]
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, 1)
            fix = f"write {near[0]}" if near else f"ask for some of: {', '.join(known)}"
            raise CodeError(f"{place} asks for '{name}', which there is not", fix)


def _others(location: str, modules: Modules) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a package's folder that are no Python, by path."""
    folder = modules.folder.joinpath(*location.split("."))
    count = size = 0
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        steps = path.relative_to(folder).parts
        hidden = any(step.startswith(".") or step in _PASSED_OVER for step in steps)
        if hidden or path.suffix in (".py", ".pyc") or not path.is_file():
            continue
        count, size = count + 1, size + path.stat().st_size
        if count > MOST_FILES or size > MOST_BYTES:
            message = (
                f"{modules.shown(folder)} holds more than {MOST_FILES:,} files, "
                f"or more than {MOST_BYTES >> 20} MiB"
            )
            raise CodeError(message, "keep data out of the package")
        yield _below(modules, path), path.read_bytes()


def _refuse_links(modules: Modules) -> None:
    """Refuse what leads out of the project: the code is copied, and run elsewhere."""
    project = modules.folder.parent.parent.resolve()
    for path in (modules.folder, *sorted(modules.folder.rglob("*"))):
        if path.is_symlink() and not path.resolve().is_relative_to(project):
            message = f"{modules.shown(path)} is a link that leads out of the project's folder"
            raise CodeError(message, "put the file itself there")


def _below(modules: Modules, path: Path) -> str:
    return path.relative_to(modules.folder).as_posix()


def _folder(modules: Modules) -> str:
    return modules.shown(modules.folder)
