from itertools import product

import duckdb
import pytest
from sqlglot import exp

from fig_assets.config.labels import StrongLabel
from fig_assets.graph.definitions import Combined
from fig_assets.graph.strong import ABSTAIN
from fig_assets.sql.votes import combined
from tests.naive.config import Spec
from tests.naive.labels import elect

CLASSES = ["fine", "fraud", "abuse"]
WEAK = ["one", "two", "three", "four"]


def definition(written: Spec) -> Combined:
    """Combine weak labels whose columns are called as they are."""
    spec = StrongLabel.model_validate(written)
    order = [*spec.order, *(name for name in WEAK if name not in spec.order)]
    return Combined(
        method=spec.method,
        columns=tuple(order),
        ties=None if spec.ties == ABSTAIN else spec.ties,
        conflicts=None if spec.conflicts in (None, ABSTAIN) else spec.conflicts,
        is_strict=spec.method == "all_vote" or spec.conflicts is not None,
        default=spec.default,
        weights=spec.weights,
        favoured=(spec.vote or CLASSES[-1]) if spec.method == "any_vote" else None,
    )


@pytest.mark.parametrize(
    "spec",
    [
        {"method": "plurality_vote"},
        {"method": "plurality_vote", "ties": "fraud", "default": "fine"},
        {"method": "plurality_vote", "conflicts": "abstain", "default": "fine"},
        {"method": "plurality_vote", "conflicts": "abuse"},
        {"method": "majority_vote", "ties": "fine"},
        {"method": "majority_vote"},
        {"method": "weighted_vote", "weights": {"one": 2.5, "two": 0.5}, "ties": "abuse"},
        {"method": "priority_vote"},
        {"method": "priority_vote", "order": ["three", "one"], "default": "fine"},
        {"method": "any_vote"},
        {"method": "any_vote", "vote": "fraud", "ties": "fine", "default": "abuse"},
        {"method": "all_vote"},
        {"method": "all_vote", "conflicts": "fraud", "default": "fine"},
    ],
    ids=str,
)
def test_every_combination_of_votes_gives_what_the_plain_reading_gives(spec: Spec) -> None:
    rows = list(product([None, *CLASSES], repeat=len(WEAK)))
    values = exp.values([tuple(row) for row in rows], alias="votes", columns=WEAK)
    tree = exp.select(*WEAK, combined(definition(spec), CLASSES).as_("said")).from_(values)
    found = duckdb.sql(tree.sql("duckdb", identify=True)).fetchall()
    assert len(found) == len(rows)
    expected = {row: elect(spec, CLASSES, dict(zip(WEAK, row, strict=True))) for row in rows}
    assert {row[:-1]: row[-1] for row in found} == expected
