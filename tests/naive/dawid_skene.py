"""Votes, row by row -> how likely each class is for each combination of votes, in plain loops."""

import math
from collections.abc import Mapping, Sequence

Cast = tuple[object, ...]
"""The votes of one row: a class each, or None."""

STEPS = 2000


def dawid_skene(
    ballots: Sequence[Cast],
    classes: Sequence[str],
    prior: Mapping[str, float] | None = None,
    *,
    silence_counts: bool = True,
    steps: int = STEPS,
) -> dict[Cast, dict[str, float]]:
    """Return, for each combination of votes, the probability of each class; {} without a vote.

    Dawid and Skene (1979); with `silence_counts` to abstain is an outcome like a vote, without it
    a vote that is missing.
    """
    belief: dict[Cast, dict[str, float]] = {}
    spoken = {cast for cast in ballots if any(vote is not None for vote in cast)}
    if not spoken:
        return {}
    for cast in spoken:
        votes = {name: sum(vote == name for vote in cast) for name in classes}
        winners = [name for name in classes if votes[name] == max(votes.values())]
        belief[cast] = {name: (name in winners) / len(winners) for name in classes}
    first = dict.fromkeys(classes, 0.0)
    for name in classes:
        if prior is not None:
            first[name] = prior[name]
        elif not any(name in cast for cast in spoken):
            first[name] = 1.0
    if not any(first.values()):
        first = {name: sum(belief[c][name] for c in ballots if c in spoken) for name in classes}
    for cast in set(ballots) - spoken:
        belief[cast] = {name: first[name] / sum(first.values()) for name in classes}
    for _ in range(steps):
        found = _step(ballots, classes, belief, prior, silence_counts=silence_counts)
        moved = max(abs(found[c][n] - belief[c][n]) for c in belief for n in classes)
        belief = found
        if moved <= 1e-10:
            break
    return belief


def _step(
    ballots: Sequence[Cast],
    classes: Sequence[str],
    belief: dict[Cast, dict[str, float]],
    prior: Mapping[str, float] | None,
    *,
    silence_counts: bool,
) -> dict[Cast, dict[str, float]]:
    many = {name: math.fsum(belief[cast][name] for cast in ballots) for name in classes}
    heard: dict[tuple[str, int, object], float] = {}
    asked: dict[tuple[str, int], float] = {}
    for cast in ballots:
        for voter, vote in enumerate(cast):
            if vote is None and not silence_counts:
                continue
            for name in classes:
                heard[name, voter, vote] = heard.get((name, voter, vote), 0) + belief[cast][name]
                asked[name, voter] = asked.get((name, voter), 0) + belief[cast][name]
    found = {}
    for cast in belief:
        chances = {}
        for name in classes:
            chance = many[name] / len(ballots)
            if prior is not None:
                chance = prior[name] / sum(prior[it] for it in classes)
            for voter, vote in enumerate(cast):
                if vote is not None or silence_counts:
                    many_of = asked[name, voter]
                    chance *= heard[name, voter, vote] / many_of if many_of else 0
            chances[name] = chance
        total = sum(chances.values())
        found[cast] = {name: chances[name] / total for name in classes}
    return found
