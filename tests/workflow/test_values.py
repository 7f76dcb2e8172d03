"""Embeddings, wildcard paths and their like, from raw lines to joined rows, beside the oracle."""

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fig_assets.engines.lake.storage import FILE
from fig_assets.project import load_project
from tests.workflow.projects import Project, days_from, write_project
from tests.workflow.test_oracle import assert_equal_to_oracle

DAYS = days_from("2024-03-01", 2)

EVENT = {
    "name": "login",
    "event_name": "login",
    "fields": {
        "person": "who",
        "text": "vector",
        "vector": {
            "json": "vector",
            "type": "embedding(3)",
            "checks": {"nonnull": True, "severity": "warn"},
        },
        "typed": "vector::embedding(3)",
        "inner": {"function": "@GET(@PARSE_JSON($box), 'v')", "type": "embedding(2)"},
        "box": "box",
        "ips": "box:chain[*]:ip",
        "all": {"json": "box:chain[*]"},
        "first_ip": "box:chain[0]:ip",
        "inner_ips": "box:chain[*]:more[*]:ip::string",
        "stars": 'box:"*"[*]:"odd key"',
        "point": "box:chain[*]:x::embedding(2)",
        "admin": {"function": "@ARRAY_CONTAINS($ips, 'admin')"},
        "joined": {"function": "@ARRAY_JOIN($ips, ';')"},
        "matches": {"function": "@ARRAY_REGEXP_LIKE($ips, '^10[.]')"},
        "known": {"function": "$vector IS NOT NULL"},
        "either": {"function": "@COALESCE($typed, '[0, 0, 0]'::embedding(3))"},
        "chosen": {"function": "CASE WHEN $person = 'a' THEN $vector ELSE NULL END"},
    },
}
WINDOWS = {
    "name": "person",
    "granularity": "person",
    "period": ["daily"],
    "groups": [
        {
            "source": "login",
            "granularity_field": "person",
            "features": {
                "vectors": "@COUNT($vector)",
                "logins": "@COUNT(*)",
                "first_text": "@FIRST($text)",
                "last_text": "@LAST($text)",
                "first_known": "@FIRST($known)",
                "last_moment": "@LAST($event_time)",
                "last_ips": "@LAST($ips) FILTER (WHERE $ips <> '[]')",
            },
        }
    ],
}
ROWS = {
    "name": "request",
    "granularity": "request",
    "groups": [
        {
            "source": "login",
            "granularity_field": "event_id",
            "features": {"person": "$person", "vector": "$vector", "again": "$typed"},
        },
        {
            "source": "person",
            "granularity_match": {"field": "person", "period": "daily"},
            "features": "*",
        },
        {"features": {"first": "@IF($vector IS NULL, $again, $vector)"}},
    ],
}
CONFIGS = {"events/login.json": EVENT, "features/person.json": WINDOWS, "features/row.json": ROWS}
VECTORS: list[object] = [
    [1, 2.5, -3e-2],
    "[0.1, 0.2, 0.3]",
    " [ 1 ,\n2,3 ] ",
    [1, 2],
    [1, 2, 3, 4],
    [1, None, 3],
    [1, "2", 3],
    [1, True, 3],
    [[1], 2, 3],
    {"a": 1},
    [],
    "[1, 2, 1e400]",
    "[01, 2, 3]",
    "[1, 2, 3",
    "[1, 2, 3,]",
    "[NaN, 2, 3]",
    "[+1, 2, 3]",
    "[.5, 2, 3]",
    "[1., 2, 3]",
    "[1e5, -0.0, 5e-324]",
    "",
    "text",
    None,
    7,
]


CHAINS: list[object] = [
    [{"ip": "10.0.0.1", "x": 1}, {"ip": "admin", "x": 2.5}],
    [{"ip": None}, {"x": 1}, 7, None, "ip", ["ip"]],
    [{"ip": 7}, {"ip": True}, {"ip": {"v": 4}}, {"ip": ["a", None]}],
    [{"more": [{"ip": 1}, {"ip": "b"}]}, {"more": 3}, {"more": []}, {"more": [{"ip": 2}]}],
    [],
    {"ip": 1},
    "[]",
    None,
]


def line(place: int, day: date, **fields: object) -> dict[str, object]:
    """Give a raw event; every third has no id, and eight have the same time."""
    event_id = None if place % 3 == 0 else f"{day}-{place:03}"
    named = {"kind": "login", "id": event_id, "who": "ab"[place % 2]}
    return {**named, "at": f"{day}T{place % 3 + place // 12:02}:00:00Z", **fields}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    found = write_project(tmp_path_factory.mktemp("values"), CONFIGS, start=str(DAYS[0]))
    for day in DAYS:
        lines = [
            line(
                place,
                day,
                vector=vector,
                box={
                    "v": [place, place / 3],
                    "chain": CHAINS[place % len(CHAINS)],
                    "*": [{"odd key": place}, {"odd key": None}],
                },
            )
            for place, vector in enumerate(VECTORS)
        ]
        found.write(day, lines)
    found.run(DAYS)
    return found


def test_embeddings_are_what_the_plain_reading_makes_of_hostile_vectors(
    project: Project,
) -> None:
    assert_equal_to_oracle(project, DAYS)


def test_an_embedding_is_stored_as_a_list_of_its_length(project: Project) -> None:
    [op] = project.ops("event")
    before = project.digests()
    project.run(DAYS, [op])
    path = project.lake / "events/login" / f"day={DAYS[0]}" / FILE
    table = pq.ParquetFile(path).read()

    assert table.schema.field("vector__v1").type == pa.list_(pa.float64())
    assert {len(vector) for vector in table["vector__v1"].to_pylist() if vector} == {3}
    assert project.digests() == before


def test_an_embedding_is_read_back_by_its_plain_name(project: Project) -> None:
    with load_project(project.root / "configs", "local") as opened:
        rows = opened.read("request", columns=["vector", "first"]).to_pylist()

    assert len(rows) == len(VECTORS) * 2 // 3 * len(DAYS)
    assert [0.1, 0.2, 0.3] in [row["vector"] for row in rows]
