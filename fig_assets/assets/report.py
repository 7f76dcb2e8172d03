"""What an op did -> Dagster's events: materialisations with metadata, checks day by day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import blake2b

from dagster import (
    AssetCheckEvaluation,
    AssetCheckResult,
    AssetCheckSeverity,
    AssetExecutionContext,
    AssetMaterialization,
    DataVersion,
    Failure,
    MaterializeResult,
    MetadataValue,
    TableRecord,
)
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from fig_assets.assets import keys
from fig_assets.assets.markdown import code
from fig_assets.assets.partitions import partition
from fig_assets.assets.trend import trend_pictures
from fig_assets.graph.nodes import Key
from fig_assets.pictures.shown import image
from fig_assets.workflow.run import OpResult
from fig_assets.workflow.steps.checks import ChecksFailed, Verdict
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.workspace import Workspace

Metadata = dict[str, object]
Event = MaterializeResult[object] | AssetCheckResult | AssetCheckEvaluation
"""What an op tells Dagster."""


def report(
    context: AssetExecutionContext,
    workspace: Workspace,
    result: OpResult,
    selected: Sequence[Key],
) -> Iterator[Event]:
    """Yield what an op did, in the order of its assets.

    Raises:
        Failure: a day was refused. The good days are logged one by one before, so that they
            count as materialised.
    """
    for refreshed in result.states_refreshed:
        _log(context, ("states", result.op.owner), refreshed, {"fig/refreshed_for": result.op.name})
    if result.refused:
        _log_good_days(context, workspace, result, selected)
        yield from _daily_checks(context, result)
        # A result would have to come with an output, of which a failed step has none.
        yield from (_evaluation(summed) for summed in _check_results(context, result))
        raise _failure(result)
    is_dated = None not in result.days
    if result.op.kind == "score" and result.days:
        _draw_trend(context, result)
    for key in selected:
        for day, found in result.days.items():
            metadata = _metadata(
                workspace, result, key, found, last=day == max(result.days, key=str)
            )
            if is_dated and day is not None:
                context.add_asset_metadata(
                    metadata, asset_key=keys.asset_key(key), partition_key=partition(day)
                )
        only = {} if is_dated else _metadata(workspace, result, key, result.days[None], last=True)
        yield MaterializeResult(
            asset_key=keys.asset_key(key),
            metadata=only,  # type: ignore[arg-type]
            data_version=_data_version(result, key),
        )
    for found in result.days.values():
        for key in found.also:
            _log(context, key, found.day, _metadata(workspace, result, key, found, last=False))
    yield from _daily_checks(context, result)
    yield from _check_results(context, result)


def _check_results(context: AssetExecutionContext, result: OpResult) -> Iterator[AssetCheckResult]:
    """Sum each check up over the days of the run."""
    for (key, name), verdicts in _verdicts(context, result).items():
        yield _check_result(key, name, verdicts)


def _evaluation(summed: AssetCheckResult) -> AssetCheckEvaluation:
    if summed.asset_key is None or summed.check_name is None:
        raise ValueError(summed)
    return AssetCheckEvaluation(
        asset_key=summed.asset_key,
        check_name=summed.check_name,
        passed=summed.passed,
        severity=summed.severity,
        description=summed.description,
        metadata=summed.metadata,
    )


def _verdicts(
    context: AssetExecutionContext, result: OpResult
) -> dict[tuple[Key, str], dict[date | None, Verdict]]:
    """Return the verdicts of each selected check by day, in order; None where there are no days."""
    wanted = {(check.asset_key, check.name) for check in context.selected_asset_check_keys}
    judged = [(day, found.verdicts) for day, found in result.days.items()]
    for day, refusal in result.refused.items():
        if isinstance(refusal, ChecksFailed):
            judged.append((day, list(refusal.verdicts)))
    found: dict[tuple[Key, str], dict[date | None, Verdict]] = {}
    for day, verdicts in sorted(judged, key=lambda pair: str(pair[0])):
        for verdict in verdicts:
            if (keys.asset_key(verdict.key), verdict.name) in wanted:
                found.setdefault((verdict.key, verdict.name), {})[day] = verdict
    return found


def _check_result(key: Key, name: str, verdicts: Mapping[date | None, Verdict]) -> AssetCheckResult:
    some = next((v for v in verdicts.values() if not v.passed), next(iter(verdicts.values())))
    failed = [day for day, v in verdicts.items() if not v.passed and day is not None]
    shown = sum(v.failed_rows for v in verdicts.values())
    metadata: Metadata = {
        "rows": sum(v.rows for v in verdicts.values()),
        "failed_rows": shown,
        "days": len(verdicts),
    }
    if failed:
        metadata["failed_days"] = ", ".join(str(day) for day in failed)
    if some.sample:
        metadata["sample"] = _table(some.sample)
    words = (
        f"{shown} of {metadata['rows']} {some.unit} fail"
        if shown
        else f"all {metadata['rows']} {some.unit} pass"
    )
    if failed:
        words += f" on {failed[0]}" + (f" and {len(failed) - 1} more" if len(failed) > 1 else "")
    words += f": {some.named}" if some.named else ""
    return AssetCheckResult(
        asset_key=keys.asset_key(key),
        check_name=name,
        passed=some.passed,
        severity=_severity(some),
        description=words,
        metadata=metadata,  # type: ignore[arg-type]
    )


def _daily_checks(
    context: AssetExecutionContext, result: OpResult
) -> Iterator[AssetCheckEvaluation]:
    """Report each day's verdicts: a run has room for one result of a check only."""
    for verdicts in _verdicts(context, result).values():
        for day, verdict in verdicts.items():
            if day is None:
                continue
            metadata: Metadata = {"rows": verdict.rows, "failed_rows": verdict.failed_rows}
            if verdict.sample:
                metadata["sample"] = _table(verdict.sample)
            yield AssetCheckEvaluation(
                asset_key=keys.asset_key(verdict.key),
                check_name=verdict.name,
                passed=verdict.passed,
                severity=_severity(verdict),
                description=verdict.words,
                partition=partition(day),
                metadata=metadata,  # type: ignore[arg-type]
            )


def _log_good_days(
    context: AssetExecutionContext,
    workspace: Workspace,
    result: OpResult,
    selected: Sequence[Key],
) -> None:
    for day, found in result.days.items():
        for key in selected:
            metadata = _metadata(
                workspace, result, key, found, last=day == max(result.days, key=str)
            )
            _log(context, key, day, metadata)


def _log(context: AssetExecutionContext, key: Key, day: date | None, metadata: Metadata) -> None:
    digest = metadata.get("fig/digest")
    context.log_event(
        AssetMaterialization(
            keys.asset_key(key),
            partition=partition(day) if day else None,
            metadata=metadata,  # type: ignore[arg-type]
            tags={DATA_VERSION_TAG: str(digest)} if digest else None,
        )
    )


def _failure(result: OpResult) -> Failure:
    named = [
        f"{day or 'all days'}: {refusal}"
        for day, refusal in sorted(result.refused.items(), key=str)
    ]
    days = ", ".join(str(day) for day in sorted(result.refused, key=str) if day)
    shown = "\n".join(named[:10])
    return Failure(
        description=f"{result.op.name} was refused for {days or 'the whole asset'}\n{shown}",
        metadata={"refused_days": days, "published_days": len(result.days)},
        allow_retries=False,
    )


def _metadata(
    workspace: Workspace, result: OpResult, key: Key, found: DayResult, *, last: bool
) -> Metadata:
    facts = found.facts.get(key)
    metadata: Metadata = {}
    if found.day not in result.decisions:
        metadata["dagster/row_count"] = facts.rows if facts else found.rows
    if facts:
        metadata["nulls"] = facts.nulls / facts.rows if facts.rows else 0.0
        metadata |= facts.numbers
        if facts.lost:
            metadata |= {"fig/lost": facts.lost, "fig/lost_fraction": facts.lost / facts.rows}
        metadata["fig/digest"] = facts.digest
        if found.kept:
            metadata["fig/columns_unchanged"] = len(found.kept)
        # Scores have no asset for the whole relation that could say what is said of the day.
        is_score = result.op.kind == "score"
        return metadata | _told(found) | _pictures(found) if is_score else metadata
    metadata |= _told(found)
    if found.day in result.decisions:
        metadata |= _decision(result, found.day)
    metadata |= _pictures(found)
    if found.kept:
        # The day's file was written anew: what else it holds is what it held.
        metadata["fig/unchanged"] = MetadataValue.json(dict(found.kept))
    if last and found.statement is not None:
        text = workspace.engine.sql(found.statement())
        metadata["fig/sql"] = MetadataValue.md(code(text, "sql"))
    return metadata


def _draw_trend(context: AssetExecutionContext, result: OpResult) -> None:
    """Add pictures over the days to the last day of a run."""
    told = {
        found.day: {n: v for n, v in found.notes.items() if isinstance(v, int | float)}
        for found in result.days.values()
    }
    key = keys.asset_key(result.op.keys[0])
    last = max(result.days.values(), key=lambda found: found.day)
    last.pictures |= trend_pictures(context.instance, key, told)


def _told(found: DayResult) -> Metadata:
    told: Metadata = {name: _plain(value) for name, value in found.notes.items()}
    return told | {name: _table(rows) for name, rows in found.tables.items()}


def _decision(result: OpResult, day: date) -> Metadata:
    decision = result.decisions[day]
    numbers = {name: value for name, value in decision.metrics.items() if value is not None}
    ends = {
        f"{name}_{end}": value
        for name, interval in decision.intervals.items()
        for end, value in zip(("low", "high"), interval, strict=True)
    }
    return {
        "outcome": decision.outcome,
        "reason": decision.reason,
        "trained_for": str(decision.champion or ""),
        **numbers,
        **ends,
    }


def _pictures(found: DayResult) -> Metadata:
    """Show pictures in Markdown: Dagster shows it on the page of the asset, at a click."""
    return {
        f"fig/{name}": MetadataValue.md(image(svg, f"{name.replace('_', ' ')} {found.day}"))
        for name, svg in found.pictures.items()
    }


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return MetadataValue.json(dict(value))
    return value if isinstance(value, (int, float, str)) else str(value)


def _data_version(result: OpResult, key: Key) -> DataVersion | None:
    digests = [found.facts[key].digest for found in result.days.values() if key in found.facts]
    if not digests:
        return None
    if len(digests) == 1:
        return DataVersion(digests[0])
    return DataVersion(blake2b("/".join(digests).encode(), digest_size=8).hexdigest())


def _severity(verdict: Verdict) -> AssetCheckSeverity:
    return AssetCheckSeverity.ERROR if verdict.blocking else AssetCheckSeverity.WARN


def _table(sample: Iterable[Mapping[str, str]]) -> MetadataValue:
    return MetadataValue.table([TableRecord(dict(row)) for row in sample])
