"""The inputs of one day -> the columns that Python features add to its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from fig_assets.engines.base import DAY, Target
from fig_assets.errors import Problem, WorkflowError
from fig_assets.graph.definitions import Called
from fig_assets.graph.nodes import Attribute, Graph
from fig_assets.language.types import arrow_type
from fig_assets.usercode.source import CodeError

if TYPE_CHECKING:
    from fig_assets.usercode.result import Result

    Column = pa.Array[Any]


LOST = "lost__"
"""What the name of a column begins with that says which values of another were lost."""


class PythonFailed(WorkflowError):
    """A user's function did not give a column; the day was not published."""


@dataclass(frozen=True, eq=False)
class Calls:
    """The functions that make the columns of one write on one day, in the order of calling."""

    day: date
    attributes: Sequence[Attribute]

    def compute(self, inputs: pa.Table, target: Target) -> pa.Table:
        """Call every function; a day without rows calls none.

        Returns:
            `day`, the key and the columns of `target`, a row for each row of `inputs`, and beside
            each column which of its values were none of its type (see `LOST`).

        Raises:
            PythonFailed: a function raised, or gave something that is no such column.
        """
        columns: dict[str, Column] = {}
        for name in inputs.column_names:
            columns[name] = inputs.column(name).combine_chunks()
        for attribute in self.attributes:
            found = self._call(attribute, columns, inputs.num_rows)
            columns[attribute.column] = found.column
            columns[f"{LOST}{attribute.column}"] = found.lost
        lost = (f"{LOST}{attribute.column}" for attribute in self.attributes)
        wanted = (DAY, *target.names, *lost)
        return pa.table({name: columns[name] for name in wanted})

    def inputs(self) -> dict[str, pa.DataType]:
        """Return the stored columns that the functions are given, with their types."""
        made = {attribute.column for attribute in self.attributes}
        return {
            column: arrow_type(called.types[label])
            for attribute in self.attributes
            if isinstance(called := attribute.definition, Called)
            for label, column in called.columns.items()
            if column not in made
        }

    def _call(self, attribute: Attribute, columns: "dict[str, Column]", rows: int) -> "Result":
        from fig_assets.usercode.result import Result, to_column

        called, kind = attribute.definition, arrow_type(attribute.type)
        if not isinstance(called, Called):
            raise TypeError(attribute.identity)
        if not rows:
            return Result(pa.array([], kind), pa.array([], pa.bool_()))
        given = pa.table({label: columns[name] for label, name in called.columns.items()})
        try:
            returned = called.function.call(given)
            return to_column(returned, rows, kind, attribute.type.size)
        except CodeError as refusal:
            location = called.function.location
            said = refusal.message.removeprefix(f"{location} ")
            fix = f"\n  fix: {refusal.fix}" if refusal.fix else ""
            message = f"{attribute.identity} of {self.day}: {location} {said}{fix}"
            raise PythonFailed(message) from refusal


def function_problems(graph: Graph) -> tuple[Problem, ...]:
    """Import every function that a feature names, and see that it can be called with one table.

    Returns:
        A problem for each that cannot.
    """
    problems: dict[str, Problem] = {}
    for attribute in graph.attributes.values():
        if isinstance(attribute.definition, Called):
            try:
                attribute.definition.function.load()
            except CodeError as refusal:
                where = attribute.about.where
                problems[str(where)] = Problem(where, refusal.message, refusal.fix)
    return tuple(problems.values())
