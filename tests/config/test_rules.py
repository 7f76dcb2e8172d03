import pytest
from pydantic_core import PydanticCustomError

from fig_assets.config.rules import check_name, check_prefix, check_reference, date_of, tags_of


@pytest.mark.parametrize("name", ["a", "select", "group", "input", "a1_b", "a" * 63])
def test_plain_names_and_reserved_words_of_other_languages_are_fine(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize(
    ("name", "message", "fix"),
    [
        ("", "'' is not a name: names are lower-case letters, digits and _, and start with a"
         " letter", ""),
        ("ipCount", "'ipCount' is not a name: names are lower-case letters, digits and _, and"
         " start with a letter", 'write "ip_count"'),
        ('x"; drop table y; --', "'x\"; drop table y; --' is not a name: names are lower-case"
         " letters, digits and _, and start with a letter", 'write "x_drop_table_y"'),
        ("a__v1", "the name 'a__v1' has two underscores in a row, which are reserved for versions",
         'write "a_v1"'),
        ("day", "the name 'day' is taken: day, event_time, event_id and window_* are columns of"
         " every relation", 'write "day_of_source" or another name'),
        ("window_start", "the name 'window_start' is taken: day, event_time, event_id and window_*"
         " are columns of every relation", 'write "window_start_of_source" or another name'),
        ("a" * 64, f"the name '{'a' * 57}...' has 64 characters; 63 are allowed", ""),
    ],
)  # fmt: skip
def test_a_name_that_cannot_be_is_told_with_the_nearest_one(
    name: str, message: str, fix: str
) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        check_name(name)

    assert refusal.value.context is not None
    assert (refusal.value.context["said"], refusal.value.context["fix"]) == (message, fix)


@pytest.mark.parametrize("name", ["a", "failure_rate@2"])
def test_a_reference_may_be_pinned(name: str) -> None:
    assert check_reference(name) == name


@pytest.mark.parametrize("name", ["$a", "a@", "a@0", "a@x", "A", ""])
def test_what_names_no_attribute_is_refused(name: str) -> None:
    with pytest.raises(PydanticCustomError, match="does not name a feature"):
        check_reference(name)


@pytest.mark.parametrize("prefix", ["", "asn_", "asn_w_"])
def test_a_prefix_may_start_a_name(prefix: str) -> None:
    assert check_prefix(prefix) == prefix


@pytest.mark.parametrize("prefix", ["_", "a__", "1", "A"])
def test_a_prefix_that_cannot_start_a_name_is_refused(prefix: str) -> None:
    with pytest.raises(PydanticCustomError, match="cannot start a name"):
        check_prefix(prefix)


@pytest.mark.parametrize("text", ["2024-02-30", "2024-2-3", "today", 20240101, None])
def test_only_iso_days_are_days(text: object) -> None:
    with pytest.raises(PydanticCustomError):
        date_of(text)


def test_tags_may_be_written_as_a_list() -> None:
    assert tags_of(["pii", "beta"]) == {"pii": "", "beta": ""}
