"""Raw events in a table of the warehouse -> what is noted of the table, and its rows as lines."""

from collections.abc import Iterator
from dataclasses import dataclass

from fig_assets.engines.raw.event_tables import (
    EventTable,
    HasEventTables,
    TableState,
    table_lines,
)
from fig_assets.engines.raw.lines import Lines
from fig_assets.errors import WorkflowError
from fig_assets.graph.sources import Source
from fig_assets.workflow.workspace import Workspace


@dataclass(frozen=True)
class RawTable:
    """A table of events as it was when it was looked at."""

    table: EventTable
    state: TableState

    @property
    def name(self) -> str:
        """The name in rows and messages."""
        return self.table.name

    @property
    def noted(self) -> list[object]:
        """What tells whether the table is still what was read."""
        return [self.state.rows, self.state.digest]


def raw_table(workspace: Workspace, source: Source) -> RawTable:
    """Look at the table that a source, or one account of it, is.

    Raises:
        RawFileError: it is not there, or not for this role to read.
        WorkflowError: the warehouse has no tables of events.
    """
    times = dict.fromkeys(landing.time.steps for landing in source.landings)
    table = EventTable(source.path, source.column, tuple(times))
    return RawTable(table, _engine(workspace).table_state(table))


def read_table(workspace: Workspace, raw: RawTable) -> Iterator[Lines]:
    """Read the rows of a table as lines; see `table_lines`."""
    return table_lines(_engine(workspace), raw.table)


def _engine(workspace: Workspace) -> HasEventTables:
    engine = workspace.engine
    if not isinstance(engine, HasEventTables):
        kind = workspace.environment.warehouse.type
        raise WorkflowError(
            f"environment '{workspace.environment.name}': a {kind} warehouse has no tables of "
            "events\n  fix: unload the table to files with one JSON object a line"
        )
    return engine
