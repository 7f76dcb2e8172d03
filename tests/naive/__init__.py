"""An independent oracle: plain loops that say what a project's configuration means.

Nothing here is shared with the package under test and no SQL engine or data frame is involved, so
that the two can only agree by meaning the same. It is slow on purpose: a window is recomputed from
the events of all its days.
"""

from datetime import date
from pathlib import Path

from tests.naive import events, labels, losses, rows, windows
from tests.naive.config import Config, read_config
from tests.naive.values import Value
from tests.naive.world import Row, Scores

__all__ = ["Config", "Naive", "Row", "Scores", "Value", "load"]


def load(config_dir: Path | str, environment: str, start: date | None = None) -> "Naive":
    """Read a configuration folder; `start` takes the place of the configured start date."""
    return Naive(read_config(Path(config_dir), environment, start))


class Naive:
    """What every relation of one project holds on one day. Answers are remembered."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._events: dict[tuple[str, date], list[Row]] = {}
        self._windows: dict[tuple[str, str, date], list[Row]] = {}
        self._requests: dict[tuple[str, date], list[Row]] = {}
        self._tables: dict[tuple[str, date], list[Row]] = {}
        self._files = events.Files(config.root)
        self._given: Scores = {}

    def event_rows(self, name: str, day: date) -> list[Row]:
        """Give the events of one UTC day, by (event_time, event_id, source_file, source_line).

        Each row has `event_time` (naive UTC), `event_id`, `source_file`, `source_line` and every
        field version as `<field>__v<N>`.
        """
        if (name, day) not in self._events:
            self._events[name, day] = events.event_rows(self.config, self._files, name, day)
        return self._events[name, day]

    def table_rows(self, name: str, day: date) -> list[Row]:
        """Give a table as known at the end of `day`; a static one is the same on every day."""
        if (name, day) not in self._tables:
            self._tables[name, day] = events.table_rows(self.config, self._files, name, day)
        return self._tables[name, day]

    def window_rows(
        self, family: str, period: str, day: date, scores: Scores | None = None
    ) -> list[Row]:
        """Give an aggregate family over the days of `period` that end with `day`, by granularity.

        Each row has the granularity, `window_start`, `window_end` (the first day after it),
        `window_complete` and every feature version as `<feature>__v<N>`.
        """
        self._believe(scores)
        if (family, period, day) not in self._windows:
            found = windows.window_rows(self, family, period, day, scores=scores or {})
            self._windows[family, period, day] = found
        return self._windows[family, period, day]

    def request_rows(self, family: str, day: date, scores: Scores | None = None) -> list[Row]:
        """Give a row family, by (event_time, event_id).

        Args:
            scores: what models said: output feature -> {(day, granularity): value}.
        """
        self._believe(scores)
        if (family, day) not in self._requests:
            found = rows.wide_rows(self, family, day, scores=scores or {})
            self._requests[family, day] = [wide.row for wide in found]
        return self._requests[family, day]

    def _believe(self, scores: Scores | None) -> None:
        """Forget the answers that were given to other scores."""
        if (scores or {}) is not self._given and (scores or self._given):
            self._windows, self._requests, self._given = {}, {}, scores or {}

    def label_rows(self, label_set: str, day: date, scores: Scores | None = None) -> list[Row]:
        """Give the granularity and every weak and strong label version of one day."""
        return labels.label_rows(self, label_set, day, scores=scores or {})

    def event_losses(self, name: str, day: date) -> losses.Lost:
        """Count, for each field version, the events in which a value was lost."""
        return losses.event_losses(self, self._files, name, day)

    def window_losses(self, family: str, period: str, day: date) -> losses.Lost:
        """Count, for each feature version, the windows in which a value was lost."""
        return losses.window_losses(self, family, period, day)

    def request_losses(self, family: str, day: date, scores: Scores | None = None) -> losses.Lost:
        """Count, for each feature version, the rows in which a value was lost."""
        return losses.request_losses(self, family, day, scores or {})

    def label_losses(self, label_set: str, day: date, scores: Scores | None = None) -> losses.Lost:
        """Count, for each weak label version, the rows in which a value was lost."""
        return losses.label_losses(self, label_set, day, scores or {})
