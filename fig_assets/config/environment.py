"""Where things are and when they start: the project file and its environments."""

import re
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Tag, model_validator
from pydantic import Field as Bound

from fig_assets.config.node import Day, Described, Flag, Name, Node, NotNegative, Text
from fig_assets.config.rules import wrong


class EventDefaults(Node):
    """The payload paths that an event uses where it names none itself."""

    event_type: Text | None = None
    time: Text | None = None
    id: Text | None = None


class Project(Described):
    """`project.json`. Days are UTC and included at both ends."""

    name: Name
    start_date: Day | None = None
    end_date: Day | None = None
    event_defaults: EventDefaults = EventDefaults()


class Secret(Node):
    """The name of the environment variable that holds a secret. Never the secret itself."""

    env: Annotated[str, Bound(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


def _secret(raw: object) -> object:
    return "<env>" if isinstance(raw, dict) else "<text>"


Setting = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Secret, Tag("<env>")], Discriminator(_secret)
]
"""A text, or `{"env": "NAME"}`."""


class Warehouse(Node):
    """Where rows are computed and kept.

    `path` is the folder of the lake; `connection` is for warehouses one logs in to, and takes
    secrets as `{"env": "NAME"}` only.
    """

    type: Literal["duckdb", "spark", "snowflake"]
    path: Text | None = None
    connection: dict[str, Setting] = Bound(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type == "duckdb" and self.path is None:
            raise wrong('a duckdb warehouse needs "path"', fix='add "path": "data/lake"')
        for key, setting in self.connection.items():
            if isinstance(setting, str) and re.search("pass|secret|token|private_key", key):
                raise wrong(
                    "a secret must not stand in a file",
                    at=("connection", key),
                    fix=f'change the secret, then write {{"env": "FIG_{key.upper()}"}}',
                )
        return self


class ModelStore(Node):
    """The folder of the trained models and of the decisions about them."""

    path: Text


class Source(Node):
    """Raw files. `{date}` in `path` is the UTC day as YYYY-MM-DD; `late_days` counts days.

    For `snowflake`, `path` is the name of a table.
    """

    format: Literal["json", "csv", "parquet", "snowflake"]
    path: Text
    late_days: NotNegative = 1


class Environment(Node):
    """`environments/<name>.json`: where things are, which says nothing about what they mean."""

    name: Name
    warehouse: Warehouse
    models: ModelStore
    sources: dict[Name, Source] = Bound(default_factory=dict)
    event_defaults: EventDefaults = EventDefaults()
    start_date: Day | None = None
    end_date: Day | None = None
    schedules: Flag = True
