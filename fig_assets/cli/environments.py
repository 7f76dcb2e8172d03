"""`fig validate --env all`: every environment of a project on its own, in one table."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.table import Table

from fig_assets.cli.base import NOTHING_TO_DO, PROBLEMS, err, show_table
from fig_assets.config.load import environment_names
from fig_assets.errors import ConfigError, FigError, Problem
from fig_assets.problems import problem_json, problem_text


@dataclass(frozen=True)
class Validated:
    """What was found in one environment. `refusal` is what is no problem of a file."""

    name: str
    warehouse: str = ""
    attributes: int = 0
    ops: int = 0
    statements: int = 0
    problems: tuple[Problem, ...] = ()
    refusal: str = ""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that are more than warnings."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def is_valid(self) -> bool:
        """Whether the project can run there."""
        return not self.errors and not self.refusal

    @property
    def words(self) -> str:
        """What is wrong, in a few words."""
        if self.refusal:
            return self.refusal.partition("\n")[0]
        warnings = len(self.problems) - len(self.errors)
        counts = ((len(self.errors), "problem"), (warnings, "warning"))
        said = [f"{n} {word}{'s' if n > 1 else ''}" for n, word in counts if n]
        return ", ".join(said) or "none"

    def as_json(self) -> dict[str, object]:
        """Return everything as plain JSON values."""
        return {
            "valid": self.is_valid,
            "warehouse": self.warehouse,
            "attributes": self.attributes,
            "ops": self.ops,
            "statements": self.statements,
            "refusal": self.refusal,
            "problems": [problem_json(problem) for problem in self.problems],
        }


def validate_all(folder: str, *, strict: bool, as_json: bool) -> int:
    """Validate every environment, tell what was found, and return the exit status."""
    found = [_validated(folder, name) for name in environment_names(Path(folder))]
    if as_json:
        valid = all(one.is_valid for one in found)
        told = {one.name: one.as_json() for one in found}
        click.echo(json.dumps({"valid": valid, "environments": told}))
    else:
        _show(found)
    failed = any(not one.is_valid or (strict and one.problems) for one in found)
    return PROBLEMS if failed else NOTHING_TO_DO


def _validated(folder: str, name: str) -> Validated:
    from fig_assets.project import load_project

    one = Validated(name)
    try:
        with load_project(folder, name) as project:
            place, graph = project.config.environment.spec.warehouse, project.graph
            where = f"{place.type} {place.path}" if place.path else place.type
            one = Validated(name, where, len(graph.attributes), len(graph.ops))
            told = (*project.warnings, *project.lock_problems())
            one = replace(one, problems=tuple(sorted(told, key=lambda it: it.where)))
            return replace(one, statements=project.bind())
    except ConfigError as refusal:
        return replace(one, problems=(*refusal.problems, *one.problems))
    except FigError as refusal:
        return replace(one, refusal=str(refusal))


def _show(found: list[Validated]) -> None:
    """Print what each environment has, and below it each problem once."""
    table = Table("environment", "warehouse", "attributes", "ops", "statements", "problems")
    for one in found:
        counts = (one.attributes, one.ops, one.statements)
        numbers = [str(n) if n else "" for n in counts]
        table.add_row(one.name, one.warehouse, *numbers, one.words)
    show_table(table)
    places: dict[Problem, list[str]] = {}
    for one in found:
        for problem in one.problems:
            places.setdefault(problem, []).append(one.name)
    for problem, names in places.items():
        where = "every environment" if len(names) == len(found) else ", ".join(names)
        mark = "warning: " if problem.severity == "warning" else ""
        _say(f"in {where}: {mark}{problem_text(problem)}")
    for one in found:
        if one.refusal:
            _say(f"in {one.name}: {one.refusal}")


def _say(text: str) -> None:
    err.print(text, markup=False, highlight=False, soft_wrap=True)
