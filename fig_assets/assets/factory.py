"""An op of the graph -> the Dagster multi-asset that runs it, one or many days a run."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Literal

from dagster import (
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    AssetSpec,
    BackfillPolicy,
    Config,
    Failure,
    multi_asset,
)
from pydantic import Field

from fig_assets.assets import keys
from fig_assets.assets.report import Event, report
from fig_assets.assets.resources import WORKSPACE, OpenWorkspace
from fig_assets.errors import FigError
from fig_assets.graph.nodes import Graph, Op
from fig_assets.graph.ops import Part, published_key
from fig_assets.workflow.run import run_op
from fig_assets.workflow.steps.checks import (
    COMPLETE,
    CONSERVATION,
    SCHEMA,
    SET_ASIDE,
    TRAINED,
    TRUTH,
    check_names,
)

ACCOUNTS = {
    "raw": (CONSERVATION, "every line is landed, blank, or in the quarantine with a reason; warns"),
    "model": (
        TRAINED,
        "a champion is in force, trained anew where due, and each input varies; warns",
    ),
    "event": (CONSERVATION, "every landed line is a row, or is counted with its reason; warns"),
    "row": (SET_ASIDE, "few events have no key, or one that was there before; warns"),
}
"""The checks that nothing is lost on the way, by the kind of op."""


class Training(Config):
    """What the launchpad asks of a model's partition."""

    train: Literal["when_due", "always"] = Field(
        default="when_due",
        description="when_due: train on the days of `retrain.every_days`, else keep the champion; "
        "always: train every selected day, and fail where that cannot be done.",
    )


def build_asset(graph: Graph, op: Op, specs: Sequence[AssetSpec]) -> AssetsDefinition:
    """Build the multi-asset of an op; any subset of its assets can be materialised alone."""
    if op.kind == "model":
        return _model_asset(graph, op, specs)

    @multi_asset(
        name=op.name,
        specs=specs,
        can_subset=len(specs) > 1,
        backfill_policy=_policy(specs),
        check_specs=check_specs(graph, op),
        required_resource_keys={WORKSPACE},
    )
    def compute(
        context: AssetExecutionContext,
    ) -> Iterator[Event]:
        yield from _run(context, op, frozenset())

    return compute


def check_specs(graph: Graph, op: Op) -> list[AssetCheckSpec]:
    """Describe the checks of an op: declared ones, and the contract of its relation."""
    found = []
    for key in op.keys:
        attribute = graph.attributes.get(key)
        if attribute is None:
            continue
        for name, blocks in check_names(attribute):
            words = f"{name}; {'blocks publication' if blocks else 'warns'}"
            found.append(
                AssetCheckSpec(name, asset=keys.asset_key(key), description=words, blocking=blocks)
            )
    shown = published_key(Part(op.kind, op.owner, op.period))
    if shown is not None and shown in op.keys:
        words = "keys are there and unique, every column has its type; blocks publication"
        found.append(
            AssetCheckSpec(SCHEMA, asset=keys.asset_key(shown), description=words, blocking=True)
        )
    labels = graph.label_sets.get(op.owner)
    if shown is not None and shown in op.keys and labels is not None and labels.truth is not None:
        words = "no strong label loses to a plurality of its votes on rows of known class; warns"
        found.append(AssetCheckSpec(TRUTH, asset=keys.asset_key(shown), description=words))
    kind = "row" if op.kind == "python" and op.period is None else op.kind
    if kind in ACCOUNTS and (shown is None or shown in op.keys):
        name, words = ACCOUNTS[kind]
        found.append(AssetCheckSpec(name, asset=keys.asset_key(op.keys[-1]), description=words))
    if op.kind == "raw" and graph.sources[op.owner].accounts:
        words = "every account has files of the day, and all can be read; warns"
        found.append(AssetCheckSpec(COMPLETE, asset=keys.asset_key(op.keys[-1]), description=words))
    return found


def _model_asset(graph: Graph, op: Op, specs: Sequence[AssetSpec]) -> AssetsDefinition:
    @multi_asset(
        name=op.name,
        specs=specs,
        backfill_policy=_policy(specs),
        check_specs=check_specs(graph, op),
        required_resource_keys={WORKSPACE},
    )
    def decide(context: AssetExecutionContext, config: Training) -> Iterator[Event]:
        days = _days(context)
        workspace: OpenWorkspace = context.resources.workspace
        explicit = frozenset(days) if config.train == "always" else workspace.train_on
        yield from _run(context, op, explicit)

    return decide


def _run(context: AssetExecutionContext, op: Op, explicit: frozenset[date]) -> Iterator[Event]:
    opened: OpenWorkspace = context.resources.workspace
    selected = [key for key in op.keys if keys.asset_key(key) in context.selected_asset_keys]
    try:
        result = run_op(
            opened.workspace,
            op,
            _days(context),
            selected,
            progress=opened.progress,
            explicit_days=explicit,
            states=opened.states,
        )
    except FigError as refusal:
        raise Failure(f"{op.name} was refused\n{refusal}", allow_retries=False) from refusal
    yield from report(context, opened.workspace, result, selected)


def _days(context: AssetExecutionContext) -> list[date]:
    """Return the days of the run, one or a range; none for an asset without partitions."""
    if not context.has_partition_key and not context.has_partition_key_range:
        return []
    if context.assets_def.partitions_def is None:
        return []
    window = context.partition_time_window
    start, end = window.start.date(), window.end.date()
    return [start + timedelta(days=n) for n in range((end - start).days)]


def _policy(specs: Sequence[AssetSpec]) -> BackfillPolicy | None:
    return BackfillPolicy.single_run() if specs[0].partitions_def is not None else None
