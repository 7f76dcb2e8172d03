from datetime import date
from pathlib import Path

import numpy as np
import pytest

from fig_assets.errors import ModelError
from fig_assets.models.evaluation import Evaluation, Side
from fig_assets.models.measure import measure
from fig_assets.models.registry import Registry

DAY = date(2024, 3, 15)
FOUND = measure(np.array([True, False, True]), np.array([0.9, 0.2, 0.1]))
EVALUATION = Evaluation(
    "scorer",
    1,
    DAY,
    "roc_auc",
    "on 3 rows",
    Side(DAY, 0.5, FOUND),
    Side(date(2024, 3, 8), None, None),
    (-0.1, 0.2),
)


def test_what_was_written_is_read_back() -> None:
    assert Evaluation.from_json(EVALUATION.to_json(), "a.json") == EVALUATION


def test_the_registry_keeps_it_by_day_and_replaces_it(tmp_path: Path) -> None:
    registry = Registry(tmp_path)
    registry.record_evaluation(EVALUATION)
    registry.record_evaluation(EVALUATION)

    assert registry.evaluation("scorer", 1, DAY) == EVALUATION
    assert registry.evaluation("scorer", 1, date(2024, 3, 16)) is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "{"], ids=["empty", "no keys", "list", "cut"])
def test_a_damaged_one_is_refused_by_the_name_of_its_file(tmp_path: Path, text: str) -> None:
    registry = Registry(tmp_path)
    place = registry.record_evaluation(EVALUATION)
    place.write_text(text, encoding="utf-8")

    with pytest.raises(ModelError, match=rf"(?s){DAY}\.json: not an evaluation.*only its pictures"):
        registry.evaluation("scorer", 1, DAY)
