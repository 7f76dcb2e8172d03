import pytest
from pydantic import ValidationError

from fig_assets.config.schema import (
    Event,
    Family,
    Group,
    JoinedOptions,
    LabelSet,
    StrongLabel,
    Table,
    WeakLabel,
)


def test_the_fields_of_an_event_are_paths_or_functions() -> None:
    event = Event.model_validate(
        {
            "name": "user_session_start",
            "event_name": "user.session.start",
            "fields": {
                "org_id": {"json": "org_id::string", "checks": "nonnull"},
                "actor_id": "actor:id::string",
                "ip_chain_len": {"function": "@ARRAY_SIZE(@PARSE_JSON($ip_chain))"},
            },
        }
    )

    assert event.fields["actor_id"].current.json_path == "actor:id::string"
    assert event.fields["org_id"].current.checks[0].kind == "nonnull"
    assert event.fields["ip_chain_len"].current.function is not None


def group(**written: object) -> Group:
    return Group.model_validate(written)


def test_a_group_that_reads_rows_defines_its_own_features() -> None:
    base = group(source="login", granularity_field="asn", features={"n": "@COUNT(*)"})

    assert base.kind == "base"
    assert base.own["n"].current.function == "@COUNT(*)"
    assert base.joined == {}


@pytest.mark.parametrize(
    ("features", "joined"),
    [
        ("*", None),
        (["a", "b@2"], {"a": JoinedOptions(), "b@2": JoinedOptions()}),
        ({"a@2": {"default": 0}}, {"a@2": JoinedOptions(default=0)}),
    ],
    ids=["every feature", "a list", "with defaults"],
)
def test_a_group_that_joins_takes_features_over(
    features: object, joined: dict[str, JoinedOptions] | None
) -> None:
    matched = group(
        source="asn",
        granularity_match={"field": "as_number", "period": "weekly_by_day"},
        features=features,
    )
    scores = group(source="scorer", features=features)

    assert matched.kind == scores.kind == "join"
    assert matched.joined == scores.joined == joined
    assert matched.own == {}


def test_a_group_without_a_source_only_computes() -> None:
    derived = group(features={"bad": "$rate > 0.9"})

    assert derived.kind == "derived"
    assert list(derived.own) == ["bad"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"source": "e", "granularity_field": "f", "granularity_match": {"field": "g"},
          "features": {}}, "never both"),
        ({"granularity_field": "f", "features": {}}, '"granularity_field" needs a "source"'),
        ({"where": "$a", "features": {}}, '"where" needs a "source"'),
        ({"features": {}, "prefix": "a_"}, '"prefix" is for groups that join another source'),
        ({"source": "e", "granularity_field": "f", "features": "*"}, "joins nothing"),
        ({"features": ["a"]}, "joins nothing"),
    ],
)  # fmt: skip
def test_the_keys_of_a_group_must_fit_together(written: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        group(**written)


def test_families_have_periods_or_are_rows() -> None:
    groups = [{"source": "e", "granularity_field": "f", "features": {"n": "@COUNT(*)"}}]
    windows = {"name": "asn", "granularity": "f", "period": ["daily"], "groups": groups}

    assert Family.model_validate(windows).period == ("daily",)
    assert Family.model_validate({**windows, "period": None}).period is None


def test_python_features_name_their_inputs() -> None:
    python = {"python": "pack.mod:similarity", "inputs": ["$a", "$b"], "type": "float"}

    [feature] = group(features={"s": python}).own["s"].all.values()

    assert (feature.python, feature.inputs) == ("pack.mod:similarity", ("$a", "$b"))


@pytest.mark.parametrize(
    "written",
    [{}, {"function": "1", "python": "a:b"}, {"function": "1", "inputs": ["$a"]},
     {"python": "no_function"}],
)  # fmt: skip
def test_a_feature_is_computed_in_one_way(written: object) -> None:
    with pytest.raises(ValidationError):
        group(features={"a": written})


def test_weak_labels_vote_or_grade() -> None:
    vote = WeakLabel.model_validate({"when": "$a", "vote": "malicious"})
    grade = WeakLabel.model_validate({"function": "CASE WHEN $a THEN 'malicious' END"})

    assert (vote.vote, grade.when) == ("malicious", None)


@pytest.mark.parametrize("written", [{"when": "$a"}, {"vote": "x"}, {"when": "1", "function": "1"}])
def test_half_a_weak_label_is_refused(written: object) -> None:
    with pytest.raises(ValidationError):
        WeakLabel.model_validate(written)


def test_a_label_set_of_the_language_loads() -> None:
    labels = LabelSet.model_validate(
        {
            "name": "request_labels",
            "family": "request",
            "classes": ["legitimate", "malicious"],
            "weak_labels": {"trusted": {"when": "$a", "vote": "legitimate"}},
            "strong_labels": {
                "weighted": {"method": "weighted_vote", "weights": {"trusted": 3}},
                "plurality_vote": {"method": "plurality_vote", "default": "legitimate"},
            },
            "joins": [{"source": "verdicts", "field": "request_id", "within_days": 3}],
            "truth": {"table": "gold", "field": "label"},
        }
    )

    assert labels.strong_labels["weighted"].current.weights == {"trusted": 3.0}
    assert labels.strong_labels["plurality_vote"].current == StrongLabel(
        method="plurality_vote", default="legitimate"
    )
    assert labels.joins[0].within_days == 3


@pytest.mark.parametrize(
    ("method", "option", "value"),
    [
        ("plurality_vote", "weights", {"small": 2}),
        ("weighted_vote", "order", ["small"]),
        ("all_vote", "vote", "bad"),
        ("majority_vote", "fit_days", 3),
        ("any_vote", "class_prior", {"bad": 0.1, "good": 0.9}),
    ],
)
def test_an_option_of_another_method_is_refused(method: str, option: str, value: object) -> None:
    with pytest.raises(ValidationError, match=f'"{option}" belongs to the method'):
        StrongLabel.model_validate({"method": method, option: value})


def test_tables_are_static_unless_written_otherwise() -> None:
    table = Table.model_validate(
        {"name": "t", "source": "s", "key": "email", "columns": {"email": "string"}}
    )

    assert table.snapshot == "static"
