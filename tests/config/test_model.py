import pytest
from pydantic import ValidationError

from fig_assets.config.schema import Model

SCORER: dict[str, object] = {
    "name": "request_threat_scorer",
    "location": "request_threat_scorer",
    "training_delay_delta_days": 3,
    "training_time_delta_days": 1,
    "input_features": [
        {"family_name": "request", "feature_names": {"session": ["country", "failure_rate@2"]}}
    ],
    "truth_label": {"source": "request_labels", "name": "plurality_vote"},
    "output_features": ["request_threat_score"],
    "retrain": {"every_days": 7, "max_drift_psi": 0.2, "min_metric": {"average_precision": 0.6}},
    "promotion": {"metric": "average_precision", "min": 0.5, "min_gain": 0.0},
    "explain": {"top_k": 5, "above": 0.8},
    "allow_shared": {"asn_weekly_failure_rate": "counted from other days"},
    "sample": {"negatives": 0.1},
}


def test_a_model_of_the_language_loads() -> None:
    model = Model.model_validate(SCORER)

    assert model.input_features[0].feature_names == {"session": ("country", "failure_rate@2")}
    assert (model.promotion.days, model.retrain.every_days) == (3, 7)
    assert (model.version, model.is_default) == (1, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training_delay_delta_days", -1),
        ("training_time_delta_days", 0),
        ("training_time_delta_days", 10**9),
        ("location", "../x"),
        ("location", "os.."),
        ("output_features", []),
        ("sample", {"negatives": 0}),
        ("retrain", {"every_days": 0}),
    ],
)
def test_numbers_and_names_out_of_bounds_are_refused(key: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Model.model_validate({**SCORER, key: value})
