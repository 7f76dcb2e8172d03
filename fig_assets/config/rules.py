"""What a single written value must look like, and how a refusal is handed on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from pydantic_core import PydanticCustomError

from fig_assets.config.patterns import ACCOUNT, MEMORY, SIZE

RESERVED = ("day", "event_time", "event_id")


@dataclass(frozen=True)
class Unknown:
    """Stands for the value of a key that its object does not have; `known` are those it has."""

    known: tuple[str, ...]


def wrong(
    message: str, *, fix: str = "", at: tuple[str | int, ...] = (), text: str = ""
) -> PydanticCustomError:
    """Return a refusal in the user's words.

    Args:
        message: What is wrong; `{text}` in it is replaced by `text`.
        fix: A mend that can be pasted.
        at: Where, below the value that is validated.
        text: The offending text.
    """
    said = message.replace("{text}", text)
    return PydanticCustomError("wrong", "{said}", {"said": said, "fix": fix, "at": at})


def check_name(name: str) -> str:
    """Return `name`, or raise the reason why nothing may be called so."""
    if name in RESERVED or name.startswith("window_"):
        raise wrong(
            f"the name {_quoted(name)} is taken: day, event_time, event_id and window_* are columns"
            " of every relation",
            fix=f'write "{name.rstrip("_")}_of_source" or another name',
        )
    if "__" in name:
        raise wrong(
            f"the name {_quoted(name)} has two underscores in a row, which are reserved for"
            " versions",
            fix=_suggested(name),
        )
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise wrong(
            f"{_quoted(name)} is not a name: names are lower-case letters, digits and _, and start"
            " with a letter",
            fix=_suggested(name),
        )
    if len(name) > 63:
        raise wrong(f"the name {_quoted(name)} has {len(name)} characters; 63 are allowed")
    return name


def check_account(name: str) -> str:
    """Return `name` if an account can be called so: it is the name of a folder, too."""
    if re.fullmatch(ACCOUNT["pattern"], name):
        return name
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63]
    raise wrong(
        f"{_quoted(name)} is no name of an account: lower-case letters, digits, and single - _ . "
        "between them",
        fix=f'write "{plain}"' if plain else "",
    )


def check_plain(text: str) -> str:
    """Return `text` if it has no NUL, which neither paths nor statements can hold."""
    if "\0" in text:
        raise wrong("there is a NUL character (\\u0000) in the text", fix="leave it out")
    return text


def check_reference(name: str) -> str:
    """Return `name` if it can name an attribute, pinned or not (`a`, `a@2`)."""
    if re.fullmatch(r"[a-z][a-z0-9_]{0,62}(@[1-9][0-9]{0,8})?", name):
        return name
    fix = name.removeprefix("$")
    raise wrong(
        f'{_quoted(name)} does not name a feature: write "failure_rate" or "failure_rate@2"',
        fix=f'write "{fix}"' if re.fullmatch(r"[a-z][a-z0-9_]*(@[1-9]\d*)?", fix) else "",
    )


def check_prefix(prefix: object) -> object:
    """Return `prefix` if a name may start with it; the empty text is fine."""
    if isinstance(prefix, str) and not re.fullmatch(r"([a-z]([a-z0-9]|_(?!_))*)?", prefix):
        raise wrong(
            f"{_quoted(prefix)} cannot start a name: prefixes are lower-case letters, digits and"
            " single _, and start with a letter",
            fix=_suggested(prefix),
        )
    return prefix


def check_size(value: object) -> object:
    """Return `value` if it is a size in bytes with its unit: `"6GB"`."""
    return _sized(value, SIZE)


def check_memory(value: object) -> object:
    """Return `value` if it is a size with its unit, or a share of the memory: `"50%"`."""
    return _sized(value, MEMORY)


def _sized(value: object, form: Mapping[str, str]) -> object:
    if isinstance(value, str) and re.fullmatch(form["pattern"], value):
        return value
    said = re.fullmatch(r"\s*([0-9]*[1-9][0-9]*)\s*([kmgt])(i?)b?\s*", str(value), re.IGNORECASE)
    meant = f"{said[1]}{said[2].upper()}{said[3].lower()}B" if said else "6GB"
    raise wrong(f"must be {form['patternErrorMessage']}", fix=f'write "{meant}"')


def check_scalar(value: object) -> object:
    """Return `value` if it is a text, a number, true, false or null."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise wrong("must be a text, a number, true, false or null")


def date_of(value: object) -> object:
    """Turn a text YYYY-MM-DD into its day."""
    if isinstance(value, date):
        return value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            fix = 'write a day such as "2024-03-15"'
            raise wrong(f"there is no day {_quoted(value)}", fix=fix) from None
    raise wrong("must be a day (UTC)", fix='write a day such as "2024-03-15"')


def tags_of(value: object) -> object:
    """Turn a list of tags into an object of tags without values."""
    if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return dict.fromkeys(value, "")
    return value


def _quoted(text: str) -> str:
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f"'{shown}'" if shown.isprintable() else repr(shown)


def _suggested(name: str) -> str:
    """Return the nearest legal name as a mend, or nothing."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    plain = re.sub(r"_+", "_", re.sub(r"[^a-z0-9_]+", "_", spaced.lower())).strip("_")[:63]
    return f'write "{plain}"' if re.match(r"[a-z]", plain) else ""
