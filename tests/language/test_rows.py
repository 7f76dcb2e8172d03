"""Row functions: their examples; values stand in tests/conformance."""

import pytest

from fig_assets.language.functions import infer
from fig_assets.language.parse import Reference, parse
from fig_assets.language.rows import ROW_FUNCTIONS
from fig_assets.language.types import BOOLEAN, FLOAT, STRING, TIMESTAMP, Type

NAMES = {
    "is_vip": BOOLEAN,
    "event_time": TIMESTAMP,
    "start_time": TIMESTAMP,
    "end_time": TIMESTAMP,
    **dict.fromkeys(
        ("balance", "rate", "bytes", "score", "lat", "lon", "home_lat", "home_lon", "a", "b"), FLOAT
    ),
}


def type_of_example(reference: Reference) -> Type:
    return NAMES.get(reference.name, STRING)


@pytest.mark.parametrize("name", sorted(ROW_FUNCTIONS))
def test_the_example_of_a_function_is_an_expression_that_calls_it(name: str) -> None:
    example = ROW_FUNCTIONS[name].example

    assert example.startswith(f"@{name}(")
    assert infer(parse(example).tree, type_of_example)
