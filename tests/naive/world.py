"""What the parts of the oracle ask each other for."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol, TypeAlias

from tests.naive.config import Config
from tests.naive.values import Value

Row: TypeAlias = dict[str, Value]
Scores: TypeAlias = Mapping[str, Mapping[tuple[date, Any], Value]]
"""What models said: output feature -> {(day, granularity): value}."""


class World(Protocol):
    """Every relation of a project."""

    config: Config

    def event_rows(self, name: str, day: date) -> list[Row]: ...
    def table_rows(self, name: str, day: date) -> list[Row]: ...
    def window_rows(
        self, family: str, period: str, day: date, scores: Scores | None = None
    ) -> list[Row]: ...
    def request_rows(self, family: str, day: date, scores: Scores | None = None) -> list[Row]: ...
