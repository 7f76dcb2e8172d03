"""Whether each declared check can judge its attribute: the rule, with the place of each check."""

from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.config.load import Config
from fig_assets.config.schema import Check
from fig_assets.errors import Problem, Where
from fig_assets.graph.definitions import Combined, Learned, Scored
from fig_assets.graph.nodes import Attribute
from fig_assets.language.constants import EXAMPLES, constant
from fig_assets.language.steering import pattern_mend
from fig_assets.language.types import BIGINT, DATE, FLOAT, STRING, TIMESTAMP, Type

ORDERED = (BIGINT, FLOAT, TIMESTAMP, DATE)
"""The types whose values have bounds."""

BOUNDS = ("gt", "ge", "lt", "le")
VALUES = ("isin", "notin")
NONNULL = 'write "checks": "nonnull", or leave it out'
PATTERNS = ("str_matches", "str_contains")


class Misfit(Exception):
    """A check that cannot judge its attribute: what is wrong, and the mend."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message, self.fix = message, fix


def checks_fit_their_attributes(
    attributes: Iterable[Attribute], config: Config
) -> Iterator[Problem]:
    """Refuse checks that no value of their attribute's type can be judged by."""
    seen: set[Where] = set()
    for attribute in attributes:
        if attribute.about.where in seen or not attribute.checks:
            continue
        seen.add(attribute.about.where)
        for place, check in enumerate(attribute.checks):
            try:
                refuse_misfit(check, attribute)
            except Misfit as misfit:
                where = _where(config, attribute, place, check.kind)
                yield Problem(where, misfit.message, misfit.fix)


def refuse_misfit(check: Check, attribute: Attribute) -> None:
    """Raise Misfit where `check` cannot judge the values of `attribute`."""
    kind, found = check.kind, attribute.type
    written = getattr(check, kind)
    if kind == "nonnull":
        return
    if kind == "max_lost_fraction":
        if isinstance(attribute.definition, Combined | Learned | Scored):
            raise Misfit("nothing is lost on the way to this", NONNULL)
    elif found.size is not None:
        raise Misfit(f"'{kind}' cannot judge {found.words}", NONNULL)
    elif kind.startswith("str_"):
        _refuse_text_check(kind, written, found)
    elif kind == "in_range":
        _refuse_ends(_ordered(kind, found), written)
    elif kind in BOUNDS:
        _constant(written, _ordered(kind, found))
    elif kind in VALUES:
        if not written:
            raise Misfit(f"'{kind}' has no value", f'write "{kind}": [{EXAMPLES[found]}]')
        _constants(written, found)
    elif kind in ("eq", "ne"):
        _constant(written, found)


def _ordered(kind: str, found: Type) -> Type:
    if found not in ORDERED:
        fix = 'write "isin", or "str_matches" for a text' if found == STRING else 'write "eq"'
        raise Misfit(f"'{kind}' needs numbers, timestamps or dates, not {found.words}", fix)
    return found


def _refuse_ends(found: Type, written: Iterable[object]) -> None:
    low, high = (None if end is None else _constant(end, found) for end in written)
    if low is None and high is None:
        raise Misfit("'in_range' has no end", 'write "in_range": [0, null] for a lowest value')
    if low is not None and high is not None and low > high:  # type: ignore[operator]
        raise Misfit("the lowest value stands first", f'write "in_range": [{high}, {low}]')


def _refuse_text_check(kind: str, written: object, found: Type) -> None:
    if found != STRING:
        fix = 'leave it out, or declare "type": "string"'
        raise Misfit(f"'{kind}' judges texts, not {found.words}", fix)
    if kind in PATTERNS and isinstance(written, str):
        try:
            for pattern in (written, whole_pattern(written)):
                pc.match_substring_regex(pa.array(["x"]), pattern)
        except pa.ArrowInvalid as refusal:
            message = f"the pattern is refused: {refusal}"
            raise Misfit(message, pattern_mend(written)) from refusal
    if kind == "str_length" and isinstance(written, tuple):
        low, high = written
        if any(end is not None and (end < 0 or end != int(end)) for end in written):
            raise Misfit("a length is a whole number from 0", 'write "str_length": [1, 63]')
        if (low, high) == (None, None) or (None not in written and low > high):
            raise Misfit("no text has such a length", 'write "str_length": [1, 63]')


def whole_pattern(pattern: str) -> str:
    """Return the pattern of texts that match `pattern` from their first to their last character."""
    return rf"\A(?:{pattern})\z"


def _constants(written: Iterable[object], found: Type) -> None:
    for value in written:
        _constant(value, found)


def _constant(written: object, found: Type) -> object:
    if written is None:
        raise Misfit("NULL is judged by 'nonnull'", 'write "nonnull" as a check of its own')
    try:
        return constant(written, found)
    except ValueError as refusal:
        raise Misfit(str(refusal), f"write a {found} such as {EXAMPLES[found]}") from refusal


def _where(config: Config, attribute: Attribute, place: int, kind: str) -> Where:
    """Find where a check is written, by the place of its attribute."""
    at = attribute.about.where
    steps = [int(step) if step.isdigit() else step for step in at.pointer.split("/")[1:]]
    for definition in (*config.events, *config.families, *config.label_sets, *config.models):
        if definition.file == at.file:
            ways = [(*steps, "checks", place, kind), (*steps, "checks", kind), (*steps, "checks")]
            found = [definition.document.where(*way) for way in ways]
            return max(found, key=lambda where: len(where.pointer))
    return at
