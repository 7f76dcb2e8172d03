"""The rows of a family -> votes of weak labels -> strong labels."""

from collections.abc import Mapping
from datetime import date, timedelta

from tests.naive.config import Spec, column, versions
from tests.naive.dawid_skene import Cast, dawid_skene
from tests.naive.expressions import Scope, evaluate
from tests.naive.later import with_later
from tests.naive.rows import wide_rows
from tests.naive.values import Value
from tests.naive.world import Row, Scores, World


def label_rows(world: World, name: str, day: date, *, scores: Scores) -> list[Row]:
    """Give one row for each granularity of the day, with every weak and strong label version."""
    label_set = world.config.label_sets[name]
    granularity = world.config.families[label_set["family"]]["granularity"]
    weak = {it: versions(spec) for it, spec in label_set["weak_labels"].items()}
    strong = {
        (it, version): spec
        for it, definition in label_set["strong_labels"].items()
        for version, spec in versions(definition).all.items()
    }
    classes, rows = label_set["classes"], []
    by_model = {
        key: _learned(world, name, day, spec, scores)
        for key, spec in strong.items()
        if spec["method"] == "label_model"
    }
    for key, votes in _voted(world, name, day, scores):
        row: Row = {granularity: key, **votes}
        cast = tuple(votes.get(column(it, live.default)) for it, live in weak.items())
        for (it, version), spec in strong.items():
            if spec["method"] == "label_model":
                chances = by_model[it, version].get(cast)
                found = likeliest(spec, classes, cast, chances)
                row[column(it, version)] = found
                chance = None if found is None or not chances else chances[str(found)]
                row[column(f"{it}_probability", version)] = chance
            else:
                named = dict(zip(weak, cast, strict=True))
                row[column(it, version)] = elect(spec, classes, named)
        rows.append(row)
    return rows


def _voted(world: World, name: str, day: date, scores: Scores) -> list[tuple[Value, Row]]:
    label_set = world.config.label_sets[name]
    granularity = world.config.families[label_set["family"]]["granularity"]
    found = []
    for wide in wide_rows(world, label_set["family"], day, scores=scores):
        known = with_later(world, label_set, day, wide, scores)
        votes = {
            column(it, version): vote(spec, label_set["classes"], known)
            for it, written in label_set["weak_labels"].items()
            for version, spec in versions(written).all.items()
        }
        found.append((wide.row[granularity], votes))
    return found


def _learned(
    world: World, name: str, day: date, spec: Spec, scores: Scores
) -> dict[Cast, dict[str, float]]:
    """Learn from the votes of the last `fit_days` days, this one included."""
    label_set = world.config.label_sets[name]
    weak = {it: versions(written) for it, written in label_set["weak_labels"].items()}
    ballots: list[Cast] = []
    for back in range(spec.get("fit_days", 7)):
        if (then := day - timedelta(days=back)) >= world.config.start:
            for _, votes in _voted(world, name, then, scores):
                ballots.append(
                    tuple(votes.get(column(it, live.default)) for it, live in weak.items())
                )
    return dawid_skene(ballots, label_set["classes"], spec.get("class_prior"))


def vote(spec: Spec, classes: list[str], scope: Scope) -> Value:
    """Give the class one weak label votes for; None where it abstains."""
    if "when" in spec:
        return str(spec["vote"]) if evaluate(spec["when"], scope) is True else None
    found = evaluate(spec["function"], scope)
    return found if found in classes else None


def elect(spec: Spec, classes: list[str], votes: Mapping[str, Value]) -> Value:
    """Give the class that the votes of one row make, by weak label; None abstains."""
    cast = {name: chosen for name, chosen in votes.items() if chosen is not None}
    method = spec["method"]
    if not cast:
        silent: Value = spec.get("default")
        return silent
    if len(set(cast.values())) > 1 and (method == "all_vote" or "conflicts" in spec):
        return _class(spec.get("conflicts"))
    if method == "all_vote":
        return next(iter(cast.values()))
    if method == "priority_vote":
        for name in [*spec.get("order", []), *votes]:
            if name in cast:
                return cast[name]
    if method == "any_vote" and spec.get("vote", classes[-1]) in cast.values():
        enough: Value = spec.get("vote", classes[-1])
        return enough
    weights = spec.get("weights", {}) if method == "weighted_vote" else {}
    ballots: dict[Value, float] = {}
    for name, chosen in cast.items():
        ballots[chosen] = ballots.get(chosen, 0) + weights.get(name, 1)
    most = max(ballots.values())
    winners = [name for name, count in ballots.items() if count == most]
    wins = most * 2 > len(cast) if method == "majority_vote" else len(winners) == 1
    return winners[0] if wins else _class(spec.get("ties"))


def likeliest(
    spec: Spec, classes: list[str], cast: Cast, chances: Mapping[str, float] | None
) -> Value:
    """Give the class that a label model finds likeliest for a row's votes."""
    spoken = {chosen for chosen in cast if chosen is not None}
    if not spoken or not chances:
        default: Value = spec.get("default")
        return default
    if len(spoken) > 1 and "conflicts" in spec:
        return _class(spec["conflicts"])
    best = max(chances.values())
    winners = [name for name in classes if chances[name] >= best - 1e-9]
    return winners[0] if len(winners) == 1 else _class(spec.get("ties"))


def _class(written: str | None) -> Value:
    return None if written in (None, "abstain") else written
