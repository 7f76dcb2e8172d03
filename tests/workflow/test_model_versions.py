"""Two versions of one model: trained, scored and joined side by side."""

from datetime import date
from pathlib import Path

from tests.assets.signins import FIRST, IP, REQUEST, SCORER, Json, opened, write_project

LAST = date(2024, 1, 6)
JOINED: Json = {
    "source": "scorer",
    "features": ["badness", "badness@2"],
}


def test_each_version_scores_by_itself_and_is_joined_by_its_number(tmp_path: Path) -> None:
    groups = REQUEST["groups"]
    assert isinstance(groups, list)
    changes: dict[str, object] = {
        "features/all.json": [IP, {**REQUEST, "groups": [*groups, JOINED]}],
        "models/second.json": {**SCORER, "version": 2, "hyperparameters": {"num_leaves": 2}},
    }
    write_project(tmp_path, changes, days=6)
    with opened(tmp_path) as site:
        assert site.run(FIRST, LAST).ok
        project = site.project
        registry = project.workspace.registry
        assert registry.champion("scorer", 1, LAST) == date(2024, 1, 5)
        assert registry.champion("scorer", 2, LAST) == date(2024, 1, 5)
        scores = {
            version: dict(zip(*project.read(f"scorer@{version}", start=LAST, end=LAST).select(
                ["session_id", f"badness__v{version}"]).to_pydict().values(), strict=True))
            for version in (1, 2)
        }  # fmt: skip
        rows = project.read("request", start=LAST, end=LAST).to_pylist()
    assert len(rows) == 24
    for row in rows:
        key = row["session_id"]
        assert row["scorer_badness__v1"] == row["scorer_badness"] == scores[1][key]
        assert row["scorer_badness__v2"] == scores[2][key]
    assert scores[1] != scores[2]
