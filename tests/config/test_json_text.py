import json
import math
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fig_assets.config.json_text import parse_json

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(value=values, indent=st.sampled_from([None, 0, 3]))
def test_what_is_written_is_read(value: object, indent: int | None) -> None:
    parsed = parse_json(json.dumps(value, indent=indent, ensure_ascii=indent == 0))

    assert parsed.is_complete
    assert parsed.flaws == []
    assert parsed.value == value


def refused(word: str) -> float:
    raise ValueError(word)


def finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else refused(digits)


@settings(max_examples=200, deadline=None)
@given(
    text=st.text("{}[]\",:\\ \n\t/#0129.eE+-truefalsnNaI'ab", max_size=40)
    | values.map(json.dumps).flatmap(
        lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])
    )
)
@example("[1E900]")
def test_agrees_with_the_standard_library_on_what_is_json(text: str) -> None:
    parsed = parse_json(text)

    try:
        expected = json.loads(text, parse_constant=refused, parse_float=finite)
    except ValueError:
        assert parsed.flaws
    else:
        assert parsed.is_complete
        assert parsed.flaws or parsed.value == expected


def test_every_key_and_value_has_its_offset() -> None:
    text = '{"a": [1, {"b": "x"}]}'

    parsed = parse_json(text)

    assert {path: text[at:] for path, at in parsed.keys.items()} == {
        ("a",): '"a": [1, {"b": "x"}]}',
        ("a", 1, "b"): '"b": "x"}]}',
    }
    assert parsed.values == {(): 0, ("a",): 6, ("a", 0): 7, ("a", 1): 10, ("a", 1, "b"): 16}


@pytest.mark.parametrize(
    ("text", "offset", "message", "fix"),
    [
        ('{"a": 1,}', 7, "a comma before the closing }", "remove the comma"),
        ("[1,]", 2, "a comma before the closing ]", "remove the comma"),
        ("[,1]", 1, "a comma without a value before it", "remove the comma"),
        ('{,"a": 1}', 1, "a comma without an entry before it", "remove the comma"),
        ('{"a" 1}', 5, 'a ":" is missing after the key', 'write "a": ...'),
        ('{"a": 1 "b": 2}', 7, "a comma or } is missing here", "add a comma or }"),
        ("[1 2]", 2, "a comma or ] is missing here", "add a comma or ]"),
        ("[1}", 2, "} where ] belongs", "write ]"),
        ("{a: 1}", 1, "a key in double quotes is missing here", 'write "a"'),
        ("{'a b': 1}", 1, "a key in double quotes is missing here", 'write "a b"'),
        ("['x']", 1, "texts stand in double quotes", 'write "x"'),
        ("[NaN]", 1, "NaN is not a JSON number", "write null or a number"),
        ("[-Infinity]", 1, "-Infinity is not a JSON number", "write null or a number"),
        ("[010]", 1, "010 is not a JSON number", "write 10"),
        ("[+1]", 1, "+1 is not a JSON number", "write 1"),
        ("[.5]", 1, ".5 is not a JSON number", "write 0.5"),
        ("[1_000]", 1, "1_000 is not a JSON number", "write 1000"),
        ("[2024-01-01]", 1, "2024-01-01 is not a JSON number",
         'write "2024-01-01" if it is a text'),
        ("[1e999]", 1, "1e999 is too large for a number", ""),
        ("[True]", 1, "True is not a JSON value", "write true"),
        ("[None]", 1, "None is not a JSON value", "write null"),
        ("[abc]", 1, "abc is not a JSON value", 'write "abc"'),
        ('{"a": }', 6, "a value is missing here",
         "add a value, or remove what stands before"),
        ("[1, // one\n2]", 4, "JSON has no comments",
         'remove it, or write it as a "description" or as YAML'),
        ('{"a": [1,\n2', 11, "the file ends inside the list that starts on line 1", "add ]"),
        ('{"a": 1', 7, "the file ends inside the object that starts on line 1", "add }"),
        ('["x\n"]', 1, "this text has no closing double quote on its line", 'add "'),
        ('["a\tb"]', 3, "a tab inside a text", "write \\t"),
        ('["\\d"]', 2, "a \\ that starts no known escape", "write \\\\ for one \\"),
        ('["\\ud800"]', 1, "half of a surrogate pair is no character",
         "write the character itself"),
        ("{} {}", 3, "more text after the end of the value",
         "put several things into one list: [{...}, {...}]"),
        (" ", 1, "the file is empty", ""),
        ("[" * 100_000, 50, "nested deeper than 50 levels", ""),
        ("9" * 401, 0, "a number of more than 400 digits", ""),
    ],
    ids=lambda part: repr(part)[:30] if isinstance(part, str) else None,
)  # fmt: skip
def test_a_slip_is_told_where_it_stands_with_a_mend(
    text: str, offset: int, message: str, fix: str
) -> None:
    parsed = parse_json(text)

    assert not parsed.is_complete
    [flaw] = parsed.flaws
    assert (flaw.offset, flaw.message, flaw.fix) == (offset, message, fix)


def test_keys_that_stand_twice_are_all_told_before_what_ends_the_reading() -> None:
    parsed = parse_json('{"a": 1, "a": 2,\n "b": {"c": 1, "c": 2},}')

    assert [(flaw.path, flaw.message) for flaw in parsed.flaws] == [
        (("a",), 'the key "a" stands twice; first on line 1'),
        (("b", "c"), 'the key "c" stands twice; first on line 2'),
        ((), "a comma before the closing }"),
    ]


def test_half_a_megabyte_is_read_in_well_under_a_second_of_work() -> None:
    feature = {"function": "@SUM($bytes)", "type": "bigint", "checks": ["nonnull"]}
    text = json.dumps({f"feature_{number}": feature for number in range(6000)}, indent=1)

    started = time.process_time()
    parsed = parse_json(text)

    assert len(text) > 500_000
    assert parsed.is_complete
    assert time.process_time() - started < 1
