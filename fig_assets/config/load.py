"""Folder -> `Config`. Reads everything, then tells every problem at once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from fig_assets.config.define import Definition, Part, define, entries
from fig_assets.config.explain import did_you_mean, shown
from fig_assets.config.locate import SUFFIXES, Document, read_file
from fig_assets.config.lock import Lock, read_lock
from fig_assets.config.names import Named, guessed_names, named, repeated, with_one_default
from fig_assets.config.schema import (
    Environment,
    Event,
    EventDefaults,
    Family,
    LabelSet,
    Model,
    ModelStore,
    Node,
    Project,
    Source,
    Table,
    Warehouse,
)
from fig_assets.errors import ConfigError, Problem, Where

__all__ = ["Config", "Definition", "environment_names", "load_config", "survey_config"]

FOLDERS = ("environments", "events", "features", "labels", "models", "python", "tables")

ANY_DEFAULTS = EventDefaults(event_type="type", time="time", id="id")

S = TypeVar("S", bound=Node)


@dataclass(frozen=True, eq=False)
class Config:
    """Everything that was written, each thing checked by itself and not yet against the others.

    Attributes:
        root: The folder that contains the project's folder; relative paths start here.
        folder: The project's folder.
        project: The project file.
        environment: The chosen environment.
        start_date: The first day (UTC): the environment's if it has one, else the project's.
        end_date: The last day, included, or None.
        event_defaults: The environment's, completed by the project's.
        events: In order of file name and place in the file, as all that follow.
        tables: Lookups.
        families: Feature families.
        label_sets: Label sets.
        models: One definition for each version of each model.
        problems: Of a partial load, what was left out and why; otherwise empty.
        lock: The lock file, or None where there is none yet.
        missing: Of a survey, the names of what was left out; otherwise empty.
    """

    root: Path
    folder: Path
    project: Definition[Project]
    environment: Definition[Environment]
    start_date: date
    end_date: date | None
    event_defaults: EventDefaults
    events: tuple[Definition[Event], ...]
    tables: tuple[Definition[Table], ...]
    families: tuple[Definition[Family], ...]
    label_sets: tuple[Definition[LabelSet], ...]
    models: tuple[Definition[Model], ...]
    problems: tuple[Problem, ...] = ()
    lock: Lock | None = None
    missing: frozenset[str] = frozenset()


def load_config(folder: Path, environment: str, *, partial: bool = False) -> Config:
    """Read the project in `folder` as it is in `environment`.

    Args:
        folder: The project's folder, which holds `project.json`.
        environment: The name of a file in `environments/`, without its suffix.
        partial: Leave out each definition that has a problem and tell it in `Config.problems`.
            The project file, the environment and the lock must be right all the same.

    Raises:
        ConfigError: With every problem of all files, in file order.
    """
    reader = _Reader(Path(folder).resolve())
    base = reader.base(environment)
    found = reader.definitions()
    lock, broken = read_lock(reader.folder)
    if base is None or broken or (reader.problems and not partial):
        raise ConfigError([*reader.problems, *broken])
    return _config(reader, base, found, lock)


def environment_names(folder: Path) -> tuple[str, ...]:
    """Return the names of the environments of the project in `folder`, in order.

    Raises:
        ConfigError: there is none.
    """
    found = tuple(file.stem for file in _files(folder / "environments"))
    if not found:
        where = Where(f"{folder.resolve().name}/environments")
        raise ConfigError([Problem(where, "there is no environment", "write local.json in it")])
    return found


def survey_config(folder: Path, environment: str) -> Config:
    """Read all that can be read, so that every other mistake can be told with the first ones.

    Stand-ins take the place of a project file or an environment that is wrong. A config whose
    `problems` are not empty is good for finding more of them, and for nothing else.

    Raises:
        ConfigError: There is no such folder.
    """
    reader = _Reader(Path(folder).resolve())
    base = reader.base(environment)
    if not reader.folder.is_dir():
        raise ConfigError(reader.problems)
    found = reader.definitions()
    lock, broken = read_lock(reader.folder)
    reader.problems += broken
    config = _config(reader, base or _stand_in(reader, found), found, lock)
    here = {d.spec.name for d in _all(found)}
    named = reader.guessed | {name.name for name in reader.names}
    return replace(config, missing=frozenset(named - here))


def _config(reader: "_Reader", base: "_Base", found: "_Found", lock: Lock | None) -> Config:
    return Config(
        root=reader.root,
        folder=reader.folder,
        project=base.project,
        environment=base.environment,
        start_date=base.start_date,
        end_date=base.environment.spec.end_date or base.project.spec.end_date,
        event_defaults=_completed(
            base.environment.spec.event_defaults, base.project.spec.event_defaults
        ),
        events=found.events,
        tables=found.tables,
        families=found.families,
        label_sets=found.label_sets,
        models=found.models,
        problems=tuple(sorted(reader.problems, key=lambda problem: problem.where)),
        lock=lock,
    )


def _stand_in(reader: "_Reader", found: "_Found") -> "_Base":
    """Return a base with which nothing is wrong, where the written one cannot be used."""
    project, environment = reader.found_project, reader.found_environment
    start = date(2000, 1, 1)
    if project is None:
        spec = Project(name="project", start_date=start, event_defaults=ANY_DEFAULTS)
        project = Definition(spec, Document(f"{reader.folder.name}/project.json", None))
    if environment is None:
        lines = {event.spec.source or "events" for event in found.events}
        days = {"static": "rows.csv", "daily": "{date}.csv"}
        files = {table.spec.source: days[table.spec.snapshot] for table in found.tables}
        place = Environment(
            name="local",
            warehouse=Warehouse(type="duckdb", path="lake"),
            models=ModelStore(path="models"),
            sources={
                **{name: Source(format="csv", path=path) for name, path in files.items()},
                **{name: Source(format="json", path="{date}.jsonl") for name in lines},
            },
            event_defaults=EventDefaults() if reader.found_project else ANY_DEFAULTS,
        )
        environment = Definition(place, Document(f"{reader.folder.name}/environments", None))
    return _Base(project, environment, project.spec.start_date or start)


def _all(found: "_Found") -> Iterator[Definition[Any]]:
    yield from found.events
    yield from found.tables
    yield from found.families
    yield from found.label_sets
    yield from found.models


@dataclass(frozen=True)
class _Base:
    """What must be right before anything else has a meaning."""

    project: Definition[Project]
    environment: Definition[Environment]
    start_date: date


@dataclass(frozen=True)
class _Found:
    events: tuple[Definition[Event], ...]
    tables: tuple[Definition[Table], ...]
    families: tuple[Definition[Family], ...]
    label_sets: tuple[Definition[LabelSet], ...]
    models: tuple[Definition[Model], ...]


class _Reader:
    """Reads the files of one project folder and collects their problems and names."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder.parent
        self.problems: list[Problem] = []
        self.names: list[Named] = []
        self.guessed: set[str] = set()
        """What files that cannot be read seem to define."""
        self.found_project: Definition[Project] | None = None
        self.found_environment: Definition[Environment] | None = None

    def base(self, environment: str) -> _Base | None:
        """Read the project file and the environment; None if one of them has a problem."""
        if not self.folder.is_dir():
            fix = "name the folder that holds project.json"
            self._problem(Where(self.folder.name), f"there is no folder {self.folder}", fix)
            return None
        project = self.found_project = self._project()
        place = self.found_environment = self._environment(environment)
        if project is None or place is None:
            return None
        start = place.spec.start_date or project.spec.start_date
        if start is None:
            where = project.where()
            self._problem(where, '"start_date" is missing', 'add "start_date": "2024-01-01"')
            return None
        return None if self._ends_early(project, place, start) else _Base(project, place, start)

    def definitions(self) -> _Found:
        """Read all definitions; those that have a problem are left out."""
        found = _Found(
            events=self._folder("events", Event),
            tables=self._folder("tables", Table),
            families=self._folder("features", Family),
            label_sets=self._folder("labels", LabelSet),
            models=self._folder("models", Model),
        )
        self._check_strays()
        twice = repeated(self.names)
        self.problems += twice
        places = {problem.where for problem in twice}
        models, wrong = with_one_default(_without(found.models, places))
        self.problems += wrong
        return _Found(
            events=_without(found.events, places),
            tables=_without(found.tables, places),
            families=_without(found.families, places),
            label_sets=_without(found.label_sets, places),
            models=models,
        )

    def _project(self) -> Definition[Project] | None:
        files = [self.folder / f"project{suffix}" for suffix in SUFFIXES]
        file = next((file for file in files if file.is_file()), None)
        if file is not None:
            return self._one(file, Project)
        inner = self.folder / "configs"
        fix = 'write {"name": "my_project", "start_date": "2024-01-01"}'
        if (inner / "project.json").is_file():
            fix = f"use the folder {inner}"
        self._problem(Where(self._shown(files[0])), "the project file is missing", fix)
        return None

    def _environment(self, name: str) -> Definition[Environment] | None:
        folder = self.folder / "environments"
        files = {file.stem: file for file in _files(folder)}
        if name not in files:
            fix = did_you_mean(name, sorted(files)).replace("write", "choose")
            fix = fix or f"write {self._shown(folder / 'local.json')}"
            self._problem(Where(self._shown(folder)), f"unknown environment {shown(name)}", fix)
            return None
        found = self._one(files[name], Environment)
        if found is not None and found.spec.name != name:
            message = f"the environment of this file is called {shown(found.spec.name)}"
            self._problem(found.where("name"), message, f'write "{name}"')
            return None
        return found

    def _ends_early(
        self, project: Definition[Project], place: Definition[Environment], start: date
    ) -> bool:
        end = place.spec.end_date or project.spec.end_date
        if end is None or end >= start:
            return False
        definition = place if place.spec.end_date else project
        message = f"the end, {end}, is before the start, {start}"
        self._problem(definition.where("end_date"), message, f'write "{start}" or a later day')
        return True

    def _one(self, file: Path, kind: type[S]) -> Definition[S] | None:
        """Read a file that holds one `kind`; None if it has a problem."""
        document = self._document(file)
        if not document.is_complete:
            return None
        found, problems = define(kind, Part(document), document.value)
        self.problems += problems
        return found[0] if found and not document.problems else None

    def _folder(self, name: str, kind: type[S]) -> tuple[Definition[S], ...]:
        """Read the files of a folder, each with one `kind` or a list of them."""
        definitions: list[Definition[S]] = []
        for file in _files(self.folder / name):
            document = self._document(file)
            if not document.is_complete:
                self.guessed |= self._guessed(file)
            for part, raw in entries(document):
                if not (isinstance(raw, dict) and isinstance(raw.get("name"), str)):
                    self.guessed |= self._guessed(file)
                found, problems = define(kind, part, raw)
                self.names += named(kind, part, raw)
                self.problems += problems
                definitions += [] if document.problems else found
        return tuple(definitions)

    def _document(self, file: Path) -> Document:
        if self._is_outside(file):
            message = "the file is a link to a file outside of the project's folder"
            problem = Problem(Where(self._shown(file)), message, "put the file itself here")
            document = Document(self._shown(file), None, (problem,), is_complete=False)
        else:
            document = read_file(file, self._shown(file))
        self.problems += document.problems
        return document

    def _guessed(self, file: Path) -> set[str]:
        return {file.stem} if self._is_outside(file) else guessed_names(file)

    def _is_outside(self, file: Path) -> bool:
        """Tell whether a link leads out of the project; messages would show what stands there."""
        return not file.resolve().is_relative_to(self.folder)

    def _check_strays(self) -> None:
        """Tell what looks like configuration and stands where nobody would read it."""
        for entry in sorted(self.folder.iterdir()) if self.folder.is_dir() else ():
            where = Where(self._shown(entry))
            near = get_close_matches(entry.name.lower(), FOLDERS, n=1, cutoff=0.75)
            if entry.is_dir() and entry.name not in FOLDERS and near:
                self.guessed |= {name for file in _files(entry) for name in self._guessed(file)}
                self._problem(where, f"unknown folder {shown(entry.name)}", f"rename it {near[0]}")
            elif entry.is_dir() and entry.name in FOLDERS and entry.name != "python":
                self._check_deep(entry)

    def _check_deep(self, folder: Path) -> None:
        for inner in sorted(folder.iterdir()):
            is_code = (folder.name, inner.name) == ("models", "code")
            if inner.is_dir() and not is_code and _files(inner):
                self.guessed |= {name for file in _files(inner) for name in self._guessed(file)}
                message = "files in folders of this folder are not read"
                fix = f"move its files to {self._shown(folder)}"
                self._problem(Where(self._shown(inner)), message, fix)

    def _shown(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _problem(self, where: Where, message: str, fix: str = "") -> None:
        self.problems.append(Problem(where, message, fix))


def _files(folder: Path) -> list[Path]:
    """Return the configuration files that stand directly in `folder`, by name."""
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.iterdir()
        if file.suffix in SUFFIXES and not file.name.startswith(".") and file.is_file()
    )


def _without(
    definitions: tuple[Definition[S], ...], places: set[Where]
) -> tuple[Definition[S], ...]:
    return tuple(found for found in definitions if found.where("name") not in places)


def _completed(first: EventDefaults, second: EventDefaults) -> EventDefaults:
    return EventDefaults(
        event_type=first.event_type or second.event_type,
        time=first.time or second.time,
        id=first.id or second.id,
    )
