"""`Document` -> `Definition`s: each thing of a file, checked by itself, with its places."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from fig_assets.config.explain import problems_of, shown
from fig_assets.config.locate import Document
from fig_assets.config.node import default_among, numbered_versions
from fig_assets.config.parsed import Path, Value
from fig_assets.config.schema import Model, Node
from fig_assets.errors import Problem, Where

Spec_co = TypeVar("Spec_co", bound=Node, covariant=True)
S = TypeVar("S", bound=Node)


@dataclass(frozen=True, eq=False)
class Definition(Generic[Spec_co]):
    """One thing the user defined, and where.

    Attributes:
        spec: What was written, checked.
        document: The file.
        prefix: Where in the file the thing stands: `()`, or `(2,)` in a list.
        version_prefix: Where one version of a model has the keys that are its own.
    """

    spec: Spec_co
    document: Document
    prefix: Path = ()
    version_prefix: Path | None = None

    @property
    def file(self) -> str:
        """The name of the file as messages show it."""
        return self.document.file

    def where(self, *path: str | int, key: bool = False) -> Where:
        """Return where the value at `path` was written, or its nearest parent that was.

        `path` starts at the thing itself and uses the written keys. Steps such as
        `"versions", 2` may be given where no versions were written. With `key`, where the key
        of the value stands.
        """
        if self.version_prefix is None:
            return self.document.where(*self.prefix, *path, key=key)
        return Part(self.document, self.prefix, self.version_prefix).where(*path, key=key)


@dataclass(frozen=True, eq=False)
class Part:
    """The part of a document in which one definition stands."""

    document: Document
    prefix: Path = ()
    version_prefix: Path | None = None

    def where(self, *path: str | int, key: bool = False) -> Where:
        """Return where the value at `path` was written, or its nearest parent that was."""
        own = self.version_prefix
        is_own = own is not None and len(self.document.written((*own, *path[:1]))) > len(own)
        if own is not None and (is_own or not path):
            return self.document.where(*own, *path, key=key)
        return self.document.where(*self.prefix, *path, key=key)


def entries(document: Document) -> Iterator[tuple[Part, Value]]:
    """Yield each thing of a file that holds one object or a list of them."""
    if not document.is_complete:
        return
    if isinstance(document.value, list):
        for index, raw in enumerate(document.value):
            yield Part(document, (index,)), raw
    else:
        yield Part(document), document.value


def define(kind: type[S], part: Part, raw: Value) -> tuple[list[Definition[S]], list[Problem]]:
    """Check what stands at `part` as a `kind`.

    Returns:
        The definition (of a model, one for each version) and the problems; a definition with
        a problem is left out.
    """
    if not isinstance(raw, dict):
        message = f"must be an object {{...}}, not {shown(raw)}"
        return [], [Problem(part.where(), message)]
    written = {key: value for key, value in raw.items() if key != "$schema"}
    if issubclass(kind, Model) and "versions" in written:
        return _defined_versions(kind, part, written)
    return _defined(kind, part, written)


def _defined(
    kind: type[S], part: Part, written: Mapping[str, object]
) -> tuple[list[Definition[S]], list[Problem]]:
    try:
        spec = kind.model_validate(written)
    except ValidationError as refusal:
        return [], problems_of(refusal, part)
    return [Definition(spec, part.document, part.prefix, part.version_prefix)], []


def _defined_versions(
    kind: type[S], part: Part, written: dict[str, Value]
) -> tuple[list[Definition[S]], list[Problem]]:
    """Make one definition of each of the versions of a model."""
    try:
        numbered = numbered_versions(written["versions"])
        default = default_among(written, numbered)
    except PydanticCustomError as refusal:
        about = refusal.context or {}
        return [], [Problem(part.where(*about["at"]), about["said"], about["fix"])]
    shared = {key: value for key, value in written.items() if key != "versions"}
    found: list[Definition[S]] = []
    problems: list[Problem] = []
    for number, own in numbered.items():
        place = Part(part.document, part.prefix, (*part.prefix, "versions", str(number)))
        if not isinstance(own, dict):
            problems.append(Problem(place.where(), f"must be an object {{...}}, not {shown(own)}"))
            continue
        merged = {**shared, **own, "version": number, "default_version": default}
        definitions, wrong = _defined(kind, place, merged)
        found += definitions
        problems += [problem for problem in wrong if problem not in problems]
    return found, problems
