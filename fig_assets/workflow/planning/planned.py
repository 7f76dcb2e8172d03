"""The plan as data: what has to be computed, column by column and day by day; to and from JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date

from pydantic import TypeAdapter, ValidationError

from fig_assets.errors import WorkflowError
from fig_assets.workflow.steps.stale import Reason

FORMAT = 1


@dataclass(frozen=True)
class Work:
    """The same columns of consecutive days of one relation, computed by one op.

    `first` and `last` are None where there are no days. `rows` and `bytes` are estimated from the
    same or the nearest stored day, over all days; None where nothing like it is stored.
    `rows_may_change` says that the set of rows may become another, and with it every column.
    """

    op: str
    relation: str
    first: date | None
    last: date | None
    columns: Mapping[str, Reason]
    rows_may_change: bool = False
    rows: int | None = None
    bytes: int | None = None

    @property
    def days(self) -> int:
        """How many days these are; 1 where there are none."""
        return (self.last - self.first).days + 1 if self.first and self.last else 1


@dataclass(frozen=True)
class Standing:
    """Where one attribute version stands: new, changed, unchanged, removed or deprecated.

    `missing`, `stale`, `unknown` and `current` count days of the plan; `computed` says that some of
    them are to be computed. `consumers` name what reads it.
    """

    key: str
    identity: str
    number: int | None
    status: str
    missing: int = 0
    stale: int = 0
    unknown: int = 0
    current: int = 0
    deprecated: str | None = None
    consumers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is missing, stale or unknown in the days `start` to `end`, and what to do about it.

    `means` identifies the meaning of the project that the plan was made for. `models` and
    `label_sets` are those that read something of it, or are part of it; `untouched` counts stored
    columns of days that stay as they are.
    """

    project: str
    environment: str
    means: str
    rule: int
    start: date
    end: date
    work: tuple[Work, ...] = ()
    unknown: tuple[Work, ...] = ()
    attributes: tuple[Standing, ...] = ()
    models: tuple[str, ...] = ()
    label_sets: tuple[str, ...] = ()
    untouched: int = 0
    upgrade_rules: bool = False
    format: int = field(default=FORMAT)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.work

    @property
    def cells(self) -> int:
        """How many columns of days are computed."""
        return sum(len(work.columns) * work.days for work in self.work)

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON values, and `something_to_do`."""
        found: dict[str, object] = json.loads(json.dumps(asdict(self), default=str))
        return {"something_to_do": not self.is_empty, **found}

    def to_text(self) -> str:
        """Write the plan as a file."""
        return json.dumps(self.as_json(), indent=1) + "\n"


def read_plan(text: str, name: str) -> Plan:
    """Read the text of a plan file.

    Raises:
        WorkflowError: it is no plan, or one of another program.
    """
    again = f"make it again: fig plan --out {name}"
    try:
        raw = json.loads(text)
        if not isinstance(raw, dict) or raw.get("format") != FORMAT:
            raise WorkflowError(
                f"{name}: not a plan, or written by another version\n  fix: {again}"
            )
        raw.pop("something_to_do", None)
        return TypeAdapter(Plan).validate_python(raw)
    except (json.JSONDecodeError, ValidationError) as refusal:
        first = str(refusal).splitlines()[0]
        raise WorkflowError(f"{name}: not a plan: {first}\n  fix: {again}") from refusal
