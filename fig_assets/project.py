"""`Project`: one object behind both doors, Python and shell."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyarrow as pa

from fig_assets.config.load import Config, load_config, survey_config
from fig_assets.engines.base import DAY
from fig_assets.errors import ConfigError, Problem, WorkflowError
from fig_assets.graph.build import build_graph
from fig_assets.graph.healthy import build_healthy
from fig_assets.graph.lock import changed_problems, outdated_problems
from fig_assets.graph.nodes import Graph, Key, Op
from fig_assets.models.check import model_problems
from fig_assets.sql.published import Published, named_model, published, select_published, views
from fig_assets.versions import Versions
from fig_assets.workflow.changing.lock import LockReport, lock_project
from fig_assets.workflow.changing.usage import refuse_retired
from fig_assets.workflow.learning import learn
from fig_assets.workflow.learning.own_code import package_problems
from fig_assets.workflow.planning.plan import make_plan
from fig_assets.workflow.planning.planned import Plan
from fig_assets.workflow.run import Progress
from fig_assets.workflow.steps.bind import bind_statements
from fig_assets.workflow.steps.compute import attributes_of, writes
from fig_assets.workflow.steps.python import function_problems
from fig_assets.workflow.steps.shown import statement_text, stored_days
from fig_assets.workflow.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    import pandera.pandas as pandera
    from dagster import Definitions

    from fig_assets.assets.runner import Summary
    from fig_assets.models.label_report import LabelReport
    from fig_assets.workflow.proving.prove import Proved

HOME = "DAGSTER_HOME"
DEFAULT_HOME = "data/dagster"


@dataclass(frozen=True, eq=False)
class Project(Versions):
    """A resolved project in one environment.

    It opens its warehouse on first use: close it, or use it in a `with`.
    """

    config: Config
    graph: Graph
    warnings: tuple[Problem, ...]
    broken: tuple[Problem, ...] = ()
    """The problems of what was left out, where only the healthy part was asked for."""

    @cached_property
    def workspace(self) -> Workspace:
        """The opened engine, model store and folders."""
        return open_workspace(self.config, self.graph)

    @property
    def home(self) -> Path:
        """Dagster's home: `DAGSTER_HOME`, or `data/dagster/<environment>` beside the project.

        Environments have homes of their own: their partitions are other partitions.
        """
        name = self.config.environment.spec.name
        return Path(os.environ.get(HOME) or self.config.root / DEFAULT_HOME / name)

    def execute_workflow(
        self,
        start: date,
        end: date,
        select: str | None = None,
        train: bool = False,  # noqa: FBT001, FBT002 - a public name of the architecture
        *,
        only_stale: bool = False,
        progress: Progress = lambda op, day: None,
        on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
    ) -> "Summary":
        """Run the selected assets for the days `start` to `end`, both included, through Dagster.

        The runs are made in this process and recorded in the DAGSTER_HOME that the UI shows.

        Args:
            start: First UTC day.
            end: Last UTC day.
            select: Assets in Dagster's selection syntax; all of them when left out.
            train: Train the selected models for `end` even if it is not due.
            only_stale: Compute only what is missing or stale.
            progress: Told each op and day when done.
            on_plan: Told how many days of each op are going to be computed.

        Raises:
            WorkflowError: the selection or the days are wrong.
        """
        from fig_assets.assets.home import open_instance
        from fig_assets.assets.launch import launch, select_keys

        with open_instance(self.home) as instance:
            summary = launch(
                self.workspace,
                instance,
                start,
                end,
                selected=select_keys(self.workspace, select),
                train=train,
                only_stale=only_stale,
                progress=progress,
                on_plan=on_plan,
            )
        self.workspace.engine.publish_views(views(self.graph))
        return summary

    def read(
        self,
        name: str,
        period: str | None = None,
        start: date | None = None,
        end: date | None = None,
        columns: Sequence[str] | None = None,
    ) -> pa.Table:
        """Read an event, table, family, label set or model's scores by name.

        Returns:
            Rows ordered by day and key, columns `(day, granularity, plain names of the default
            versions, every version as <name>__v<N>, ...)`, or `day`, the key and `columns`. Days
            are `start` to `end`, both included; without them every stored day is read.

        Raises:
            WorkflowError: nothing is called so, or a column is not there.
            EngineError: a day of the range holds only some of the columns.
        """
        relation = self._published(name, period)
        refuse_retired(self.config, name, relation, columns or ())
        window = stored_days(self.workspace.engine, relation, start, end)
        try:
            tree = select_published(relation, window, columns)
        except KeyError as refusal:
            raise WorkflowError(str(refusal.args[0])) from refusal
        return self.workspace.engine.query(tree)

    def plain_columns(self, name: str, period: str | None = None) -> list[str]:
        """Return the columns of a relation without its key and without `__v<N>` beside the names.

        Raises:
            WorkflowError: nothing is called so.
        """
        return self._published(name, period).plain

    def sql(
        self,
        name: str,
        period: str | None = None,
        *,
        day: date,
        dialect: str | None = None,
    ) -> str:
        """Return the statement that computes a relation for `day`, readable and runnable.

        Raises:
            WorkflowError: nothing is called so, or there is no engine for the dialect yet.
        """
        engine = self.workspace.engine
        if dialect not in (None, engine.dialect):
            raise WorkflowError(f"no engine renders '{dialect}' yet; fix: use {engine.dialect}")
        found = [
            write
            for op in self._ops(name, period)
            for write in writes(self.workspace, op, day, attributes_of(self.graph, op))
        ]
        if not found:
            raise WorkflowError(
                f"'{name}' is not made by a statement: tables are read from their files, scores "
                "come from a model\n  fix: name an event, a family or a label set"
            )
        return statement_text(engine, found)

    def training_set(self, name: str, day: date) -> pa.Table:
        """Return the point-in-time frame that the model of training day `day` sees.

        Columns `(day, granularity, *inputs, label)`, one row for each labelled row.

        Raises:
            WorkflowError: there is no such model.
            ModelError: none of the days can be trained on.
            EngineError: a day was never built.
        """
        model = named_model(self.graph, name)
        if model is None:
            known = ", ".join(sorted(m.identity for m in self.graph.models.values()))
            raise WorkflowError(f"there is no model '{name}'; there are: {known}")
        days = learn.training_days(self.workspace, model, day)
        return learn.training_set(self.workspace, model, days)

    def report_labels(
        self,
        name: str | None = None,
        *,
        days: int = 7,
        end: date | None = None,
        strong: str | None = None,
    ) -> "LabelReport":
        """Say what each weak label of a label set did on some days; see `report_labels`.

        Raises:
            WorkflowError: there is no such label set or strong label, or nothing is stored.
            EngineError: a day was never built.
        """
        from fig_assets.workflow.labelling.label_report import report_labels

        return report_labels(self.workspace, name, days=days, end=end, strong=strong)

    def schema(self, name: str, period: str | None = None) -> "pandera.DataFrameSchema":
        """Return the pandera schema of a relation as `read` gives it, for pandas frames.

        Convert with `table.to_pandas(types_mapper=pandas.ArrowDtype)`.
        """
        from fig_assets.workflow.steps.schemas import pandera_schema

        relation = self._published(name, period)
        key = {n: relation.stored[n] for n in relation.order if n in relation.stored}
        if name in self.graph.events:
            key = {}
        elif relation.is_dated:
            key = {DAY: relation.stored[DAY], **key}
        attributes = [a for op in self._ops(name, period) for a in attributes_of(self.graph, op)]
        return pandera_schema(key, [a for a in attributes if a.is_default])

    def plan(
        self, start: date | None = None, end: date | None = None, *, upgrade_rules: bool = False
    ) -> Plan:
        """Say what is missing, stale or unknown, why, and what to compute; on all layers at once.

        Args:
            start: First UTC day; the project's start when left out.
            end: Last UTC day, included; yesterday or the project's end when left out.
            upgrade_rules: Compute what cannot be compared too, for another rule made its
                fingerprint.

        Raises:
            WorkflowError: the days lie outside the project.
        """
        return make_plan(self.workspace, start, end, upgrade_rules=upgrade_rules)

    def execute_plan(
        self,
        plan: Plan,
        *,
        progress: Progress = lambda op, day: None,
        on_plan: Callable[[Mapping[str, int]], None] = lambda plan: None,
    ) -> "Summary":
        """Compute exactly what a plan says, through Dagster, in this process.

        It can be stopped at any point and started again with the same plan.

        Raises:
            WorkflowError: the plan was made for another project, environment or configuration.
        """
        from fig_assets.assets.home import open_instance
        from fig_assets.assets.launch import launch_plan

        with open_instance(self.home) as instance:
            summary = launch_plan(
                self.workspace, instance, plan, progress=progress, on_plan=on_plan
            )
        self.workspace.engine.publish_views(views(self.graph))
        return summary

    def bind(self) -> int:
        """Bind every shape of statement on empty relations; returns how many there are.

        Imports the Python functions that features name, and the packages of models, and sees that
        each can be called as it will be.

        Raises:
            ConfigError: a function cannot be called so, or a statement does not bind, which is a
                defect of this program.
        """
        problems = [*function_problems(self.graph), *package_problems(self.graph)]
        if problems:
            raise ConfigError(problems)
        return bind_statements(self.workspace)

    def number(self, key: Key) -> int | None:
        """Return the id of the attribute or model version with that asset key, if it has one."""
        return self.config.lock.number(key) if self.config.lock is not None else None

    def lock_problems(self) -> tuple[Problem, ...]:
        """Say what `lock` would write, a problem for each attribute version; nothing if current.

        A project without a lock file has one warning.
        """
        return outdated_problems(self.graph, self.config)

    def lock(self, *, follow: Sequence[str] = ()) -> LockReport:
        """Write `attributes.lock.json`: an id for each new attribute version, removed ones marked.

        A project whose locked meanings have changed cannot be loaded: see `lock_project`.

        Args:
            follow: Consumers whose references without a version move to today's default versions.

        Raises:
            ConfigError: the files have changed since and have problems.
        """
        name = self.config.environment.spec.name
        return lock_project(self.config.folder, name, follow=follow)

    def prove(self, seed: int = 7) -> "Proved":
        """Run the project on a small made-up sample in a temporary lake and prove its promises.

        The promises: no later event changes an earlier partition, day by day gives what a range
        gives, filling a day leaves its neighbours, windows hold exactly their days, and joins see
        the partition that they may see. The same seed makes the same sample.

        Raises:
            WorkflowError: the project does not run on the sample.
        """
        from fig_assets.workflow.proving.prove import prove

        return prove(self.config, self.graph, seed=seed)

    def definitions(self) -> "Definitions":
        """Build the Dagster application."""
        from fig_assets.assets.definitions import build_definitions

        return build_definitions(self.workspace, self.broken)

    def close(self) -> None:
        """Release the warehouse, if it was opened."""
        if "workspace" in self.__dict__:
            self.workspace.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *failure: object) -> None:
        """Close."""
        self.close()

    def _published(self, name: str, period: str | None) -> Published:
        try:
            return published(self.graph, name, period)
        except KeyError as refusal:
            raise WorkflowError(str(refusal.args[0])) from refusal

    def _ops(self, name: str, period: str | None) -> list[Op]:
        relation = self._published(name, period).relation
        shown = ("event", "window", "row", "python", "label", "label_model")
        found = [op for op in self.graph.ops if op.owner == name and op.kind in shown]
        return [op for op in found if op.period is None or relation.endswith(f"/{op.period.name}")]


def load_project(
    folder: str | Path = "configs", environment: str = "local", *, healthy_only: bool = False
) -> Project:
    """Read, check and resolve a project.

    Args:
        folder: The folder that holds `project.json`.
        environment: The name of a file in its `environments/`.
        healthy_only: Leave out files with problems and what reads them; they are told in
            `Project.broken`. Dagster loads projects so: one broken file does not hide the rest.

    Raises:
        ConfigError: with every problem that was found, in file order.
    """
    path = Path(folder)
    config = (
        load_config(path, environment, partial=True)
        if healthy_only
        else survey_config(path, environment)
    )
    settings = model_problems(config)
    errors = [problem for problem in settings if problem.severity == "error"]
    if healthy_only:
        graph, warnings, broken = build_healthy(config)
        return Project(config, graph, (*warnings, *settings), (*broken, *errors))
    errors += config.problems
    try:
        graph, warnings = build_graph(config)
    except ConfigError as refusal:
        raise ConfigError([*refusal.problems, *errors]) from refusal
    # What is locked is compared last: behind a mistake everything seems to mean something else.
    if errors := errors or list(changed_problems(graph, config)):
        raise ConfigError(errors)
    found = sorted((*warnings, *settings), key=lambda problem: problem.where)
    return Project(config, graph, tuple(found))
