"""Where things are and when they start: the project file and its environments."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Tag, model_validator
from pydantic import Field as Bound

from fig_assets.config.node import (
    Account,
    Day,
    Described,
    Flag,
    Memory,
    Name,
    Node,
    NotNegative,
    Number,
    PlainText,
    Positive,
    Size,
    Text,
    Threads,
)
from fig_assets.config.patterns import S3
from fig_assets.config.rules import wrong
from fig_assets.config.snowflake import check_connection, check_table


class EventDefaults(Node):
    """The payload paths that an event uses where it names none itself."""

    event_type: Text | None = None
    """Path of the event type in the payload. Example: `"event_name"`."""
    time: Text | None = None
    """Path of the time; it decides the UTC day of an event. Example: `"published"`."""
    id: Text | None = None
    """Path of the id by which duplicates of one day are found. Example: `"uuid"`."""


class Project(Described):
    """`project.json`. Days are UTC and included at both ends."""

    name: Name
    """The name of the project. Example: `"sign_in_threat_detection"`."""
    start_date: Day | None = None
    """First day of every asset (UTC); an environment may set another. Example: `"2026-01-01"`."""
    end_date: Day | None = None
    """Last day (UTC), included; without it the days go on to yesterday."""
    event_defaults: EventDefaults = EventDefaults()
    """The payload paths of events that do not name their own."""


class Secret(Node):
    """The name of the environment variable that holds a secret. Never the secret itself."""

    env: Annotated[str, Bound(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
    """The name of an environment variable. Example: `"FIG_TOKEN"`."""


def _secret(raw: object) -> object:
    return "<env>" if isinstance(raw, dict) else "<text>"


Setting = Annotated[
    Annotated[Text, Tag("<text>")] | Annotated[Secret, Tag("<env>")], Discriminator(_secret)
]
"""A text, or `{"env": "NAME"}`."""


RESOURCES = ("memory_limit", "temp_directory", "max_temp_directory_size", "threads")
"""What a warehouse that computes in the process may use of the machine."""


LAKES = ("duckdb", "spark")
"""Warehouses that keep their rows in a lake of files."""
SPARK_KEYS = ("master", "remote", "token")
"""What the connection of a Spark says, besides any setting of Spark's own."""


def _place(path: str) -> str:
    """Return a path, if it is a folder or a place on S3."""
    if "://" in path and not re.fullmatch(S3, path):
        raise wrong(
            "{text} is neither a folder nor a bucket of S3 with a prefix",
            fix='write "s3://my-bucket/fig"',
            text=path,
        )
    return path


Place = Annotated[PlainText, AfterValidator(_place)]
"""A folder, or `s3://bucket/prefix`."""


class Warehouse(Node):
    """Where rows are computed and kept.

    `path` is the folder of the lake of `duckdb` and `spark`, and what follows it says what `duckdb`
    may use of the machine; `connection` is for the others, and takes secrets as `{"env": "NAME"}`
    only.
    """

    type: Literal["duckdb", "spark", "snowflake"]
    """Where rows are computed. `duckdb` runs in the process and needs no server."""
    path: Place | None = None
    """The lake: a folder, from the folder that holds the project's folder, or a place on S3.
    Example: `"data/lake"` or `"s3://my-bucket/fig/lake"`.
    """
    memory_limit: Memory | None = None
    """How much memory the statements of one process may take together, before they spill to disk;
    without it half of the memory of the machine or container. Example: `"6GB"`.
    """
    temp_directory: PlainText | None = None
    """The folder to spill to, and for copies of a lake on S3; without it `.tmp` in the lake, or
    `~/.cache/fig-assets`. Example: `"/scratch/fig"`.
    """
    max_temp_directory_size: Size | None = None
    """How much one process may spill; without it nine tenths of the free disk. Example: `"100GB"`.
    """
    threads: Threads | None = None
    """How many days or files are computed at once, each on one thread; without it one for each
    core.
    """
    connection: dict[str, Setting] = Bound(default_factory=dict)
    """For warehouses one logs in to. Secrets are `{"env": "NAME"}` only. Of Spark: `master`, or
    `remote` and `token`, and any setting that begins with `spark.`.
    """

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.type in LAKES and self.path is None:
            raise wrong(f'a {self.type} warehouse needs "path"', fix='add "path": "data/lake"')
        if self.type == "spark":
            self._check_spark()
        for key in RESOURCES if self.type != "duckdb" else ():
            if getattr(self, key) is not None:
                raise wrong(
                    f'"{key}" is for duckdb warehouses, which compute on this machine',
                    at=(key,),
                    fix="leave it out",
                )
        for key, setting in self.connection.items():
            is_path = key == "private_key_path"
            is_secret = re.search("pass|secret|token|private_key", key) and not is_path
            if isinstance(setting, str) and is_secret:
                raise wrong(
                    "a secret must not stand in a file",
                    at=("connection", key),
                    fix=f'change the secret, then write {{"env": "FIG_{key.upper()}"}}',
                )
        if self.type == "snowflake":
            check_connection(self.connection)
        return self

    def _check_spark(self) -> None:
        if "master" in self.connection and "remote" in self.connection:
            raise wrong(
                'a Spark is started here by "master", or is that of a server by "remote"',
                at=("connection", "master"),
                fix="leave one of them out",
            )
        for key in self.connection:
            if key not in SPARK_KEYS and not key.startswith("spark."):
                raise wrong(
                    "unknown setting of Spark {text}",
                    at=("connection", key),
                    fix=f"use one of: {', '.join(SPARK_KEYS)}, or a name that begins with spark.",
                    text=f"'{key}'",
                )


class ModelStore(Node):
    """Where trained models and the decisions about them are."""

    path: Place
    """A folder, from the folder that holds the project's, or a place on S3. Example:
    `"data/models"` or `"s3://my-bucket/fig/models"`.
    """


class S3Login(Node):
    """How a lake and models on S3 are reached.

    Credentials are never written here: they come from where AWS's tools find them, which are
    variables, profiles, single sign-on, and the role of the machine or container.
    """

    endpoint: PlainText | None = None
    """The address of a server that is not Amazon's; without it `AWS_ENDPOINT_URL_S3`. Example:
    `"http://127.0.0.1:8333"`.
    """
    region: PlainText | None = None
    """The region; without it that of the machine's settings. Example: `"eu-central-1"`."""
    profile: PlainText | None = None
    """A profile of the machine's AWS settings; without it `AWS_PROFILE`. Example: `"fig"`."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            fix = f'write "https://{self.endpoint}"'
            raise wrong(
                '"endpoint" is a whole address, with https:// or http:// before it',
                at=("endpoint",),
                fix=fix,
            )
        return self


class Training(Node):
    """Where own training code runs, and for how long. The built-in algorithm runs in the process.

    Scores of both are computed on this machine.
    """

    type: Literal["local", "sagemaker"] = "local"
    """`local`: a process on this machine; `sagemaker`: a training job there."""
    timeout_minutes: Annotated[Number, Bound(gt=0, le=7_200)] = 60
    """After so long a training, or the scoring of a day, is ended and has failed."""
    role: PlainText | None = None
    """The role that SageMaker takes. Example: `"arn:aws:iam::111122223333:role/training"`."""
    image: PlainText | None = None
    """The container image, with `fig-assets` and what the code imports."""
    s3: Annotated[PlainText, Bound(pattern=S3)] | None = None
    """Where training sets are put and models are fetched. Example: `"s3://my-bucket/fig"`."""
    region: PlainText | None = None
    """The region; without it that of the machine's settings. Example: `"eu-central-1"`."""
    instance_type: PlainText = "ml.m5.large"
    """The machine to train on."""
    volume_gb: Positive = 30
    """The disk of that machine."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for key in ("role", "image", "s3") if self.type == "sagemaker" else ():
            if getattr(self, key) is None:
                raise wrong(f'training at SageMaker needs "{key}"', fix=f'add "{key}": "..."')
        return self


class Source(Node):
    """Raw files, or a table of events in a snowflake warehouse. `late_days` counts days."""

    format: Literal["json", "csv", "parquet", "snowflake"]
    """`json` for events (one object a line; plain, gzip or zstd), `csv` or `parquet` for tables;
    `snowflake` for events that stand in a table of the warehouse.
    """
    path: PlainText
    """The files; `{date}` is the UTC day as YYYY-MM-DD. Or the name of the table. Example:
    `"data/raw/{date}*.jsonl*"` or `"RAW.OKTA.EVENTS"`.
    """
    late_days: NotNegative = 1
    """How many days after an event its line may still come: day D is read from the files of days D
    to D + late_days.
    """
    account: Account | None = None
    """The account that the lines are of, which events read as `$account`. Example: `"us-1"`."""
    column: PlainText | None = None
    """The column of the table that holds the payloads; without it `PAYLOAD`. Example: `"EVENT"`."""

    @model_validator(mode="after")
    def _files_of_this_machine(self) -> Self:
        if "://" in self.path:
            raise wrong(
                "raw files are read from folders of this machine, not from S3",
                at=("path",),
                fix="copy or mount them: aws s3 sync s3://my-bucket/raw data/raw; then write "
                "the path of that folder",
            )
        return self

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        if self.format == "snowflake":
            check_table(self.path, self.column)
        elif self.column is not None:
            raise wrong('"column" is for tables of Snowflake', at=("column",), fix="leave it out")
        if self.account is not None and self.format in ("csv", "parquet"):
            raise wrong(
                f"a table has no accounts, and {self.format} files are tables",
                at=("account",),
                fix="leave it out",
            )
        return self


def _files(raw: object) -> str:
    return "<many>" if isinstance(raw, list | tuple) else "<one>"


def _apart(found: tuple[Source, ...]) -> tuple[Source, ...]:
    """Return the sources of a list, if their accounts can be told apart and have days in common."""
    first = found[0]
    for place, source in enumerate(found):
        before = found[:place]
        if source.account is None:
            raise wrong(
                "each source in a list is of an account",
                at=(place,),
                fix=f'add "account": "account-{place + 1}"',
            )
        if source.account in [other.account for other in before]:
            raise wrong(
                f"account '{source.account}' is in the list already",
                at=(place, "account"),
                fix=f'write "{source.account}-{place + 1}"',
            )
        if source.path in [other.path for other in before]:
            raise wrong(
                "two accounts have the same files",
                at=(place, "path"),
                fix="write the path of this account's files",
            )
        if source.format != first.format:
            raise wrong(
                "the accounts of a source have files of one format",
                at=(place, "format"),
                fix=f'write "{first.format}"',
            )
        if ("{date}" in source.path) != ("{date}" in first.path):
            raise wrong(
                "either all accounts of a source have files with days, or none has",
                at=(place, "path"),
                fix="write {date} where the day stands in the names of the files",
            )
    return found


Files = Annotated[
    Annotated[Source, Tag("<one>")]
    | Annotated[tuple[Source, ...], Bound(min_length=1), AfterValidator(_apart), Tag("<many>")],
    Discriminator(_files),
]
"""A source, or one for each of the accounts that the same events come from."""


EVERY = "all"
"""What stands for every environment on the command line."""


def _one(name: str) -> str:
    if name == EVERY:
        raise wrong(
            f"no environment can be called '{EVERY}', which stands for every one",
            fix='write "production", and name the file so',
        )
    return name


class Environment(Node):
    """`environments/<name>.json`: where things are, which says nothing about what they mean."""

    name: Annotated[Name, AfterValidator(_one)]
    """The name of this file without its suffix."""
    warehouse: Warehouse
    """Where rows are computed and kept."""
    models: ModelStore
    """Where trained models are kept."""
    s3: S3Login = S3Login()
    """How S3 is reached."""
    training: Training = Training()
    """Where own training code runs."""
    sources: dict[Name, Files] = Bound(default_factory=dict)
    """Raw files by name; events and tables say which one they are read from. A list has one source
    for each account.
    """
    event_defaults: EventDefaults = EventDefaults()
    """Take precedence over those of the project."""
    start_date: Day | None = None
    """First day of every asset here (UTC). Example: `"2026-01-01"`."""
    end_date: Day | None = None
    """Last day here (UTC), included."""
    schedules: Flag = True
    """`false` switches schedules and sensors off by default."""

    @model_validator(mode="after")
    def _tables_where_they_stand(self) -> Self:
        for name, found in self.sources.items() if self.warehouse.type != "snowflake" else ():
            first = found if isinstance(found, Source) else found[0]
            if first.format == "snowflake":
                raise wrong(
                    f"a {self.warehouse.type} warehouse reads no tables of Snowflake",
                    at=("sources", name, *(() if first is found else (0,)), "format"),
                    fix='unload the table to files with one JSON object a line, and write "json"',
                )
        return self

    def files(self, name: str) -> tuple[Source, ...]:
        """Return the files of a source, those of each account where there are several."""
        found = self.sources[name]
        return (found,) if isinstance(found, Source) else found

    def table_files(self, name: str) -> Source:
        """Return the files of a table's source, which has no accounts."""
        return self.files(name)[0]
