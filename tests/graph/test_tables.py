"""Tables with and without days: what each mistake is told as, and which day a row sees."""

from pathlib import Path

import pytest

from fig_assets.graph.nodes import Input
from fig_assets.graph.period import DAY_BEFORE, SAME_DAY, Reach
from tests.graph.projects import Change, Json, graph_of, problems_of, put, warnings_of

COUNTRIES, LOCAL = "tables/countries.json", "environments/local.json"
DATED = put(LOCAL, "sources", "countries", "path", value="raw/countries-{date}.csv")
DAILY = put(COUNTRIES, "snapshot", value="daily")
JOIN = ("features/request.json", "groups", 2)


def daily(project: Json) -> None:
    DATED(project)
    DAILY(project)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            [DAILY],
            "configs/tables/countries.json: /snapshot\n"
            "  table 'countries' is daily, and the path of source 'countries' has no day\n"
            '  fix: write "path": "raw/countries-{date}.csv" in the environment',
            id="daily table without dated files",
        ),
        pytest.param(
            [DATED],
            "configs/tables/countries.json:1:1\n"
            "  the path of source 'countries' is of files with days, which a static table has not\n"
            '  fix: write "snapshot": "daily"',
            id="static table with dated files",
        ),
        pytest.param(
            [put(COUNTRIES, "as_of", value="same_day")],
            "configs/tables/countries.json: /as_of\n"
            "  table 'countries' is static: it has no days\n"
            "  fix: leave it out",
            id="as_of of a static table",
        ),
        pytest.param(
            [daily, put(COUNTRIES, "as_of", value="event_time")],
            "configs/tables/countries.json: /as_of\n"
            "  as_of 'event_time' is reserved and not available yet\n"
            '  fix: leave it out: a row sees the day before, or write "same_day"',
            id="reserved as_of",
        ),
        pytest.param(
            [daily, put(*JOIN, "no_match", value="zero")],
            "configs/features/request.json: /groups/2/no_match\n"
            '  "no_match" is for windowed families; countries has no windows\n'
            "  fix: leave it out; "
            'the "default" of a feature says what stands where nothing matches',
            id="no_match of a table",
        ),
    ],
)
def test_a_mistake_is_told_where_it_stands_with_a_mend(
    tmp_path: Path, changes: list[Change], problem: str
) -> None:
    assert problems_of(tmp_path, *changes) == [problem]


@pytest.mark.parametrize(
    ("changes", "reach"),
    [
        pytest.param([daily], DAY_BEFORE, id="the day before"),
        pytest.param([daily, put(*JOIN, "as_of", value="same_day")], SAME_DAY, id="by the join"),
        pytest.param([daily, put(COUNTRIES, "as_of", value="same_day")], SAME_DAY, id="by itself"),
    ],
)
def test_a_row_sees_one_day_of_a_daily_table(
    tmp_path: Path, changes: list[Change], reach: Reach
) -> None:
    graph = graph_of(tmp_path, *changes)
    [risk] = [a for a in graph.row_families["request"].features if a.name == "countries_risk"]

    assert Input(("tables", "countries"), reach) in risk.inputs


@pytest.mark.parametrize(
    ("place", "at"),
    [(JOIN, "configs/features/request.json"), ((COUNTRIES,), "configs/tables/countries.json")],
    ids=["by the join", "by itself"],
)
def test_seeing_the_snapshot_of_the_same_day_is_warned_of_once(
    tmp_path: Path, place: tuple[str | int, ...], at: str
) -> None:
    change = put(*place, "as_of", value="same_day")  # type: ignore[arg-type]
    [warning] = [w for w in warnings_of(tmp_path, daily, change) if "same day" in w.message]

    assert "the same day: a row sees a snapshot that was taken after it" in warning.message
    assert warning.where.file == at
