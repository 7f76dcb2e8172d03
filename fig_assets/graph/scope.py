"""Names -> attributes: the one place where `$name` and `name@2` are looked up and cycles found."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, NoReturn, TypeVar

from sqlglot import exp

from fig_assets.config.load import Config, Definition
from fig_assets.config.schema import Attribute as AttributeSpec
from fig_assets.config.schema import Described, Environment, Project
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Computed
from fig_assets.graph.mends import comparison, mended_type, nearest, retired
from fig_assets.graph.nodes import EVENT_ID, EVENT_TIME, About, Attribute, Input, Key, label_of
from fig_assets.graph.owners import Choice, Owner, Refused, Rows, Symbol
from fig_assets.graph.pins import Pins
from fig_assets.graph.symbols import attribute_key, choices, place
from fig_assets.language.functions import FUNCTIONS, infer
from fig_assets.language.parse import (
    Expression,
    ExpressionError,
    Reference,
    aggregate_nodes,
    canonical,
    excerpt,
    parse,
    span,
)
from fig_assets.language.tree import AGGREGATES
from fig_assets.language.types import BOOLEAN, STRING, Type, convertible, parse_type
from fig_assets.usercode.modules import Modules

__all__ = [
    "Bound",
    "Choice",
    "Owner",
    "Refused",
    "Rows",
    "Scope",
    "Symbol",
    "about",
    "attribute_key",
    "bind",
    "choices",
    "condition",
    "place",
    "refuse_aggregates",
]

T = TypeVar("T")

DEEPEST = 60
"""How long a chain of attributes that read each other may be; far below Python's own limit."""


COMPARED = 100_000
"""So many names are compared with wrong ones, for the mends of the first of very many problems."""


@dataclass
class Scope:
    """Everything that is known while a project is resolved."""

    config: Config
    owners: dict[str, Owner] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    resolved: dict[Symbol, Attribute] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    """Names that are defined, but wrongly; whoever reads them is refused without a word."""
    unsure: set[str] = field(default_factory=set)
    """Owners of which some attributes are unknown, because of what they join."""
    pins: Pins = field(default_factory=Pins)
    _parsed: dict[tuple[str, Where], Expression] = field(default_factory=dict)
    """By place, too: the types that a text has at one place are written into its tree."""
    _told: set[Problem] = field(default_factory=set)
    _compared: int = 0
    _broken: set[Symbol] = field(default_factory=set)
    _visiting: list[Symbol] = field(default_factory=list)
    _reading: list[tuple[Where, str, Reference]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take over what the lock says of references."""
        if self.config.lock is not None:
            self.pins = Pins(self.config.lock.references)

    @cached_property
    def modules(self) -> Modules:
        """The project's own Python, read when the first feature names some."""
        return Modules(self.config.folder / "python")

    @cached_property
    def model_code(self) -> Modules:
        """The project's own training code, read when the first model names some."""
        return Modules(self.config.folder / "models" / "code", self.config.root)

    @property
    def environment(self) -> Environment:
        """Where things are."""
        return self.config.environment.spec

    @property
    def project(self) -> Project:
        """What the project says of itself."""
        return self.config.project.spec

    def attribute(self, symbol: Symbol, where: Where) -> Attribute:
        """Return the attribute of `symbol`, which `where` reads; raises Refused."""
        if symbol in self.resolved:
            return self.resolved[symbol]
        if symbol in self._broken:
            raise Refused
        if symbol in self._visiting:
            start = self._visiting.index(symbol)
            cycle = " -> ".join(str(s) for s in [*self._visiting[start:], symbol])
            fix = "let one of them read something else"
            self.refuse(where, f"attributes read each other in a circle: {cycle}", fix)
        if len(self._visiting) >= DEEPEST:
            message = f"{symbol} is read through a chain of more than {DEEPEST} attributes"
            self.refuse(where, message, "write a part of the chain as one expression")
        self._visiting.append(symbol)
        try:
            with self.pins.reading(str(symbol)):
                attribute = self.owners[symbol.owner].resolve(symbol)
        except Refused:
            self._broken.add(symbol)
            raise
        finally:
            self._visiting.pop()
        number = self.number(attribute.key)
        if number is not None:
            attribute = replace(attribute, number=number)
        self.resolved[symbol] = attribute
        return attribute

    def number(self, key: Key) -> int | None:
        """Return the id that the lock gave to an attribute version, if it has one."""
        return self.config.lock.number(key) if self.config.lock is not None else None

    def owner(self, name: str) -> Owner | None:
        """Return what is called `name`; raises Refused where it is defined wrongly."""
        if name in self.absent:
            raise Refused
        return self.owners.get(name)

    def each(self, steps: Iterable[Callable[[], T]]) -> list[T]:
        """Take every step, so that each can tell its problems; raises Refused if one was."""
        found: list[T] = []
        refused = False
        for step in steps:
            try:
                found.append(step())
            except Refused:
                refused = True
        if refused:
            raise Refused
        return found

    def refuse(self, where: Where, message: str, fix: str = "", excerpt: str = "") -> NoReturn:
        """Record a problem and stop resolving what it belongs to."""
        self.report(Problem(where, message, fix, excerpt=excerpt))
        raise Refused

    def warn(self, where: Where, message: str, fix: str = "") -> None:
        """Record a warning."""
        self.report(Problem(where, message, fix, "warning"))

    def report(self, problem: Problem) -> None:
        """Record a problem, once, and go on."""
        if self._reading and not problem.excerpt:
            where, text, reference = self._reading[-1]
            if where == problem.where:
                problem = replace(problem, excerpt=excerpt(text, reference.start, reference.end))
        if problem not in self._told:
            self._told.add(problem)
            self.problems.append(problem)

    def nearest(self, name: str, known: Iterable[str], mark: str = "", *, quote: str = "") -> str:
        """See `mends.nearest`; names are compared until `COMPARED` of them were."""
        if self._compared >= COMPARED:
            return "write a name that is defined"
        names = set(known)
        self._compared += len(names)
        return nearest(name, names, mark, quote)

    def pick(self, owner: Owner, name: str, version: int | None, where: Where) -> Symbol:
        """Choose a version of `owner`'s attribute `name`; raises Refused where there is none."""
        choice = owner.names().get(name)
        mark = self.mark(where)
        if choice is None or (version is not None and version not in choice.versions):
            self.refuse_retired(owner, name, version, where)
        if choice is None and owner.name in self.unsure:
            raise Refused
        if choice is None:
            fix = self.nearest(name, owner.names(), mark)
            self.refuse(where, f"'{name}' is not known in {owner.what}", fix)
        if version is not None and version not in choice.versions:
            known = ", ".join(f"{mark}{name}@{number}" for number in choice.versions)
            self.refuse(where, f"{name}@{version} is no version of {owner.what}", f"use {known}")
        return Symbol(owner.name, name, version or self.chosen(owner, name, choice, where))

    def chosen(self, owner: Owner, name: str, choice: Choice, where: Where) -> int:
        """Choose what a reference without a version stands for; raises Refused where it is gone.

        The fields of the raw line itself have one version for ever, so nothing is recorded.
        """
        if name in (EVENT_TIME, EVENT_ID) or choice.is_built_in:
            return choice.default
        version = self.pins.version(owner.name, name, choice.default)
        if version not in choice.versions:
            reader = self.pins.reader
            message = f"{reader} was locked with {owner.name}.{name}@{version}, which is gone"
            fix = f"keep that version, or run: fig lock --follow {reader}"
            self.refuse(where, message, fix)
        return version

    def refuse_retired(self, owner: Owner, name: str, version: int | None, where: Where) -> None:
        """Refuse to read what is retired, and say what to read; other names are let through."""
        gone = retired(self.config, owner.name, name)
        choice = owner.names().get(name)
        if (version is None and choice is not None) or not gone:
            return
        number = max(gone) if version is None else version
        if number not in gone:
            return
        said = f"{name}@{number} of {owner.what} is retired"
        fix = f"use {self.mark(where)}{name}@{choice.default}" if choice else "read something else"
        self.refuse(where, f"{said}: {gone[number]}" if gone[number] else said, fix)

    def mark(self, where: Where) -> str:
        """Return what stands before names at `where`: `$` inside expressions."""
        return "$" if self._reading and self._reading[-1][0] == where else ""

    def reading(
        self, text: str, where: Where, lookup: Callable[[Reference], T]
    ) -> Callable[[Reference], T]:
        """Return `lookup` so that what it refuses at `where` has a caret under the reference."""

        def look(reference: Reference) -> T:
            self._reading.append((where, text, reference))
            try:
                return lookup(reference)
            finally:
                self._reading.pop()

        return look

    def rows(self, name: str, where: Where) -> Rows:
        """Return the row family of that name; raises Refused where there is none such."""
        owner = self.owner(name)
        if not isinstance(owner, Rows):
            known = [other.name for other in self.owners.values() if isinstance(other, Rows)]
            self.refuse(where, f"'{name}' is not a row family", self.nearest(name, known))
        return owner

    def expression(self, text: str, where: Where) -> Expression:
        """Parse the text of an expression; raises Refused."""
        known = self._parsed.get((text, where))
        if known is not None:
            return known
        try:
            expression = parse(text)
            for call in expression.tree.find_all(exp.Anonymous):
                is_counted = call.name in AGGREGATES and len(call.expressions) != 1
                if call.name not in FUNCTIONS or is_counted:
                    # Told before names are looked up: whether it aggregates decides where they are.
                    infer(call, lambda _: STRING)
        except ExpressionError as error:
            self.refuse_expression(error, text, where)
        self._parsed[text, where] = expression
        return expression

    def refuse_expression(self, error: ExpressionError, text: str, where: Where) -> NoReturn:
        """Record what is wrong inside an expression, with a caret under it."""
        message, mend = mended_type(error.message, quote="")
        self.refuse(where, message, error.fix or mend, error.excerpt(text))

    def type_of(self, name: str, where: Where) -> Type:
        """Read the name of a type; raises Refused."""
        try:
            return parse_type(name)
        except ValueError as error:
            self.refuse(where, *mended_type(str(error)))

    def infer(
        self, expression: Expression, where: Where, type_of: Callable[[Reference], Type]
    ) -> Type:
        """Infer the type of an expression; raises Refused."""
        try:
            return infer(expression.tree, type_of)
        except ExpressionError as error:
            self.refuse_expression(error, expression.text, where)

    def declared(self, name: str | None, inferred: Type, where: Where) -> Type:
        """Return the declared type, or the inferred one where none is written."""
        if name is None:
            return inferred
        wanted = self.type_of(name, where)
        if not convertible(inferred, wanted):
            fix = f'write "{inferred}"'
            self.refuse(where, f"{inferred.words} cannot become {wanted.words}", fix)
        return wanted

    def granularity(self, name: str | None, inferred: Type, where: Where) -> Type:
        """Return the type of a granularity, as `declared`; raises Refused for an embedding."""
        found = self.declared(name, inferred, where)
        if found.size is not None:
            self.refuse(where, f"{found.words} is no granularity", "group by a simple value")
        return found


@dataclass(frozen=True, eq=False)
class Bound:
    """An expression whose names are resolved: how to compute it, what it reads, what it means."""

    computed: Computed
    attributes: tuple[Attribute, ...]
    meaning: str

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The attributes it reads on its own day."""
        return tuple(dict.fromkeys(Input(attribute.key) for attribute in self.attributes))


def bind(
    scope: Scope,
    text: str,
    where: Where,
    lookup: Callable[[Reference], Attribute],
    column: Callable[[Attribute], str] = lambda attribute: attribute.column,
) -> Bound:
    """Resolve a row expression; `lookup` gives the attribute of each reference.

    `column` names the column that holds an attribute where the expression is computed.

    Raises:
        Refused: the text, a name or a type is wrong; the problem is recorded.
    """
    expression = scope.expression(text, where)
    refuse_aggregates(scope, expression, where, "an aggregate needs many rows, and here is one")
    look = scope.reading(text, where, lookup)
    labels: dict[str, Reference] = {}
    for reference in expression.references:
        labels.setdefault(label_of(reference), reference)
    values = scope.each(partial(look, ref) for ref in labels.values())
    found = dict(zip(labels, values, strict=True))
    types = {label: attribute.type for label, attribute in found.items()}
    result = scope.infer(expression, where, lambda ref: types[label_of(ref)])
    columns = {label: column(attribute) for label, attribute in found.items()}
    meaning = canonical(expression.tree, lambda ref: found[label_of(ref)].identity)
    computed = Computed(expression, columns, types, result)
    return Bound(computed, tuple(found.values()), meaning)


def condition(
    scope: Scope,
    text: str,
    where: Where,
    lookup: Callable[[Reference], Attribute],
    column: Callable[[Attribute], str] = lambda attribute: attribute.column,
) -> Bound:
    """Resolve a row expression that is TRUE, FALSE or NULL; see `bind`."""
    bound = bind(scope, text, where, lookup, column)
    found = bound.computed.result
    if found != BOOLEAN:
        whole = excerpt(text, 0, len(text))
        scope.refuse(where, f"gives a {found}, not a boolean", comparison(text, found), whole)
    return bound


def refuse_aggregates(
    scope: Scope, expression: Expression, where: Where, message: str, fix: str = ""
) -> None:
    """Refuse an aggregate where there is one row only."""
    for call in aggregate_nodes(expression.tree):
        fix = fix or 'aggregate in a family with a "period"'
        scope.refuse(where, message, fix, excerpt(expression.text, *span(call)))


def about(definition: Definition[Any], spec: Described, *path: str | int) -> About:
    """Collect what documents a thing, with the place where it is written."""
    deprecated = spec.deprecated if isinstance(spec, AttributeSpec) else None
    return About(definition.where(*path), spec.description, spec.owner, dict(spec.tags), deprecated)
