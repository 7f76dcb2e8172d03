import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.config.yaml_text import parse_yaml

texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@settings(max_examples=60, deadline=None)
@given(value=values)
def test_what_is_written_is_read(value: object) -> None:
    parsed = parse_yaml(yaml.safe_dump(value, allow_unicode=True, default_style='"'))

    # Every text was quoted; what was none carries a tag such as !!int, which is refused.
    if not parsed.flaws:
        assert parsed.value == value


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("no", "no"), ("on", "on"), ("12:30:00", "12:30:00"), ("2024-01-01", "2024-01-01"),
        ("1.5", 1.5), ("-3", -3), ("1e3", 1000.0), ("0x1F", "0x1F"), ("1_000", "1_000"),
        ("~", None), ("", None), ("null", None), ("True", True), ('"1"', "1"), ("'no'", "no"),
        ("$a > 1 AND $b", "$a > 1 AND $b"), ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)  # fmt: skip
def test_plain_words_mean_what_they_mean_in_yaml_1_2(word: str, value: object) -> None:
    parsed = parse_yaml(f"a: {word}\n")

    assert parsed.flaws == []
    assert parsed.value == {"a": value}


def test_every_key_and_value_has_its_offset() -> None:
    text = "a:\n  - 1\n  - b: x\n"

    parsed = parse_yaml(text)

    assert {path: text[at:].split("\n", maxsplit=1)[0] for path, at in parsed.values.items()} == {
        (): "a:",
        ("a",): "- 1",
        ("a", 0): "1",
        ("a", 1): "b: x",
        ("a", 1, "b"): "x",
    }
    assert parsed.keys == {("a",): 0, ("a", 1, "b"): text.index("b")}


@pytest.mark.parametrize(
    ("text", "offset", "message", "fix"),
    [
        ("", 0, "the file is empty", ""),
        ("# only a comment\n", 0, "the file is empty", ""),
        ("a: @COUNT(*)\n", 3, "this is not YAML: found character that cannot start any token",
         "put the text into double quotes"),
        ("a: *\n", 4, "this is not YAML: did not find expected alphabetic or numeric character",
         "put the text into double quotes"),
        ("a:\n\tb: 1\n", 3, "this is not YAML: found character that cannot start any token",
         "indent with spaces"),
        ("a: &x 1\n", 3, "the anchor &x is not read", "write the value out"),
        ("a: *x\n", 3, "the alias *x is not read", "write the value out"),
        ("a: !!python/object:os.system 1\n", 3,
         "the tag tag:yaml.org,2002:python/object:os.system is not read", "remove the tag"),
        ("a: 1\na: 2\n", 5, 'the key "a" stands twice; first on line 1', "keep one of the two"),
        ("a: 010\n", 3, "010 can be read in two ways", 'write "010" or 10'),
        ("a: .inf\n", 3, ".inf is not a number", "write null or a number"),
        ("a: 1e999\n", 3, "1e999 is too large for a number", "write a smaller number"),
        ("? [a]\n: 1\n", 2, "a key must be a plain text", ""),
        ("a: 1\n---\nb: 1\n", 5, "a second document", "write a list: one - for each thing"),
        ("[" * 1000, 50, "nested deeper than 50 levels", ""),
    ],
    ids=lambda part: repr(part)[:30] if isinstance(part, str) else None,
)  # fmt: skip
def test_what_json_cannot_say_is_told_where_it_stands_with_a_mend(
    text: str, offset: int, message: str, fix: str
) -> None:
    [flaw] = parse_yaml(text).flaws

    assert (flaw.offset, flaw.message, flaw.fix) == (offset, message, fix)


def test_an_alias_bomb_is_only_a_list_of_flaws() -> None:
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]

    parsed = parse_yaml("\n".join(lines))

    assert len(parsed.flaws) == 10 + 9 * 9


@settings(max_examples=150, deadline=None)
@given(text=st.text("ab:-[]{}?&*!|>'\"#%@, \n\t0.~", max_size=30))
def test_no_text_raises(text: str) -> None:
    parsed = parse_yaml(text)

    assert parsed.is_complete or parsed.flaws
