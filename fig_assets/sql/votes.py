"""The votes of a row, one column for each weak label -> the tree of the class they are combined to.

Every tree is made of the votes' columns alone: NULL where a weak label abstains.
"""

from collections.abc import Sequence

from sqlglot import exp

from fig_assets.graph.definitions import Combined
from fig_assets.sql.expressions import column

NO_CLASS = exp.cast(exp.null(), "text")


def combined(definition: Combined, classes: Sequence[str]) -> exp.Expr:
    """Choose a class: silence first, then conflicts if they are apart, then the method.

    Returns:
        A text, NULL for no class. Of `plurality_vote` and `weighted_vote` the class with most
        votes or most weight; of `majority_vote` the one with more than half of the votes; what
        is neither is a tie.
    """
    case = exp.Case().when(_all_silent(definition), _class(definition.default))
    if definition.is_strict:
        case = case.when(disagree(definition, classes), _class(definition.conflicts))
    match definition.method:
        case "priority_vote" | "all_vote":
            # Where all who vote agree, the first of them says it.
            return case.else_(
                exp.Coalesce(
                    this=column(definition.columns[0]),
                    expressions=[column(c) for c in definition.columns[1:]],
                )
            )
        case "any_vote":
            votes = [_votes_for(name, definition.favoured or "") for name in definition.columns]
            case = case.when(exp.or_(*votes), _class(definition.favoured))
    counts = {name: _count(definition, name) for name in classes}
    for name in classes:
        case = case.when(_wins(definition, counts, name), _class(name))
    return case.else_(_class(definition.ties))


def disagree(definition: Combined, classes: Sequence[str]) -> exp.Expr:
    """Tell whether two weak labels vote for different classes."""
    votes = {n: exp.or_(*(_votes_for(c, n) for c in definition.columns)) for n in classes}
    pairs = [
        exp.and_(exp.paren(votes[one].copy()), exp.paren(votes[other].copy()))
        for place, one in enumerate(classes)
        for other in classes[place + 1 :]
    ]
    return exp.or_(*pairs)


def _wins(definition: Combined, counts: dict[str, exp.Expr], name: str) -> exp.Expr:
    others = [counts[other] for other in counts if other != name]
    if definition.method == "majority_vote":
        return counts[name].copy() > _sum([other.copy() for other in others])
    return exp.and_(*(counts[name].copy() > other.copy() for other in others))


def _all_silent(definition: Combined) -> exp.Expr:
    return exp.and_(*(column(name).is_(exp.null()) for name in definition.columns))


def _votes_for(name: str, vote: str) -> exp.Expr:
    """Tell whether a weak label votes for a class: FALSE, not NULL, where it abstains."""
    equal = column(name).eq(exp.Literal.string(vote))
    return exp.Coalesce(this=equal, expressions=[exp.false()])


def _class(name: str | None) -> exp.Expr:
    return NO_CLASS.copy() if name is None else exp.Literal.string(name)


def _count(definition: Combined, name: str) -> exp.Expr:
    return _sum([
        exp.Case()
        .when(column(c).eq(exp.Literal.string(name)), exp.convert(definition.weights.get(c, 1)))
        .else_(exp.Literal.number(0))
        for c in definition.columns
    ])  # fmt: skip


def _sum(parts: list[exp.Expr]) -> exp.Expr:
    total = parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return exp.Paren(this=total)
