"""Days to compute -> about how many rows and bytes they will have, from stored neighbours."""

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date

from fig_assets.engines.base import Engine


class Estimates:
    """Looks at the records of a lake; remembers which days each relation has."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._days: dict[str, tuple[date, ...]] = {}

    def of(self, relation: str, days: Sequence[date | None]) -> tuple[int | None, int | None]:
        """Return rows and bytes of `days` together; None where nothing like them is stored.

        A day that is stored counts as it is, another as the nearest stored day. The bytes are
        those of whole files: a file is rewritten when one of its columns is.
        """
        rows = size = 0
        for day in days:
            known = day if day is None else self._nearest(relation, day)
            stored = self._engine.partition(relation, known)
            if stored is None:
                return None, None
            rows += stored.rows
            size += self._engine.size(relation, known)
        return rows, size

    def _nearest(self, relation: str, day: date) -> date:
        stored = self._days.get(relation)
        if stored is None:
            stored = self._days[relation] = self._engine.days(relation)
        place = bisect_left(stored, day)
        near = stored[max(0, place - 1) : place + 1]
        return min(near, key=lambda other: abs(other - day), default=day)
