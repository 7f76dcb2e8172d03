"""A project's folder of Python -> modules of its own: no other project, nor the disk, sees them.

Modules are run from the bytes that were read when the project was loaded, under a name that no
other content has. So what runs is what was fingerprinted, two projects in one process never meet,
and no bytecode is written beside the user's files.
"""

import builtins
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from hashlib import blake2b
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import CodeType, ModuleType

from fig_assets.usercode.source import CodeError, Source, parse

PREFIX = "fig_assets_project_"
"""What the names of all projects' packages begin with."""


class Modules:
    """The Python modules below one folder, as they were when first looked at.

    Messages name files from `root`, the folder that contains the project's.
    """

    def __init__(self, folder: Path, root: Path | None = None) -> None:
        self.folder = folder
        self.root = root or folder.parent.parent

    @cached_property
    def files(self) -> Mapping[str, tuple[Path, bytes]]:
        """File and bytes of each module by its dotted name; packages by the name of their folder.

        Folders without an `__init__.py` are packages too; names that Python cannot import are
        passed over.

        Raises:
            CodeError: a file cannot be read.
        """
        found: dict[str, tuple[Path, bytes]] = {}
        for path in sorted(self.folder.rglob("*.py")) if self.folder.is_dir() else ():
            steps = path.relative_to(self.folder).with_suffix("").parts
            if not all(step.isidentifier() for step in steps):
                continue
            is_package = steps[-1] == "__init__"
            name = ".".join(steps[:-1] if is_package else steps)
            if name and (is_package or name not in found):
                found[name] = (path, self._bytes(path))
        for name in list(found):
            for parent in _parents(name):
                found.setdefault(parent, (self.folder.joinpath(*parent.split(".")), b""))
        return found

    @cached_property
    def package(self) -> str:
        """The name of the package that stands for the folder's content."""
        content = blake2b(str(self.folder).encode(errors="surrogateescape"), digest_size=12)
        for name, (path, text) in sorted(self.files.items()):
            content.update(f"\n{name} {path.name} {len(text)}\n".encode() + text)
        return PREFIX + content.hexdigest()

    def __contains__(self, name: str) -> bool:
        """Whether a dotted name is a module of this folder."""
        return name in self.files

    def source(self, name: str) -> Source:
        """Parse a module.

        Raises:
            CodeError: it is no Python; names file, line and column.
        """
        path, text = self.files[name]
        return parse(name, self.shown(path), text, is_package=path.name == "__init__.py")

    def shown(self, path: Path) -> str:
        """Write a path as people know it: from the folder that contains the project's."""
        return str(path.relative_to(self.root))

    def load(self, name: str) -> ModuleType:
        """Import a module; whatever its import raises comes through."""
        _FINDER.known[self.package] = self
        return import_module(f"{self.package}.{name}")

    def is_package(self, name: str) -> bool:
        """Whether a module holds others."""
        return any(other.startswith(f"{name}.") for other in self.files) or (
            self.files[name][0].name == "__init__.py"
        )

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as refusal:
            message = f"{self.shown(path)} cannot be read: {refusal.strerror or refusal}"
            raise CodeError(message, "mend the file's permissions") from refusal


class _ModuleLoader(Loader):
    """Runs one module of a project, with an `import` that looks into its own folder first."""

    def __init__(self, modules: Modules, name: str) -> None:
        self.modules, self.name = modules, name

    def get_source(self, fullname: str) -> str:
        """Give the text for tracebacks."""
        del fullname
        return self.modules.files[self.name][1].decode(errors="replace") if self.name else ""

    def get_code(self) -> CodeType:
        """Compile the module from the bytes that were read."""
        path, text = self.modules.files[self.name]
        return compile(text, str(path), "exec", dont_inherit=True)

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's body."""
        if not self.name:
            return
        path = self.modules.files[self.name][0]
        module.__file__ = str(path)
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._import}
        exec(self.get_code(), module.__dict__)

    def _import(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,
        locals: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> ModuleType:
        head = name.partition(".")[0]
        if level or head in sys.stdlib_module_names or head not in self.modules:
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self.modules.load(name)
        if not fromlist:
            return self.modules.load(head)
        for item in fromlist:
            if f"{name}.{item}" in self.modules and not hasattr(module, item):
                self.modules.load(f"{name}.{item}")
        return module


class _Finder(MetaPathFinder):
    """Finds the modules of projects; every other name is left to Python."""

    def __init__(self) -> None:
        self.known: dict[str, Modules] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder.find_spec`."""
        del path, target
        package, _, name = fullname.partition(".")
        modules = self.known.get(package)
        if modules is None or (name and name not in modules):
            return None
        loader = _ModuleLoader(modules, name)
        is_package = not name or modules.is_package(name)
        spec = spec_from_loader(fullname, loader, is_package=is_package)
        if spec is not None and name:
            spec.origin = str(modules.files[name][0])
        return spec


def _parents(name: str) -> list[str]:
    steps = name.split(".")
    return [".".join(steps[:n]) for n in range(1, len(steps))]


_FINDER = _Finder()
sys.meta_path.append(_FINDER)
