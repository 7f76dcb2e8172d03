"""The prover proves what is right, and finds what is wrong in engines that are made wrong."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from sqlglot import exp

from fig_assets.engines.base import (
    Audit,
    Column,
    DayRows,
    Engine,
    Scan,
    Target,
    Written,
    relation,
    scan_of,
)
from fig_assets.engines.duckdb import DuckDBEngine
from fig_assets.engines.lake.lake import Lake
from fig_assets.errors import EngineError
from fig_assets.graph.period import Window
from fig_assets.sql.expressions import on_days
from fig_assets.workflow.proving.proof_compare import Proof
from fig_assets.workflow.proving.prove import Proved, prove
from tests.workflow.projects import Json, Project, write_project

ORDER: Json = {
    "name": "order",
    "event_name": "order",
    "fields": {
        "session": "session:id",
        "shop": "shop::bigint",
        "amount": "amount::float",
        "country": "country",
        "is_refund": {"function": "$amount < 0"},
    },
}
SHOP: Json = {
    "name": "shop",
    "granularity": "shop",
    "period": ["2d_by_day"],
    "groups": [
        {
            "source": "order",
            "granularity_field": "shop",
            "features": {
                "orders": "@COUNT(*)",
                "refunds": "@SUM($is_refund)",
                "countries": "@COUNT_DISTINCT($country)",
                "refund_rate": "$refunds / $orders",
            },
        }
    ],
}
REQUEST: Json = {
    "name": "request",
    "granularity": "session",
    "granularity_type": "string",
    "groups": [
        {
            "source": "order",
            "granularity_field": "session",
            "features": {"shop": "$shop", "amount": "$amount"},
        },
        {
            "source": "shop",
            "granularity_match": {"field": "shop", "period": "2d_by_day"},
            "features": "*",
            "no_match": "zero",
        },
        {"features": {"odd": "$shop_2d_refund_rate > 0.5 OR $amount > 10"}},
    ],
}
FRAUD: Json = {
    "name": "fraud",
    "family": "request",
    "classes": ["fine", "fraud"],
    "weak_labels": {"refunds": {"when": "$shop_2d_refunds > 1", "vote": "fraud"}},
    "strong_labels": {"majority": {"method": "plurality_vote", "default": "fine"}},
}
CONFIGS: Json = {
    "events/order.json": ORDER,
    "features/all.json": [SHOP, REQUEST],
    "labels/fraud.json": FRAUD,
}


@dataclass(frozen=True)
class Mutation:
    """Moves the first and the last day that statements read of some relation."""

    relation: str
    first: int = 0
    last: int = 0

    def __call__(self, kind: str, path: str, root: Path) -> Engine:
        """Open an engine that reads wrongly."""
        return Misreading(Lake(root / path), self)


class Misreading(DuckDBEngine):
    """An engine whose statements read other days than they say."""

    def __init__(self, lake: Lake, mutation: Mutation) -> None:
        super().__init__(lake)
        self.mutation = mutation

    def query(self, tree: exp.Query, tables: dict[str, pa.Table] | None = None) -> pa.Table:
        """Move the days of the relation, in its files and in the condition on `day`."""
        changed = tree.copy()
        for table in list(changed.find_all(exp.Table)):
            scan = scan_of(table)
            if scan and scan.relation.startswith(self.mutation.relation):
                self._move(table, scan)
        return super().query(changed, tables)

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """Leave it to the statements of single days, whose days can be moved."""
        raise EngineError(f"{len(targets)} days of {type(rows).__name__} are computed one by one")

    def _move(self, table: exp.Table, scan: Scan) -> None:
        assert scan.start
        assert scan.end
        days = Window(
            scan.start + timedelta(days=self.mutation.first),
            scan.end + timedelta(days=self.mutation.last),
        )
        select = table.parent_select
        assert isinstance(select, exp.Select)
        other = relation(scan.relation, scan.columns, days.start, days.end)
        other.set("alias", table.args["alias"])
        table.replace(other)
        select.set("where", exp.Where(this=on_days(days)))


class Stretching(DuckDBEngine):
    """An engine whose statements over several days put each day into one window too many."""

    def compute_days(self, targets: Mapping[date, Target], rows: exp.Query) -> Iterator[DayRows]:
        """Count up how far ahead of a day the windows end that hold it."""
        changed = rows.copy()
        for call in list(changed.find_all(exp.Anonymous)):
            if call.name == "LEAST":
                days = call.expressions[1]
                days.replace(exp.Literal.number(int(days.name) + 1))
        return super().compute_days(targets, changed)


class Touching(DuckDBEngine):
    """An engine that writes the day before too, with the same rows and another note."""

    def replace_days(
        self,
        target: Target,
        rows: exp.Query | pa.Table,
        days: Sequence[date],
        audit: Audit | None = None,
    ) -> tuple[Written, ...]:
        """Write, and touch the neighbour."""
        written = super().replace_days(target, rows, days, audit)
        before = days[0] - timedelta(days=1)
        stored = self.partition(target.relation, before)
        if target.relation == "label_sets/fraud" and stored:
            times = int(stored.notes.get("times", "0")) + 1
            columns = tuple(Column(c.name, c.type, c.fingerprint, c.reads) for c in target.columns)
            noted = Target(
                target.relation, target.key, columns, target.whole, notes={"times": str(times)}
            )
            names = [exp.column(name) for name in target.names]
            shape = {"day": pa.date32(), **{c.name: c.type for c in columns}}
            scan = relation(target.relation, shape, before, days[0])
            tree = exp.select("day", *names).from_(scan)
            super().replace_days(noted, self.query(tree), [before])
        return written


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return write_project(tmp_path_factory.mktemp("prove"), CONFIGS, start="2024-01-01")


def proofs(proved: Proved) -> dict[str, Proof]:
    return {proof.name: proof for proof in proved.proofs}


def broken(proved: Proved) -> set[str]:
    return {proof.name for proof in proved.proofs if not proof.holds}


def test_a_sound_project_holds_and_says_how_much_was_compared(project: Project) -> None:
    proved = prove(project.workspace.config, project.graph)

    assert proved.holds, [str(d) for proof in proved.proofs for d in proof.differences]
    assert all(proof.values > 20 for proof in proved.proofs)
    assert not project.lake.exists()


def test_a_join_that_sees_the_rows_own_day_is_found_with_the_event_that_shows_it(
    project: Project,
) -> None:
    mutation = Mutation("families/shop/", first=1, last=1)
    proved = prove(project.workspace.config, project.graph, open_with=mutation)

    assert broken(proved) == {"no future", "point-in-time joins"}
    seen = proofs(proved)["no future"].differences
    assert {d.relation for d in seen} <= {"families/request", "label_sets/fraud"}
    first = seen[0]
    assert first.day == proved.days[-1]
    assert first.column.startswith(("shop_2d_", "odd"))
    assert f"the added event of {proved.days[-1]}" in first.cause
    assert '"kind": "order"' in first.cause


def test_a_window_with_the_day_after_its_last_is_found(project: Project) -> None:
    mutation = Mutation("states/shop/", last=1)
    proved = prove(project.workspace.config, project.graph, open_with=mutation)

    assert {"no future", "windows hold exactly their days"} <= broken(proved)
    early = [d for d in proofs(proved)["no future"].differences if "families/shop" in d.relation]
    assert early[0].day == proved.days[-2]
    assert "the added event of" in early[0].cause


def test_a_window_with_the_day_before_its_first_is_found(project: Project) -> None:
    mutation = Mutation("states/shop/", first=-1)
    proved = prove(project.workspace.config, project.graph, open_with=mutation)

    assert broken(proved) == {"windows hold exactly their days"}
    first = proofs(proved)["windows hold exactly their days"].differences[0]
    assert first.found == "there"
    assert "the window is" in str(first)


def test_windows_that_hold_one_day_too_many_in_a_range_are_found(project: Project) -> None:
    proved = prove(
        project.workspace.config,
        project.graph,
        open_with=lambda kind, path, root: Stretching(Lake(root / path)),
    )

    assert "windows hold exactly their days" in broken(proved)


def test_a_neighbour_that_is_written_too_is_found(project: Project) -> None:
    proved = prove(
        project.workspace.config,
        project.graph,
        open_with=lambda kind, path, root: Touching(Lake(root / path)),
    )

    assert broken(proved) == {"filling one day leaves its neighbours"}
    [difference] = proofs(proved)["filling one day leaves its neighbours"].differences
    middle = proved.days[len(proved.days) // 2]
    assert f"label_sets/fraud/day={middle - timedelta(days=1)}" in difference.relation
