"""Declared checks and a day's rows -> verdicts with samples of what failed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from fig_assets.config.schema import Check
from fig_assets.errors import WorkflowError
from fig_assets.graph.nodes import Attribute, Key
from fig_assets.language.types import arrow_type
from fig_assets.sql.losses import lost_column
from fig_assets.workflow.steps.broken import Values, broken, places

SAMPLE_ROWS = 5
SCHEMA = "schema"
"""The check of a whole relation: its key is there and unique, its columns have their types."""
CONSERVATION = "conservation"
"""The check of an event: every landed line of the day is a row, or is counted with its reason."""
COMPLETE = "accounts"
"""The check of a raw source with accounts: each gave its lines."""
SET_ASIDE = "set_aside"
"""The check of a row family: how many events form no row, for want of a key or of a new one."""
TRAINED = "trained"
"""The check of a model: a champion is in force, trained anew where due, from inputs that vary."""
TRUTH = "truth"
"""The check of a label set with a table of truth: no strong label loses to a plain plurality."""
MAX_SET_ASIDE = 0.01
"""The share of a day's events that may form no row before `set_aside` warns."""


@dataclass(frozen=True)
class Verdict:
    """What one check found on one day."""

    key: Key
    name: str
    passed: bool
    blocking: bool
    failed_rows: int
    rows: int
    sample: tuple[Mapping[str, str], ...] = ()
    unit: str = "rows"
    named: str = ""
    """What fails, where it has a name."""

    @property
    def words(self) -> str:
        """One sentence for people."""
        if self.passed and not self.failed_rows:
            return f"all {self.rows} {self.unit} pass"
        told = f"{self.failed_rows} of {self.rows} {self.unit} fail"
        return f"{told}: {self.named}" if self.named else told


class ChecksFailed(WorkflowError):
    """A blocking check failed, so the day was not published."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.verdicts = tuple(verdicts)
        failed = [v for v in verdicts if v.blocking and not v.passed]
        named = "; ".join(f"{'/'.join(v.key)} {v.name}: {v.words}" for v in failed)
        super().__init__(f"not published, because a blocking check failed: {named}")


def judge(
    relation: Key,
    key: Mapping[str, pa.DataType],
    attributes: Sequence[Attribute],
    rows: pa.Table,
) -> list[Verdict]:
    """Judge one day's rows: the relation's own contract, then each declared check.

    Args:
        relation: The asset of the relation.
        key: Its key columns, which must be there and unique.
        attributes: The columns to judge.
        rows: The rows, which may have columns that say where a value was lost.

    Returns:
        A verdict for the relation and one for each check of each attribute, in order.
    """
    wrong = None
    if not _holds(key, attributes, rows):
        # Slow to import, and needed only to name the rows that are wrong.
        from fig_assets.workflow.steps.schemas import breaches

        wrong = breaches(key, attributes, rows)
    contract = Verdict(
        relation,
        SCHEMA,
        passed=wrong is None,
        blocking=True,
        failed_rows=0 if wrong is None else len(wrong) or 1,
        rows=rows.num_rows,
        sample=_sample(rows, wrong or [], list(key)),
    )
    return [contract, *judge_declared(list(key), attributes, rows)]


def _holds(key: Mapping[str, pa.DataType], attributes: Sequence[Attribute], rows: pa.Table) -> bool:
    """Tell whether rows keep the contract of a relation; if not, pandera says which do not."""
    types = {**{a.column: arrow_type(a.type) for a in attributes}, **key}
    if any(rows.schema.field(name).type != kind for name, kind in types.items()):
        return False
    keys = rows.select(list(key))
    if any(column.null_count for column in keys.columns):
        return False
    return not key or _is_unique(keys)


def _is_unique(keys: pa.Table) -> bool:
    if keys.num_columns == 1:
        (column,) = keys.combine_chunks().columns
        # Rows come sorted, where nothing went wrong.
        rises = pc.all(pc.less(column.slice(0, max(len(column) - 1, 0)), column.slice(1)))
        if rises.as_py() is not False:
            return True
    return keys.group_by(keys.column_names, use_threads=False).aggregate([]).num_rows == len(keys)


def judge_declared(
    key: Sequence[str], attributes: Sequence[Attribute], rows: pa.Table
) -> list[Verdict]:
    """Judge the declared checks alone; see `judge`."""
    return [
        _verdict(attribute, title, check, [*key], rows)
        for attribute in attributes
        for title, check in zip(check_titles(attribute.checks), attribute.checks, strict=True)
    ]


def lost_rows(rows: pa.Table, attribute: Attribute) -> int:
    """Count the rows in which a value was lost while `attribute` was computed."""
    place = rows.schema.get_field_index(lost_column(attribute))
    return 0 if place < 0 else int(pc.sum(rows.column(place)).as_py() or 0)


def lost_flags(rows: pa.Table, attribute: Attribute) -> Values:
    """Say of each row whether a value was lost while `attribute` was computed."""
    name = lost_column(attribute)
    if name not in rows.column_names:
        return pa.nulls(rows.num_rows, pa.bool_())
    return rows.column(name).combine_chunks()


def check_names(attribute: Attribute) -> list[tuple[str, bool]]:
    """Return the name of each check of an attribute and whether it blocks publication."""
    titles = check_titles(attribute.checks)
    return [(t, check.blocks) for t, check in zip(titles, attribute.checks, strict=True)]


def check_titles(checks: Sequence[Check]) -> list[str]:
    """Name checks by their kinds; the second of one kind is called `ge_2`."""
    titles: list[str] = []
    seen: Counter[str] = Counter()
    for check in checks:
        seen[check.kind] += 1
        titles.append(check.kind if seen[check.kind] == 1 else f"{check.kind}_{seen[check.kind]}")
    return titles


def _verdict(
    attribute: Attribute,
    title: str,
    check: Check,
    key: list[str],
    rows: pa.Table,
) -> Verdict:
    wrong: Values
    if check.max_lost_fraction is None:
        values = rows.column(attribute.column).combine_chunks()
        wrong = broken(check, attribute.type, values)
    else:
        wrong = lost_flags(rows, attribute)
    bad = places(wrong)
    failed = len(bad)
    return Verdict(
        attribute.key,
        title,
        passed=failed == 0 or failed / rows.num_rows <= check.allowed,
        blocking=check.blocks,
        failed_rows=failed,
        rows=rows.num_rows,
        sample=_sample(rows, bad, [*key, attribute.column]),
    )


def _sample(rows: pa.Table, bad: Sequence[int], columns: list[str]) -> tuple[dict[str, str], ...]:
    if not bad or not columns:
        return ()
    shown = rows.select(columns).take(list(bad[:SAMPLE_ROWS])).to_pylist()
    return tuple({name: str(value)[:200] for name, value in row.items()} for row in shown)
