"""The own code of a project's models, imported once, before any training depends on it."""

from fig_assets.errors import Problem
from fig_assets.graph.nodes import Graph, Model
from fig_assets.models.jobs import Job, OwnCodeFailed, check

SLOWEST_IMPORT_S = 120.0


def package_problems(graph: Graph) -> tuple[Problem, ...]:
    """Import the package of every model, in a process of its own, and see that it can be called.

    Returns:
        A problem for each package that cannot, where its first model names it.
    """
    first: dict[str, Model] = {}
    for model in graph.models.values():
        if model.own is not None:
            first.setdefault(model.own.location, model)
    return tuple(problem for model in first.values() for problem in _problems(model))


def _problems(model: Model) -> tuple[Problem, ...]:
    if model.own is None or model.own_where is None:
        return ()
    job = Job(model.identity, model.own.location, model.own.files, {}, timeout_s=SLOWEST_IMPORT_S)
    try:
        check(job)
    except OwnCodeFailed as refusal:
        message, _, fix = str(refusal).partition("\n  fix: ")
        told = message.partition(f"own code '{model.own.location}': ")[2]
        return (Problem(model.own_where, told, fix),)
    return ()
