"""What users write is shown as Markdown in which nothing of theirs acts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fig_assets.assets.markdown import code, prose


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Share of `failed` logins, **daily**.", "Share of `failed` logins, **daily**."),
        ("<script>alert(1)</script>", "\\<script>alert(1)\\</script>"),
        ("[x](javascript:alert(1))", "\\[x](javascript:alert(1))"),
        ("![x](http://spy/)", "!\\[x](http://spy/)"),
        ("\\<b>", "\\\\\\<b>"),
        ("```\ntext", "\\`\\`\\`\ntext"),
        ("~~~~", "\\~\\~\\~\\~"),
        ("a\0b", "a\ufffdb"),
    ],
)
def test_prose_keeps_emphasis_and_loses_what_acts(written: str, shown: str) -> None:
    assert prose(written) == shown


@given(st.text("\\<[`a"))
@settings(max_examples=100)
def test_each_mark_that_acts_stands_behind_an_odd_number_of_backslashes(text: str) -> None:
    marks = re.findall(r"(\\*)[<\[]", prose(text))

    assert all(len(slashes) % 2 for slashes in marks)
    assert len(marks) == text.count("<") + text.count("[")


@pytest.mark.parametrize("text", ["SELECT 1", "a\n```\n<script>", "`````", ""])
def test_code_ends_where_its_text_ends(text: str) -> None:
    first, *inner, last = code(text, "sql").split("\n")

    assert first == f"{last}sql"
    assert "\n".join(inner) == text
    assert last not in text
