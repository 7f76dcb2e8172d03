"""Python source text -> what it means and what it offers, without running it."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b

from fig_assets.errors import FigError

Definition = ast.FunctionDef | ast.AsyncFunctionDef


class CodeError(FigError):
    """A user's Python function cannot be found, read, imported or called as it must be."""

    def __init__(self, message: str, fix: str = "") -> None:
        self.message, self.fix = message, fix
        super().__init__(f"{message}\n  fix: {fix}" if fix else message)


@dataclass(frozen=True, eq=False)
class Source:
    """One parsed module: its name within its root, the file it stands in, its syntax tree."""

    name: str
    file: str
    tree: ast.Module
    is_package: bool = False


def parse(name: str, file: str, text: bytes, *, is_package: bool = False) -> Source:
    """Parse a module.

    Raises:
        CodeError: the text is no Python; names file, line and column.
    """
    try:
        return Source(name, file, ast.parse(text, file), is_package)
    except SyntaxError as refusal:
        place = f"{file}:{refusal.lineno or 1}:{refusal.offset or 1}"
        raise CodeError(f"{place}: {refusal.msg}", "mend the module") from refusal
    except (ValueError, RecursionError, MemoryError) as refusal:
        raise CodeError(f"{file}: cannot be parsed: {refusal}", "mend the module") from refusal


def digest(sources: Mapping[str, Source]) -> str:
    """Digest what modules mean: comments, formatting and docstrings leave it as it is.

    Returns:
        32 hexadecimal characters, equal on every version of Python that reads them alike.
    """
    found = blake2b(digest_size=16)
    for name, source in sorted(sources.items()):
        found.update(f"{name}\n".encode())
        for part in _walk(source.tree):
            found.update(part.encode(errors="surrogatepass"))
    return found.hexdigest()


def imports(source: Source) -> set[str]:
    """Return the absolute names that a module may import, from anywhere inside it.

    `from a import b` gives both `a` and `a.b`; relative names are resolved inside the root.
    """
    found: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            found |= {base} | {f"{base}.{alias.name}".lstrip(".") for alias in node.names}
    return found - {""}


def find_function(source: Source, name: str) -> Definition | None:
    """Return the definition of a function, or None where the module makes the name otherwise.

    Raises:
        CodeError: the module has no such name, or the function cannot be called with one table.
    """
    names, definitions = offered(source)
    if name not in names and "*" not in names and "__getattr__" not in names:
        near = get_close_matches(name, sorted(definitions), 1) or sorted(definitions)[:1]
        fix = f'write "{source.name}:{near[0]}"' if near else f"def {name}(table: pyarrow.Table):"
        raise CodeError(f"{source.file} has no function '{name}'", fix)
    found = definitions.get(name)
    if found is not None:
        _check_definition(source, found)
    return found


def docstring(definition: Definition | None) -> str:
    """Return what a function says of itself, or nothing."""
    return (ast.get_docstring(definition) or "") if definition is not None else ""


def _check_definition(source: Source, found: Definition) -> None:
    place = f"{source.file}:{found.lineno}: {found.name}"
    if isinstance(found, ast.AsyncFunctionDef):
        raise CodeError(f"{place} is asynchronous", f"def {found.name}(table: pyarrow.Table):")
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in _own_nodes(found)):
        raise CodeError(f"{place} yields, and must return one column", "return a list instead")
    if found.decorator_list:
        return
    arguments = found.args
    positional = len(arguments.posonlyargs) + len(arguments.args)
    required = positional - len(arguments.defaults)
    keywords = [a.arg for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
                if d is None]  # fmt: skip
    if required > 1 or keywords or (positional == 0 and arguments.vararg is None):
        said = f"takes {required + len(keywords)} arguments" if positional else "takes no argument"
        fix = f"def {found.name}(table: pyarrow.Table): the inputs are its columns"
        raise CodeError(f"{place} {said}; it is called with one table", fix)


def _own_nodes(definition: Definition) -> Iterator[ast.AST]:
    """Walk a function without the functions and classes inside it."""
    queue: list[ast.AST] = [*definition.body]
    while queue:
        node = queue.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            queue += ast.iter_child_nodes(node)


def offered(source: Source) -> tuple[set[str], dict[str, Definition]]:
    """Return every name that the top level of a module makes, and the functions among them."""
    names: set[str] = set()
    definitions: dict[str, Definition] = {}
    queue: list[ast.AST] = [*source.tree.body]
    while queue:
        node = queue.pop(0)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            names.add(node.name)
            definitions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda):
            queue += ast.iter_child_nodes(node)
    return names, definitions


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    steps = source.name.split(".") if source.name else []
    package = steps if source.is_package else steps[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _walk(node: object) -> Iterator[str]:
    """Yield the words of a syntax tree; what an older or newer Python leaves empty is left out."""
    if isinstance(node, ast.Constant):
        yield f"{type(node.value).__name__}:{node.value!r};"
        return
    if isinstance(node, list):
        yield "["
        for item in node:
            yield from _walk(item)
        yield "]"
        return
    if not isinstance(node, ast.AST):
        yield f"{node!r};"
        return
    yield f"{type(node).__name__}("
    for name, value in ast.iter_fields(node):
        if name in ("ctx", "type_comment", "type_ignores", "kind") or value in (None, []):
            continue
        yield f"{name}="
        yield from _walk(_without_docstring(node, value) if name == "body" else value)
    yield ")"


def _without_docstring(node: ast.AST, body: object) -> object:
    documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
        return node.body[1:]
    return body
