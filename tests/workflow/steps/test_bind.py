"""Every statement binds; the argument why a few shapes are enough, tried on random subsets."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from fig_assets.engines.base import scan_of
from fig_assets.errors import ConfigError
from fig_assets.graph.definitions import Computed
from fig_assets.graph.nodes import Attribute, Input, Key, Op
from fig_assets.language.types import STRING
from fig_assets.workflow.steps.bind import STATEMENT_KINDS, bind_statements, statements
from fig_assets.workflow.steps.compute import attributes_of, writes
from fig_assets.workflow.workspace import Workspace
from tests.workflow.logins import CONFIGS
from tests.workflow.projects import write_project

RATE = ("features", "asn", "weekly_by_day", "verdicts_a_login__v1")


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    root = tmp_path_factory.mktemp("bind")
    with write_project(root, CONFIGS, start="2024-03-01").workspace as workspace:
        yield workspace


def with_attribute(workspace: Workspace, key: Key, **changes: object) -> Workspace:
    """Give the workspace of a graph in which one windowed feature is another."""
    graph = workspace.graph
    old = graph.attributes[key]
    new = replace(old, **changes)  # type: ignore[arg-type]
    family = graph.families[old.owner]
    features = {
        period: tuple(new if a.key == key else a for a in found)
        for period, found in family.features.items()
    }
    changed = replace(
        graph,
        attributes={**graph.attributes, key: new},
        families={**graph.families, family.name: replace(family, features=features)},
    )
    return replace(workspace, graph=changed)


def bound(workspace: Workspace, op: Op, attributes: list[Attribute]) -> None:
    """Bind the statements that compute some attributes of an op, and compare their types."""
    day = workspace.graph.start + timedelta(days=1)
    for write in writes(workspace, op, day, attributes):
        given = workspace.engine.check(write.tree())
        kinds = dict(zip(given.names, given.types, strict=True))
        # What Python makes of the rows is no column of the statement yet.
        stored = write.target.columns if write.fits is None else write.target.columns[:1]
        for column in stored:
            assert kinds[column.name] in (column.type, pa.null()), (op.name, column.name)


def test_every_attribute_alone_binds(workspace: Workspace) -> None:
    ops = [op for op in workspace.graph.ops if op.kind in STATEMENT_KINDS and op.kind != "states"]
    alone = [(op, a) for op in ops for a in attributes_of(workspace.graph, op)]
    assert len(alone) > 100
    for op, attribute in alone:
        bound(workspace, op, [attribute])


@settings(max_examples=5, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_random_subsets_of_every_op_bind(workspace: Workspace, data: st.DataObject) -> None:
    ops = [op for op in workspace.graph.ops if op.kind in STATEMENT_KINDS and op.kind != "states"]
    for op in ops:
        attributes = attributes_of(workspace.graph, op)
        places = data.draw(st.sets(st.integers(0, len(attributes) - 1), min_size=2, max_size=6))
        bound(workspace, op, [attributes[place] for place in sorted(places)])


def test_the_statements_of_a_project_are_of_every_kind(workspace: Workspace) -> None:
    titles = " | ".join(statement.title for statement in statements(workspace))
    for kind in ("landing", "event__", "one state", "no state", "window__", "row__", "label__"):
        assert kind in titles
    assert "counts of login" in titles
    assert "counts of request" in titles
    assert "the view asn_weekly" in titles
    assert bind_statements(workspace) > 60


def test_an_input_that_the_graph_forgets_is_told(workspace: Workspace) -> None:
    broken = with_attribute(workspace, RATE, inputs=())
    with pytest.raises(ConfigError) as refusal:
        bind_statements(broken)
    named = "asn.verdicts_a_login@1 reads login_count__v1, verdict_count__v1 of nothing"
    assert named in str(refusal.value)


def test_a_value_of_another_type_than_its_column_is_told(workspace: Workspace) -> None:
    definition = workspace.graph.attributes[RATE].definition
    assert isinstance(definition, Computed)
    wrong = replace(definition, result=STRING)
    broken = with_attribute(workspace, RATE, definition=wrong, type=STRING)
    with pytest.raises(ConfigError, match="verdicts_a_login__v1: double, not string"):
        bind_statements(broken)


def test_an_expression_that_does_not_bind_is_told_with_the_statement(workspace: Workspace) -> None:
    doubled = workspace.graph.attributes[*RATE[:-1], "doubled__v1"]
    assert isinstance(doubled.definition, Computed)
    wrong = replace(doubled.definition, columns={"failure_rate@2": "country_min__v1"})
    inputs = (*doubled.inputs, Input((*RATE[:-1], "country_min__v1")))
    broken = with_attribute(workspace, doubled.key, definition=wrong, inputs=inputs)
    with pytest.raises(ConfigError, match=r"window__asn__weekly .* does not bind: DuckDB: "):
        bind_statements(broken)


def test_where_relations_are_joined_every_column_says_of_which_it_is(workspace: Workspace) -> None:
    """A file may hold more columns than a statement says, and then a bare name has two meanings."""
    for statement in statements(workspace):
        for select in statement.tree().find_all(exp.Select):
            sources = [select.args["from_"].this] if select.args.get("from_") else []
            sources += [join.this for join in select.args.get("joins") or ()]
            scans = [s for s in sources if isinstance(s, exp.Table) and scan_of(s)]
            if len(sources) > 1 and scans:
                bare = [c for c in _own_columns(select) if not c.table]
                assert not bare, (statement.title, bare)


def _own_columns(select: exp.Select) -> list[exp.Column]:
    return [c for c in select.find_all(exp.Column) if c.parent_select is select]
