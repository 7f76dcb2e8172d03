"""Raw lines as a project sees them: where they are, and how they become candidates."""

from dataclasses import dataclass, replace

from fig_assets.language.paths import Path

IN_WAREHOUSE = "snowflake"
"""The format of a source that is a table of the warehouse, each row of which is a line."""
LINES = ("json", IN_WAREHOUSE)
"""The formats of sources that events are read from."""
PAYLOAD_COLUMN = "PAYLOAD"
DATE = "{date}"
"""What stands for a file's day in a path."""


@dataclass(frozen=True)
class Source:
    """Raw files of one environment; a file of day F holds events of F-late_days to F.

    Or a table of the warehouse, whose name is `path` and whose payloads are in `column`.
    `landings` are the shares it is split into: by each distinct choice of the paths for time, id
    and event type. `late_days` is the longest of its accounts'.
    """

    name: str
    format: str
    path: str
    late_days: int
    landings: tuple["Landing", ...]
    account: str | None = None
    """The account that all these files are of, where the environment says so."""
    accounts: tuple["Source", ...] = ()
    """The files of each account, where there are any; `path` is that of the first."""
    column: str = PAYLOAD_COLUMN

    @property
    def parts(self) -> tuple["Source", ...]:
        """The files that are read on their own: those of each account, or all."""
        return self.accounts or (self,)

    def of_account(self, name: str, path: str, late_days: int, column: str) -> "Source":
        """Return the part that is one account's, with landing relations of its own."""
        landings = tuple(landing.of_account(name) for landing in self.landings)
        return replace(
            self,
            path=path,
            late_days=late_days,
            landings=landings,
            account=name,
            column=column,
        )

    @property
    def is_in_warehouse(self) -> bool:
        """Whether its lines are the rows of a table of the warehouse."""
        return self.format == IN_WAREHOUSE

    @property
    def is_dated(self) -> bool:
        """Whether each file belongs to a day."""
        return DATE in self.path

    @property
    def is_landed(self) -> bool:
        """Whether its lines are read into landing relations; a table is read where it stands."""
        return bool(self.landings)

    @property
    def key(self) -> tuple[str, ...]:
        """The asset key."""
        return ("raw", self.name)


@dataclass(frozen=True)
class Landing:
    """How lines of a source become candidates for events: three payload paths.

    The events of day D found in files dated D+k stand in the relation `<relation>/<k>`, day D.
    """

    relation: str
    event_type: Path | None
    time: Path
    id: Path | None
    event_names: tuple[str, ...] = ()
    """The event types it is for; empty where it is for every line."""

    def of_account(self, account: str) -> "Landing":
        """Return the landing of one account's lines: `landing/events@us-1`."""
        kind, source, *rest = self.relation.split("/")
        return replace(self, relation="/".join([kind, f"{source}@{account}", *rest]))
