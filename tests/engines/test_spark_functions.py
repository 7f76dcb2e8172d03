"""What a Spark session is given computes what the word means, whatever a row holds."""

import pyarrow as pa
import pytest

from fig_assets.engines.spark.functions import OWN_FUNCTIONS, OwnFunction, body

BY_NAME = {own.name: own for own in OWN_FUNCTIONS}


@pytest.mark.parametrize("own", OWN_FUNCTIONS, ids=lambda own: own.name)
def test_no_rows_give_no_values(own: OwnFunction) -> None:
    arguments = [pa.array([], pa.string())] * 3

    assert len(body(own)(*arguments)) == 0


@pytest.mark.parametrize(
    ("name", "arguments", "value"),
    [
        ("fig_upper", ["ß"], "ẞ"),
        ("fig_lower", ["İ"], "i"),
        ("fig_regexp_matches", ["x\n", "x$"], False),
        ("fig_regexp_extract", ["a-b", "(.)-(.)", 2], "b"),
        ("fig_texts_matching", [["ab", None, "b"], "^a"], ["ab"]),
        ("fig_like", ["a%", "a!%", "!"], True),
        ("fig_like", ["a", "b!", "!"], None),
        ("fig_json_part", ['{"a": 1.10}', "$.a"], "1.1"),
        ("fig_json_texts", ['{"a": [1, null, "x"]}', "$.a[*]"], ["1", None, "x"]),
        ("fig_json_texts", ["{bad", "$.a[*]"], None),
        ("fig_json_array_length", ["[1, 2]"], 2),
        ("fig_jaro_winkler", ["abc", "abc"], 1.0),
    ],
    ids=str,
)
def test_values_are_those_of_duckdb(name: str, arguments: list[object], value: object) -> None:
    columns = [pa.array([argument, argument]) for argument in arguments]

    assert body(BY_NAME[name])(*columns).to_pylist() == [value, value]
