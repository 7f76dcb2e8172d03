"""A configured strong label and its votes -> how they are combined, what it reads, its meaning."""

from collections.abc import Sequence

from fig_assets.config.labels import StrongLabel
from fig_assets.graph.definitions import Combined, Learned
from fig_assets.graph.nodes import Attribute, Input
from fig_assets.graph.period import Reach
from fig_assets.graph.version import Part

ABSTAIN = "abstain"
LABEL_MODEL = "label_model"


def combine(spec: StrongLabel, classes: Sequence[str], votes: Sequence[Attribute]) -> Combined:
    """Say how the votes of one row become a class."""
    ranks = {name: rank for rank, name in enumerate(spec.order)}
    ordered = sorted(votes, key=lambda a: ranks.get(a.name, len(ranks)))
    weights = spec.weights if spec.method == "weighted_vote" else {}
    strict = spec.method == "all_vote" or spec.conflicts is not None
    return Combined(
        method=spec.method,
        columns=tuple(a.column for a in ordered),
        ties=_class(spec.ties),
        conflicts=_class(spec.conflicts),
        is_strict=strict,
        default=spec.default,
        weights={a.column: weights[a.name] for a in votes if a.name in weights},
        favoured=(spec.vote or classes[-1]) if spec.method == "any_vote" else None,
    )


def learned(
    spec: StrongLabel, classes: Sequence[str], votes: Sequence[Attribute], combined: Combined
) -> tuple[Combined | Learned, tuple[Input, ...], tuple[Part, ...]]:
    """Return the definition of a strong label, what it reads and what its fingerprint is made of.

    A label model reads the votes of `fit_days` days, its own the last; all others their own day.
    """
    weights = {n: float(w) for n, w in spec.weights.items()} if combined.weights else {}
    meaning: tuple[Part, ...] = (
        *("strong", spec.method, spec.ties, spec.default),
        *(list(classes), [a.identity for a in votes], weights),
    )
    # Options that were not there in the first locked projects count only where they are used.
    more: list[Part] = [spec.conflicts] if spec.conflicts is not None else []
    if spec.method == "priority_vote":
        more += [list(combined.columns)]
    if combined.favoured is not None:
        more += [combined.favoured]
    if spec.method != LABEL_MODEL:
        return combined, tuple(Input(a.key) for a in votes), (*meaning, *more)
    prior = tuple(float(spec.class_prior[c]) for c in classes) if spec.class_prior else None
    shares = tuple(p / sum(prior) for p in prior) if prior else None
    definition = Learned(combined, spec.fit_days, shares, is_probability=False)
    reach = Reach(1 - spec.fit_days, 0)
    return (
        definition,
        tuple(Input(a.key, reach) for a in votes),
        (*meaning, *more, spec.fit_days, list(shares) if shares else None),
    )


def _class(written: str | None) -> str | None:
    return None if written == ABSTAIN else written
