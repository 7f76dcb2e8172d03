import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import fig_assets as fig
from fig_assets.project import HOME
from tests.assets.signins import FIRST, days_from, write_project

DAYS = days_from(FIRST, 5)
MORE = date(2024, 1, 20)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fig.Project]:
    """Five days, everything built."""
    root = tmp_path_factory.mktemp("project")
    write_project(root, days=len(DAYS))
    before = os.environ.pop(HOME, None)
    with fig.load_project(root / "configs") as project:
        assert project.execute_workflow(DAYS[0], DAYS[-1]).refused == {}
        yield project
    if before is not None:
        os.environ[HOME] = before


def test_the_home_is_beside_the_project_unless_it_is_set(
    project: fig.Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert project.home == project.config.root / "data" / "dagster" / "local"
    assert (project.home / "dagster.yaml").exists()

    monkeypatch.setenv(HOME, str(tmp_path))

    assert project.home == tmp_path


def test_a_workflow_tells_its_plan_and_its_progress(project: fig.Project) -> None:
    planned: dict[str, int] = {}
    done: list[tuple[str, date | None]] = []

    project.execute_workflow(
        DAYS[0],
        DAYS[1],
        'key:"states/ip"',
        progress=lambda op, day: done.append((op, day)),
        on_plan=planned.update,
    )

    assert planned == {"states__ip": 2}
    assert sorted(done) == [("states__ip", DAYS[0]), ("states__ip", DAYS[1])]


def test_a_family_is_read_under_plain_names_and_versions(project: fig.Project) -> None:
    found = project.read("ip", period="weekly_by_day", start=DAYS[1], end=DAYS[2])

    assert found.column_names[:3] == ["day", "address", "login_count"]
    assert {"failure_rate", "failure_rate__v1", "failure_rate__v2"} <= set(found.column_names)
    assert found.schema.field("day").type == pa.date32()
    assert sorted(set(found.column("day").to_pylist())) == DAYS[1:3]
    assert found.column("failure_rate").equals(found.column("failure_rate__v1"))


def test_chosen_columns_come_with_day_and_key(project: fig.Project) -> None:
    found = project.read("request", columns=["hour"])

    assert found.column_names == ["day", "session_id", "hour"]
    assert found.num_rows == 24 * len(DAYS)


@pytest.mark.parametrize("name", ["login", "networks", "request", "truth", "scorer"])
def test_everything_published_can_be_read(project: fig.Project, name: str) -> None:
    assert project.read(name).num_rows > 0


@pytest.mark.parametrize(
    ("name", "period", "words"),
    [
        ("nothing", None, "nothing"),
        ("ip", "daily", "weekly_by_day"),
        ("request", "weekly_by_day", "'request' has no periods; fix: leave the period out"),
    ],
    ids=["unknown", "unknown period", "no periods"],
)
def test_what_is_not_there_is_refused_with_what_is(
    project: fig.Project, name: str, period: str | None, words: str
) -> None:
    with pytest.raises(fig.WorkflowError, match=words):
        project.read(name, period=period)


def test_an_unknown_column_is_refused(project: fig.Project) -> None:
    with pytest.raises(fig.WorkflowError, match="colour"):
        project.read("request", columns=["colour"])


def test_the_statement_runs_as_it_stands(project: fig.Project) -> None:
    text = project.sql("ip", period="weekly_by_day", day=DAYS[3])

    with duckdb.connect() as database:
        rows = database.execute(text).fetchall()
    stored = project.read("ip", period="weekly_by_day", start=DAYS[3], end=DAYS[3])
    assert len(rows) == stored.num_rows


def test_a_dialect_without_an_engine_is_refused(project: fig.Project) -> None:
    with pytest.raises(fig.WorkflowError, match="no engine renders 'spark' yet; fix: use duckdb"):
        project.sql("ip", period="weekly_by_day", day=DAYS[0], dialect="spark")


def test_a_training_set_holds_what_was_known_before(project: fig.Project) -> None:
    found = project.training_set("scorer", DAYS[4])

    assert found.column_names[:2] == ["day", "session_id"]
    assert sorted(set(found.column("day").to_pylist())) == DAYS[:2]
    assert "plurality__v1" in found.column_names


def test_an_unknown_model_is_refused_with_those_there_are(project: fig.Project) -> None:
    with pytest.raises(fig.WorkflowError, match="there is no model 'x'; there are: scorer"):
        project.training_set("x", DAYS[0])


def test_rows_that_are_read_satisfy_their_schema(project: fig.Project) -> None:
    import pandas as pd

    for name, period in (("ip", "weekly_by_day"), ("request", None), ("login", None)):
        frame = project.read(name, period).to_pandas(types_mapper=pd.ArrowDtype)
        project.schema(name, period).validate(frame)


def test_nothing_is_planned_for_what_was_built(project: fig.Project) -> None:
    found = project.plan(DAYS[0], DAYS[-1])

    assert found.is_empty
    assert found.untouched > 0
    assert {standing.status for standing in found.attributes} == {"unchanged"}


def test_what_was_never_built_is_planned_with_its_reason(project: fig.Project) -> None:
    found = project.plan(MORE, MORE)

    planned = {work.op: work for work in found.work}
    for op in ("raw__events", "row__request"):
        work = planned[op]
        assert (work.first, work.last) == (MORE, MORE)
        assert {reason.state for reason in work.columns.values()} == {"missing"}
    assert "table__networks" not in planned


def test_people_with_a_sql_client_find_views(project: fig.Project) -> None:
    with duckdb.connect(str(project.config.root / "lake" / "catalog.duckdb"), read_only=True) as it:
        [count] = it.execute("SELECT count(*) FROM ip_weekly").fetchone() or (0,)

    assert count == project.read("ip", period="weekly_by_day").num_rows


def test_every_statement_binds(project: fig.Project) -> None:
    assert project.bind() > len(project.graph.ops)


def test_an_unknown_environment_is_refused_with_those_there_are(project: fig.Project) -> None:
    with pytest.raises(fig.ConfigError, match="local") as refusal:
        fig.load_project(project.config.folder, "staging")

    assert "staging" in str(refusal.value)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(fig.ConfigError, match=r"project\.json"):
        fig.load_project(tmp_path)


def test_a_project_that_computed_one_attribute_only_has_views_too(tmp_path: Path) -> None:
    write_project(tmp_path, days=1)
    with fig.load_project(tmp_path / "configs") as project:
        summary = project.execute_workflow(FIRST, FIRST, '+key:"events/login/ip__v1"')

        assert summary.refused == {}
        assert json.dumps(summary.as_json())
        assert project.read("login", columns=["ip"]).num_rows == 24
