"""Every statement of a project -> proof that it binds, on empty relations, touching no data."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from sqlglot import exp

from fig_assets.config.load import Config
from fig_assets.engines import open_engine
from fig_assets.errors import ConfigError, EngineError, Problem, Where
from fig_assets.graph.nodes import Graph, Op
from fig_assets.graph.period import Window
from fig_assets.models.registry import Registry
from fig_assets.sql.published import views
from fig_assets.sql.training_set import select_scoring_set, select_training_set
from fig_assets.workflow.compute import attributes_of, writes
from fig_assets.workflow.workspace import Workspace

STATEMENT_KINDS = ("event", "states", "window", "row", "label")


def bind_statements(config: Config, graph: Graph) -> int:
    """Prepare and run each statement on empty relations, with all attributes of its op at once.

    Returns:
        How many statements there are.

    Raises:
        ConfigError: with every statement that does not bind.
    """
    problems: list[Problem] = []
    count = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        warehouse = config.environment.spec.warehouse
        engine = open_engine(warehouse.type, str(root / "lake"), root)
        workspace = Workspace(
            graph, engine, Registry(root / "models"), config.environment.spec, root, config
        )
        with workspace:
            for name, tree in _statements(workspace):
                count += 1
                try:
                    engine.query(tree)
                except EngineError as refusal:
                    where = Where(config.environment.file, 1, 1)
                    message = f"the statement of {name} does not bind: {refusal}"
                    problems.append(Problem(where, message, "report this as a defect"))
    if problems:
        raise ConfigError(problems)
    return count


def _statements(workspace: Workspace) -> Iterator[tuple[str, exp.Query]]:
    graph = workspace.graph
    day = graph.start
    for op in graph.ops:
        if op.kind in STATEMENT_KINDS:
            yield from _of_op(workspace, op)
    for model in graph.models.values():
        yield f"model {model.name}", select_training_set(graph, model, Window(day, day))
        yield f"score {model.name}", select_scoring_set(graph, model, day)
    yield from ((f"view {name}", tree) for name, tree in views(graph).items())


def _of_op(workspace: Workspace, op: Op) -> Iterator[tuple[str, exp.Query]]:
    attributes = attributes_of(workspace.graph, op)
    for write in writes(workspace, op, workspace.graph.start, attributes):
        yield op.name, write.tree()
