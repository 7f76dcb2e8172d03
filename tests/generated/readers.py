"""Random label sets and models over the rows of a random project."""

from collections.abc import Callable, Sequence
from random import Random

from tests.generated.expressions import Expressions

Json = dict[str, object]


def labels_of(
    chance: Random, name: Callable[[], str], *, family: str, scope: dict[str, str]
) -> tuple[Json, str]:
    """Make a label set whose rules read `scope`, and name the strong label that always votes."""
    weak: Json = {
        name(): {"when": Expressions(chance, scope).of("boolean"), "vote": vote}
        for vote in chance.choice((("good", "bad", "bad"), ("good",)))
    }
    condition = Expressions(chance, scope).of("boolean")
    weak[name()] = {"function": f"CASE WHEN {condition} THEN 'good' ELSE 'odd' END"}
    plural, weighted = name(), name()
    strong: Json = {
        plural: {"method": "plurality_vote", "ties": chance.choice(("abstain", "bad"))},
        weighted: {
            "method": "weighted_vote",
            "weights": {next(iter(weak)): 2.5},
            "default": chance.choice(("good", "bad")),
        },
    }
    made: Json = {
        "name": name(),
        "family": family,
        "classes": ["good", "bad"],
        "weak_labels": weak,
        "strong_labels": strong,
    }
    return made, weighted


def model_of(
    name: str, score: str, *, family: str, inputs: Sequence[str], truth: tuple[str, str]
) -> Json:
    """Make a model that is trained every day, however little its rows say."""
    return {
        "name": name,
        "training_delay_delta_days": 1,
        "training_time_delta_days": 1,
        "input_features": [{"family_name": family, "feature_names": {"all": [*inputs]}}],
        "truth_label": {"source": truth[0], "name": truth[1]},
        "output_features": [score],
        "retrain": {"every_days": 1},
        "promotion": {"metric": "average_precision", "min": 0},
        "allow_incomplete": True,
        "allow_shared": dict.fromkeys((it.partition("@")[0] for it in inputs), "a test"),
    }
