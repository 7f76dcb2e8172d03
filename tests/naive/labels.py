"""The rows of a family -> votes of weak labels -> strong labels."""

from collections.abc import Mapping
from datetime import date

from tests.naive.config import Spec, Versions, column, versions
from tests.naive.expressions import Scope, evaluate
from tests.naive.rows import wide_rows
from tests.naive.values import Value
from tests.naive.world import Row, Scores, World


def label_rows(world: World, name: str, day: date, *, scores: Scores) -> list[Row]:
    """Give one row for each granularity of the day, with every weak and strong label version."""
    label_set = world.config.label_sets[name]
    granularity = world.config.families[label_set["family"]]["granularity"]
    weak = {it: versions(spec) for it, spec in label_set["weak_labels"].items()}
    rows = []
    for wide in wide_rows(world, label_set["family"], day, scores=scores):
        votes = {
            column(it, version): vote(spec, label_set["classes"], wide.scope)
            for it, live in weak.items()
            for version, spec in live.all.items()
        }
        strong = {
            column(it, version): elect(spec, _ballots(weak, votes, spec))
            for it, definition in label_set["strong_labels"].items()
            for version, spec in versions(definition).all.items()
        }
        rows.append({granularity: wide.row[granularity], **votes, **strong})
    return rows


def vote(spec: Spec, classes: list[str], scope: Scope) -> Value:
    """Give the class one weak label votes for; None where it abstains."""
    if "when" in spec:
        return str(spec["vote"]) if evaluate(spec["when"], scope) is True else None
    found = evaluate(spec["function"], scope)
    return found if found in classes else None


def elect(spec: Spec, ballots: Mapping[str, float]) -> Value:
    """Give the class with most votes, `default` where nobody voted, `ties` where they tie."""
    if not ballots:
        default: Value = spec.get("default")
        return default
    most = max(ballots.values())
    winners = [name for name, count in ballots.items() if count == most]
    if len(winners) == 1:
        return winners[0]
    ties = str(spec.get("ties", "abstain"))
    return None if ties == "abstain" else ties


def _ballots(weak: dict[str, Versions], votes: Row, spec: Spec) -> dict[str, float]:
    """Count the votes; only the default version of a weak label has one."""
    ballots: dict[str, float] = {}
    weights = spec.get("weights", {}) if spec["method"] == "weighted_vote" else {}
    for name, live in weak.items():
        chosen = votes.get(column(name, live.default))
        if isinstance(chosen, str):
            ballots[chosen] = ballots.get(chosen, 0) + weights.get(name, 1)
    return ballots
