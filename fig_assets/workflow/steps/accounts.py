"""What a day was made of -> the counts that nothing was lost on the way, and their verdicts."""

from fig_assets.graph.nodes import Op
from fig_assets.sql import event as events
from fig_assets.sql import row
from fig_assets.sql.daily_state import select_lost_keys, source_columns
from fig_assets.sql.losses import LOST_KEYS
from fig_assets.sql.state_columns import states_of
from fig_assets.workflow.steps.checks import CONSERVATION, MAX_SET_ASIDE, SET_ASIDE, Verdict
from fig_assets.workflow.steps.raw_accounts import missing_accounts, worded
from fig_assets.workflow.steps.result import DayResult
from fig_assets.workflow.workspace import Workspace


def account_for_lines(workspace: Workspace, op: Op, result: DayResult) -> None:
    """Account for every landed line of the day: each is a row, or is counted with its reason."""
    event = workspace.graph.events[op.owner]
    source = workspace.graph.sources[event.source]
    tree = events.select_counts(event, source, result.day)
    counts = {name: int(n) for name, n in workspace.engine.query(tree).to_pylist()[0].items()}
    parts = {
        "other_events": counts["lines"] - counts["matching"],
        "duplicates": counts["matching"] - counts["different"],
        "filtered": counts["different"] - result.rows if event.where is not None else 0,
    }
    result.notes |= {"lines": counts["lines"], **parts}
    if missing := missing_accounts(workspace, source, result.day):
        result.notes["missing_accounts"] = worded(missing)
    lost = counts["lines"] - result.rows - sum(parts.values())
    result.verdicts.append(
        Verdict(
            key=("events", op.owner),
            name=CONSERVATION,
            passed=lost == 0,
            blocking=False,
            failed_rows=abs(lost),
            rows=counts["lines"],
        )
    )


def account_for_events(workspace: Workspace, op: Op, result: DayResult) -> None:
    """Account for every event of the day: each is a row, or set aside and counted."""
    family = workspace.graph.row_families[op.owner]
    tree = row.select_set_aside(workspace.graph, family, result.day, workspace.engine.dialect)
    counts = {name: int(n) for name, n in workspace.engine.query(tree).to_pylist()[0].items()}
    repeated = counts["events"] - counts["null_keys"] - counts["keys"]
    result.notes |= {"null_keys": counts["null_keys"], "repeated_keys": repeated}
    if LOST_KEYS in counts:
        result.notes[LOST_KEYS] = counts[LOST_KEYS]
    aside = repeated + counts["null_keys"]
    result.verdicts.append(
        Verdict(
            key=("families", op.owner),
            name=SET_ASIDE,
            passed=aside <= MAX_SET_ASIDE * counts["events"],
            blocking=False,
            failed_rows=aside,
            rows=counts["events"],
        )
    )


def account_for_entities(workspace: Workspace, op: Op, result: DayResult) -> None:
    """Count the day's events, or rows, that form no entity since their key has another type.

    Nothing is noted of a family whose keys need no conversion. Events belong to the op of the
    states, rows to the op that makes the windows.
    """
    graph, dialect = workspace.graph, workspace.engine.dialect
    for states in states_of(graph.families[op.owner]):
        if states.group.is_of_rows == (op.kind == "window"):
            source = source_columns(graph, states.group)
            tree = select_lost_keys(states, source, result.day, dialect)
            if tree is not None:
                lost = int(workspace.engine.query(tree).column(LOST_KEYS)[0].as_py())
                result.notes[LOST_KEYS] = int(str(result.notes.get(LOST_KEYS, 0))) + lost
