"""Records before and after a scoped run -> proof by digests that other columns stayed."""

from dataclasses import dataclass
from datetime import date

from fig_assets.engines.base import Engine, days_between
from fig_assets.workflow.planning.planned import Plan

Place = tuple[str, date | None]


@dataclass(frozen=True)
class Proof:
    """What a scoped run did to the files it wrote, column by column and day by day.

    `replaced` counts columns that were computed, `same` those of them that came out as they were,
    `unchanged` all others of these days, whose digests are what they were before. `disturbed` names
    others whose content is another, because another run published them meanwhile.
    """

    replaced: int
    same: int
    unchanged: int
    disturbed: tuple[str, ...] = ()


class Before:
    """The records of all days that a plan writes to, as they are now."""

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self._engine = engine
        self._planned: dict[Place, set[str]] = {}
        for work in plan.work:
            for day in _days(work.first, work.last):
                columns = self._planned.setdefault((work.relation, day), set())
                columns |= set(work.columns)
        self._records = {place: engine.partition(*place) for place in self._planned}

    def compare(self) -> Proof:
        """Compare the digest of each column with what is stored now."""
        replaced = same = unchanged = 0
        disturbed = []
        for place, columns in self._planned.items():
            after = self._engine.partition(*place)
            before = self._records[place]
            for name, stored in (after.columns if after else {}).items():
                known = before.columns.get(name) if before else None
                if name in columns:
                    replaced += known != stored
                    same += known is not None and known != stored and known.digest == stored.digest
                elif known is None or known.digest == stored.digest:
                    unchanged += known is not None
                else:
                    disturbed.append(f"{place[0]}.{name} of {place[1] or 'all days'}")
        return Proof(replaced, same, unchanged, tuple(disturbed))


def _days(first: date | None, last: date | None) -> list[date | None]:
    if first is None or last is None:
        return [None]
    return [*days_between(first, last), last]
