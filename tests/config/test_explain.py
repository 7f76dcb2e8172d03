import json

import pytest
from pydantic import ValidationError

from fig_assets.config.explain import did_you_mean, problems_of, shown
from fig_assets.config.locate import read_json
from fig_assets.config.schema import Family, Node, Source, StrongLabel


def told(kind: type[Node], written: object) -> list[str]:
    document = read_json(json.dumps(written), "f.json")
    with pytest.raises(ValidationError) as refusal:
        kind.model_validate(document.value)
    return [str(problem) for problem in problems_of(refusal.value, document)]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"format": "jsn", "path": "x"},
         "f.json:1:12: /format\n  unknown value 'jsn'\n  fix: write \"json\""),
        ({"format": 3, "path": "x"},
         "f.json:1:12: /format\n  unknown value 3\n"
         "  fix: use one of: json, csv, parquet, snowflake"),
        ({"format": "csv", "pth": "x"},
         "f.json:1:19: /pth\n  unknown key 'pth'\n  fix: write \"path\""),
        ({"format": "csv"},
         'f.json:1:1\n  "path" is missing\n  fix: add "path": "data/raw/events/{date}*.jsonl*"'),
        ({"format": "csv", "path": 5},
         "f.json:1:27: /path\n  must be a text, not 5\n  fix: write \"5\""),
        ({"format": "csv", "path": ""},
         "f.json:1:27: /path\n  must not be empty\n  fix: write something, or leave it out"),
        ({"format": "csv", "path": "x", "late_days": "2"},
         "f.json:1:45: /late_days\n  must be a whole number, not '2'\n  fix: write 2"),
        ({"format": "csv", "path": "x", "late_days": 2.0},
         "f.json:1:45: /late_days\n  must be a whole number, not 2.0\n  fix: write 2"),
        ({"format": "csv", "path": "x", "late_days": True},
         "f.json:1:45: /late_days\n  must be a whole number, not true"),
        ({"format": "csv", "path": "x", "late_days": -1},
         "f.json:1:45: /late_days\n  must be 0 or more, not -1\n  fix: write 0"),
        ({"format": "csv", "path": "x", "late_days": 10**6},
         "f.json:1:45: /late_days\n  must be 100000 or less, not 1000000\n  fix: write 100000"),
        ({"format": "csv", "path": "x", "<own>": 1, "zzz": 1},
         "f.json:1:32: /<own>\n  unknown key '<own>'\n"
         "  fix: use one of: format, path, late_days, account, column"),
    ],
)  # fmt: skip
def test_refusals_are_told_in_the_words_of_the_user(written: object, said: str) -> None:
    assert told(Source, written)[0] == said


def test_a_misspelt_key_is_not_told_as_missing_too() -> None:
    assert told(StrongLabel, {"metod": "label_model"}) == [
        "f.json:1:2: /metod\n  unknown key 'metod'\n  fix: write \"method\""
    ]


def test_a_list_is_not_called_empty_because_its_entries_are_wrong() -> None:
    family = {"name": "a", "granularity": "b", "period": [3], "groups": ["x"]}

    assert told(Family, family) == [
        'f.json:1:46: /period/0\n  must be a text, not 3\n  fix: write "3"',
        "f.json:1:61: /groups/0\n  must be an object {...}, not 'x'",
    ]


def test_the_nearest_word_is_named_or_else_all() -> None:
    assert did_you_mean("Granularty", ["granularity", "groups"]) == 'write "granularity"'
    assert did_you_mean("zzz", ["a", "b"]) == "use one of: a, b"
    assert did_you_mean("zzz", []) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "'a'"), ("a\nb", "'a\\nb'"), ("x" * 99, f"'{'x' * 57}...'"), (None, "null"),
     ([1], "a list"), ({}, "an object"), (1.5, "1.5"), (False, "false")],
)  # fmt: skip
def test_values_are_quoted_in_a_sentence(value: object, text: str) -> None:
    assert shown(value) == text
