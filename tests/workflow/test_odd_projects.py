"""Projects that generated ones have shown to be odd, each with the oracle's answer beside it."""

from pathlib import Path

import pytest

from fig_assets.errors import ConfigError
from fig_assets.workflow.learning.learn import training_set
from fig_assets.workflow.steps.bind import bind_statements
from tests.generated.readers import model_of
from tests.workflow.projects import Json, Project, days_from, write_project
from tests.workflow.test_oracle import assert_equal_to_oracle

DAYS = days_from("2024-03-01", 2)
EVENT: Json = {"name": "e", "event_name": "e", "fields": {"u": "u", "n": "n::bigint"}}


def rows(**features: object) -> Json:
    base = {"source": "e", "granularity_field": "u", "features": features}
    return {"name": "row", "granularity": "key", "groups": [base]}


def labels(**weak: Json) -> Json:
    return {
        "name": "said",
        "family": "row",
        "classes": ["a", "b"],
        "weak_labels": weak,
        "strong_labels": {"plural": {"method": "plurality_vote"}},
    }


def written(folder: Path, *, family: Json, label_set: Json, **others: Json) -> Project:
    configs = {"events/e.json": EVENT, "features/row.json": family, "labels/said.json": label_set}
    configs |= {f"models/{name}.json": content for name, content in others.items()}
    project = write_project(folder, configs, start=str(DAYS[0]))
    for day in DAYS:
        texts = enumerate(("", "a", "b", "c"))
        lines = [{"kind": "e", "at": f"{day}T0{n}:00:00", "u": u, "n": n} for n, u in texts]
        project.write(day, [*lines, {"kind": "e", "at": f"{day}T09:00:00", "u": "no number"}])
    return project


def test_a_weak_label_may_be_called_like_the_feature_it_reads(tmp_path: Path) -> None:
    family = rows(n="$n", is_odd="$n % 2 = 1", plural="$u")
    weak = labels(
        n={"when": "$n / $n > 0 AND $is_odd", "vote": "a"},
        is_odd={"when": "NOT $is_odd", "vote": "b"},
        other={"function": "$plural"},
    )
    project = written(tmp_path, family=family, label_set=weak)
    bind_statements(project.workspace)
    project.run([*DAYS], project.ops())
    assert_equal_to_oracle(project, DAYS)
    project.workspace.close()


@pytest.mark.parametrize(
    ("family", "vote", "message"),
    [
        pytest.param(
            rows(n="$n"),
            {"versions": {"1": {"when": "$n > 0", "vote": "a", "retired": True}}},
            "'plural' has no weak label left that votes",
            id="every weak label is retired",
        ),
        pytest.param(
            rows(),
            {"when": "$n > 0", "vote": "a"},
            "the group of 'row' that reads events has no feature",
            id="a family without features",
        ),
    ],
)
def test_labels_that_nothing_can_give_are_refused(
    tmp_path: Path, family: Json, vote: Json, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        written(tmp_path, family=family, label_set=labels(only=vote))


def test_a_model_may_read_a_feature_that_is_called_like_its_label(tmp_path: Path) -> None:
    project = written(
        tmp_path,
        family=rows(n="$n", plural="$u"),
        label_set=labels(
            one={"when": "$n > 1", "vote": "a"}, other={"when": "$n < 2", "vote": "b"}
        ),
        model=model_of(
            "judge", "risk", family="row", inputs=["n", "plural"], truth=("said", "plural")
        ),
    )
    bind_statements(project.workspace)
    results = project.run(DAYS, project.ops("raw", "event", "row", "label", "model", "score"))
    assert results
    learned = training_set(project.workspace, project.graph.models["judge"], DAYS)
    assert learned.column("plural__v1").to_pylist() == ["", "a", "b", "c"] * 2
    assert learned.column("label__plural__v1").to_pylist() == ["b", "b", "a", "a"] * 2
    project.workspace.close()
