"""What all things of the configuration language share: names, values and versions."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    Strict,
    WithJsonSchema,
    model_validator,
)
from pydantic import Field as Bound

from fig_assets.config.patterns import (
    ACCOUNT,
    DAY,
    MEMORY,
    NAME,
    REFERENCE,
    SCALAR,
    SIZE,
    TAGS,
    TYPE,
)
from fig_assets.config.rules import (
    Unknown,
    check_account,
    check_memory,
    check_name,
    check_plain,
    check_reference,
    check_scalar,
    check_size,
    date_of,
    tags_of,
    wrong,
)

Name = Annotated[str, AfterValidator(check_name), WithJsonSchema(NAME)]
"""A name the user gives to a thing: `[a-z][a-z0-9_]*`, at most 63 characters, no `__`."""

Reference = Annotated[str, AfterValidator(check_reference), WithJsonSchema(REFERENCE)]
"""The name of an attribute, pinned to a version or not: `failure_rate` or `failure_rate@2`."""

Account = Annotated[str, AfterValidator(check_account), WithJsonSchema(ACCOUNT)]
"""The name of an account: `us-1`."""

Text = Annotated[str, Bound(min_length=1)]
PlainText = Annotated[Text, AfterValidator(check_plain)]
"""A text that stands for something outside: a path, a type of event."""
TypeName = Annotated[Text, WithJsonSchema(TYPE)]
Positive = Annotated[int, Strict(), Bound(ge=1, le=100_000)]
NotNegative = Annotated[int, Strict(), Bound(ge=0, le=100_000)]
Threads = Annotated[int, Strict(), Bound(ge=1, le=1_024)]
Number = Annotated[float, Strict(), Bound(allow_inf_nan=False)]
Share = Annotated[float, Strict(), Bound(ge=0, le=1)]
Flag = Annotated[bool, Strict()]
Day = Annotated[date, BeforeValidator(date_of), WithJsonSchema(DAY)]
Size = Annotated[str, BeforeValidator(check_size), WithJsonSchema(SIZE)]
"""A number of bytes with its unit: `"100GB"`."""
Memory = Annotated[str, BeforeValidator(check_memory), WithJsonSchema(MEMORY)]
"""A number of bytes with its unit, or a share of what there is: `"6GB"` or `"50%"`."""
Scalar = Annotated[
    bool | int | float | str | None, PlainValidator(check_scalar), WithJsonSchema(SCALAR)
]
Tags = Annotated[dict[str, str], BeforeValidator(tags_of), WithJsonSchema(TAGS)]


class Node(BaseModel):
    """Anything that is written as an object. Unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _mark_unknown_keys(cls, raw: object) -> object:
        """Put the known keys beside each unknown one, for the "did you mean" of its refusal."""
        if not isinstance(raw, dict):
            return raw
        known = tuple(field.alias or name for name, field in cls.model_fields.items())
        return {
            key: value if key in known or isinstance(value, Unknown) else Unknown(known)
            for key, value in raw.items()
        }


class Described(Node):
    """What documents a thing and changes no value."""

    description: str = ""
    """What it is, for people: shown in the asset graph. Changes no value."""
    owner: str | None = None
    """Who answers for it: an e-mail address, or `team:name`. Example: `"team:identity"`."""
    tags: Tags = {}
    """Words to find it by: a list, or an object of words with values. Example: `["pii"]`."""


class Attribute(Described):
    """One version of an attribute: what can be deprecated and retired.

    `deprecated` is the text shown to each consumer; `retired` stops the computation.
    """

    deprecated: Text | None = None
    """A date and what to use instead; warns each consumer. Example: `"2026-03-01 use b@2"`."""
    retired: Flag = False
    """Stops the computation; an error while any consumer is left. Stored days stay."""


T = TypeVar("T", bound=Node)
N = TypeVar("N", bound=Node)


class Versions(Node, Generic[T]):
    """All versions of one attribute, by number, and the number that unpinned readers get.

    Written either plainly (then it is version 1) or as `{"default_version": N, "versions": {...}}`.
    Without `default_version` the lowest number is the default: adding a version changes nothing.
    """

    default: int
    all: dict[int, T]

    @property
    def current(self) -> T:
        """The default version."""
        return self.all[self.default]

    @model_validator(mode="before")
    @classmethod
    def _from_either_form(cls, raw: object) -> object:
        if isinstance(raw, Mapping) and "versions" in raw:
            return _from_versions(raw)
        return {"default": 1, "all": {1: raw}}


def _from_versions(raw: Mapping[str, object]) -> dict[str, object]:
    known = ("default_version", "versions")
    strange = {key: Unknown(known) for key in raw if key not in known}
    numbered = numbered_versions(raw["versions"])
    return {"default": default_among(raw, numbered), "all": numbered, **strange}


def numbered_versions(written: object) -> dict[int, object]:
    """Turn the keys of a written `versions` object into numbers.

    Raises:
        PydanticCustomError: It is no object, is empty, or a key is not a whole number from 1.
    """
    if not isinstance(written, Mapping) or not written:
        raise wrong(
            '"versions" must be an object of version numbers, such as {"1": {...}, "2": {...}}',
            at=("versions",),
        )
    for key in written:
        if not re.fullmatch(r"[1-9][0-9]{0,8}", str(key)):
            raise wrong(
                "version {text} is not a whole number from 1",
                at=("versions", str(key)),
                text=repr(str(key)),
                fix='write the number of the version, such as "2"',
            )
    return {int(key): value for key, value in written.items()}


def default_among(raw: Mapping[str, object], numbered: Mapping[int, object]) -> int:
    """Return the written `default_version`, or the lowest number where none is written.

    Raises:
        PydanticCustomError: `default_version` is not among the versions.
    """
    default = raw.get("default_version", min(numbered))
    if type(default) is not int or default not in numbered:
        known = ", ".join(str(number) for number in sorted(numbered))
        raise wrong(
            'default_version {text} is not among the "versions"',
            at=("default_version",),
            text=repr(default),
            fix=f"use one of: {known}",
        )
    return default


def exactly_one(node: N, what: str, **ways: str | None) -> N:
    """Return `node` if exactly one of `ways` is written."""
    written = [key for key, value in ways.items() if value is not None]
    names = " or ".join(f'"{key}"' for key in ways)
    if not written:
        raise wrong(f"{what} needs {names}", fix=f'add "{next(iter(ways))}": "..."')
    if len(written) > 1:
        raise wrong(f"{what} has {names}, never both", at=(written[1],), fix="leave it out")
    return node
