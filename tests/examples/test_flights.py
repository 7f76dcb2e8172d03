import math
import shutil
from datetime import date
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fig_assets.models.artifact import Input
from fig_assets.models.metrics import roc_auc
from fig_assets.models.train import TrainingRequest, train
from tests import naive
from tests.workflow.projects import (
    Project,
    dated,
    days_from,
    differences,
    in_any_order,
    on_spark,
    same,
)

FLIGHTS = Path(__file__).parents[2] / "examples" / "flights"
DAYS = days_from("2013-01-01", 45)
PERIODS = {"7d": "weekly_by_day", "30d": "monthly_by_day"}
ENTITIES = ("carrier", "dest", "tailnum")
KINDS = ("raw", "event", "table", "states", "window", "row", "label")


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Every relation but the model's, all days built."""
    root = tmp_path_factory.mktemp("flights")
    shutil.copytree(FLIGHTS / "configs", root / "configs")
    shutil.copytree(FLIGHTS / "data" / "raw", root / "data" / "raw")
    project = Project(root)
    project.run(DAYS, project.ops(*KINDS))
    return project


@pytest.fixture(scope="module")
def oracle(flights: Project) -> naive.Naive:
    return flights.oracle()


def reference(name: str) -> list[naive.Row]:
    rows: list[naive.Row] = pq.read_table(FLIGHTS / "reference" / f"{name}.parquet").to_pylist()
    return rows


def wrong_answers(row: naive.Row, answer: naive.Row) -> dict[str, object]:
    return {
        name: (row[name], value) for name, value in answer.items() if not same(row[name], value)
    }


@pytest.mark.parametrize("length", PERIODS)
@pytest.mark.parametrize("entity", ENTITIES)
def test_every_window_equals_the_reference(flights: Project, entity: str, length: str) -> None:
    answers = {(row.pop("day"), row.pop("entity")): row for row in reference(f"{entity}_{length}")}
    found: dict[object, naive.Row] = {
        (day.isoformat(), row[entity]): row
        for day in DAYS
        for row in flights.rows(f"families/{entity}/{PERIODS[length]}", day)
    }
    assert found.keys() == answers.keys()
    for key, answer in answers.items():
        days_in_window = answer.pop("days_in_window")
        expected = {f"{name}__v1": value for name, value in answer.items()}
        assert not wrong_answers(found[key], expected), key
        assert found[key]["window_complete"] is (days_in_window == int(length.removesuffix("d")))


def test_every_flight_sees_what_was_known_before_its_day(flights: Project) -> None:
    answers = {row.pop("event_id"): row for row in reference("point_in_time")}
    found = {
        row["flight_id"]: row for day in DAYS for row in flights.rows("families/departure", day)
    }
    assert found.keys() == answers.keys()
    for key, answer in answers.items():
        answer.pop("flight_date")
        expected = {joined_column(name): value for name, value in answer.items()}
        assert not wrong_answers(found[key], expected), key


def joined_column(name: str) -> str:
    """`carrier_7d__flight_count` of the reference is our `carrier_weekly_flight_count__v1`."""
    window, _, metric = name.partition("__")
    entity, _, length = window.partition("_")
    return f"{entity}_{PERIODS[length].removesuffix('_by_day')}_{metric}__v1"


def test_events_windows_rows_and_labels_equal_the_oracle(
    flights: Project, oracle: naive.Naive
) -> None:
    for day in DAYS:
        events = flights.rows("events/flight", day)
        assert not differences(events, oracle.event_rows("flight", day)), day
        for entity in ENTITIES:
            for period in PERIODS.values():
                windows = flights.rows(f"families/{entity}/{period}", day)
                expected = oracle.window_rows(entity, period, day)
                assert not differences(windows, expected), (entity, period, day)
        departures = flights.rows("families/departure", day)
        assert not differences(departures, oracle.request_rows("departure", day), "flight_id"), day
        labels = flights.rows("label_sets/outcome", day)
        assert not differences(labels, oracle.label_rows("outcome", day), "flight_id"), day


def test_nothing_is_stale_after_all_days_were_built(flights: Project) -> None:
    some = [DAYS[0], date(2013, 1, 31), DAYS[-1]]
    stale = flights.stale(some)
    assert not [name for name in stale if not name.startswith(("model", "score"))]


@pytest.fixture(scope="module")
def last_day_on_spark(
    flights: Project, tmp_path_factory: pytest.TempPathFactory, spark_address: str
) -> Project:
    """The same lake, but all of its last day was dropped and computed by Spark."""
    copy = on_spark(flights, tmp_path_factory.mktemp("spark"), spark_address)
    for relation in dated(copy, DAYS[-1]):
        copy.workspace.engine.drop_day(relation, DAYS[-1])
    copy.run(DAYS[-1:], copy.ops(*KINDS))
    return copy


def test_spark_computes_a_day_as_duckdb_does(flights: Project, last_day_on_spark: Project) -> None:
    relations = dated(flights, DAYS[-1])
    assert dated(last_day_on_spark, DAYS[-1]) == relations
    for relation in relations:
        found, expected = (
            in_any_order(relation, project.rows(relation, DAYS[-1]))
            for project in (last_day_on_spark, flights)
        )
        assert not differences(found, expected), relation


def test_sparks_windows_equal_the_reference(last_day_on_spark: Project) -> None:
    for entity in ENTITIES:
        for length, period in PERIODS.items():
            every = reference(f"{entity}_{length}")
            answers = {it.pop("entity"): it for it in every if it["day"] == DAYS[-1].isoformat()}
            rows = last_day_on_spark.rows(f"families/{entity}/{period}", DAYS[-1])
            found = {row[entity]: row for row in rows}
            assert found.keys() == answers.keys()
            for key, answer in answers.items():
                known = {n: it for n, it in answer.items() if n not in {"day", "days_in_window"}}
                expected = {f"{name}__v1": value for name, value in known.items()}
                assert not wrong_answers(found[key], expected), (entity, length, key)


def labels_of(flights: Project, day: date) -> dict[object, object]:
    rows = flights.rows("label_sets/outcome", day)
    return {row["flight_id"]: row["plurality__v1"] for row in rows}


@pytest.fixture(scope="module")
def labelled(flights: Project) -> list[naive.Row]:
    """The flights with a label, with all that was known before their day."""
    rows: list[naive.Row] = []
    for day in DAYS:
        labels = labels_of(flights, day)
        departures = flights.rows("families/departure", day)
        rows += [
            {**row, "day": day, "plurality__v1": labels[row["flight_id"]]} for row in departures
        ]
    return [row for row in rows if row["plurality__v1"] is not None]


def roc_auc_of(flights: Project, rows: list[naive.Row]) -> float:
    """Train the example's model on `rows`; each is judged by trees that have not seen it."""
    model = flights.graph.models["delay_predictor"]
    inputs = tuple(Input(a.column, a.identity, str(a.type)) for a in model.inputs)
    request = TrainingRequest(
        model=model.name,
        version=1,
        trained_for=DAYS[-1],
        days=tuple(DAYS),
        inputs=inputs,
        label="plurality__v1",
        positive=model.positive,
        key="flight_id",
        hyperparameters={"min_data_in_leaf": 10, "learning_rate": 0.05},
    )
    columns = [entry.column for entry in inputs] + ["plurality__v1", "flight_id"]
    table = pa.table({name: [row[name] for row in rows] for name in columns})
    return train(table, request).card.metrics["oof_roc_auc"] or 0.0


def test_what_was_known_before_a_flights_day_tells_little(
    flights: Project, labelled: list[naive.Row]
) -> None:
    assert 0.55 < roc_auc_of(flights, labelled) < 0.85


def test_windows_that_hold_the_flights_own_day_would_tell_its_fate(
    flights: Project, labelled: list[naive.Row]
) -> None:
    """What a join that reaches a day too far would do: an aircraft's delay is in its own window."""
    leaked = []
    windows = {
        (entity, day): {
            row[entity]: row for row in flights.rows(f"families/{entity}/weekly_by_day", day)
        }
        for entity in ENTITIES
        for day in DAYS
    }
    for row in labelled:
        own = dict(row)
        for entity in ENTITIES:
            window = windows[entity, row["day"]].get(row[f"{entity}__v1"], {})
            own |= {f"{entity}_weekly_{name}": value for name, value in window.items()}
        leaked.append(own)

    assert roc_auc_of(flights, leaked) > 0.9


def test_labels_dealt_by_chance_are_told_apart_by_chance(
    flights: Project, labelled: list[naive.Row]
) -> None:
    dealt = [row["plurality__v1"] for row in labelled]
    Random(5).shuffle(dealt)
    shuffled = [{**row, "plurality__v1": label} for row, label in zip(labelled, dealt, strict=True)]
    bad = sum(label == flights.graph.models["delay_predictor"].positive for label in dealt)
    # Two standard errors of the area where the scores say nothing (Hanley and McNeil 1982).
    interval = 2 * math.sqrt((len(dealt) + 1) / (12 * bad * (len(dealt) - bad)))

    assert abs(roc_auc_of(flights, shuffled) - 0.5) < interval


def test_the_scores_of_later_days_are_better_than_chance_but_no_oracle(flights: Project) -> None:
    days = DAYS[20:]
    flights.run(DAYS, flights.ops("model", "score"))
    labels, scores = [], []
    for day in days:
        known = labels_of(flights, day)
        for row in flights.rows("scores/delay_predictor", day):
            if known[row["flight_id"]] is not None:
                labels.append(known[row["flight_id"]] == "disrupted")
                scores.append(row["disruption_score__v1"])

    assert len(labels) > 300
    assert 0.5 < roc_auc(np.array(labels), np.array(scores)) < 0.85
