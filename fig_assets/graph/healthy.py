"""A configuration with broken parts -> the graph of the rest, and every problem."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

from fig_assets.config.load import Config, Definition
from fig_assets.errors import ConfigError, Problem
from fig_assets.graph.build import build_graph
from fig_assets.graph.lock import changed_problems
from fig_assets.graph.nodes import Graph

D = TypeVar("D", bound=Definition[Any])


def build_healthy(config: Config) -> tuple[Graph, tuple[Problem, ...], tuple[Problem, ...]]:
    """Resolve what can be resolved: broken definitions are left out, and what reads them.

    Returns:
        The graph, its warnings, and the problems of what was left out.

    Raises:
        ConfigError: nothing whole is left, or the problem is no definition's own.
    """
    problems = list(config.problems)
    while True:
        try:
            graph, warnings = _resolved(config)
        except ConfigError as refusal:
            problems += refusal.problems
            rest = _without(config, refusal.problems)
            if rest is None:
                raise ConfigError(problems) from refusal
            config = rest
        else:
            return graph, warnings, tuple(sorted(set(problems), key=lambda p: p.where))


def _resolved(config: Config) -> tuple[Graph, tuple[Problem, ...]]:
    """Resolve `config`; what no longer means what was locked is refused like any problem."""
    graph, warnings = build_graph(config)
    if changed := changed_problems(graph, config):
        raise ConfigError(changed)
    return graph, warnings


def _without(config: Config, problems: Sequence[Problem]) -> Config | None:
    """Leave out every definition that has a problem; None where no definition has one."""

    def whole(definitions: tuple[D, ...]) -> tuple[D, ...]:
        return tuple(d for d in definitions if not any(_owns(d, p) for p in problems))

    rest = replace(
        config,
        events=whole(config.events),
        tables=whole(config.tables),
        families=whole(config.families),
        label_sets=whole(config.label_sets),
        models=whole(config.models),
    )
    return None if rest == config else rest


def _owns(definition: Definition[Any], problem: Problem) -> bool:
    if definition.file != problem.where.file:
        return False
    prefix = "".join(f"/{step}" for step in definition.prefix)
    pointer = problem.where.pointer
    return not prefix or pointer == prefix or pointer.startswith(f"{prefix}/")
