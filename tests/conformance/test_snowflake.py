"""Every function, operator and cast has words in Snowflake that its parser reads, or is refused."""

from sqlglot import exp

from fig_assets.engines.snowflake.tables import render
from fig_assets.engines.snowflake.words import read_back, to_snowflake
from fig_assets.errors import UnsupportedOnEngine
from tests.conformance.batches import row_trees

REFUSED = {
    "$f::string": "the text of a float",
    "(-1e308)::string BETWEEN $i AND $s": "the text of a float",
    "$s LIKE $t ESCAPE '!'": "a pattern that is not Snowflake's",
    "$s ILIKE $t ESCAPE '!'": "a pattern that is not Snowflake's",
    "$s LIKE $t ESCAPE '^'": "a pattern that is not Snowflake's",
    "@REGEXP_LIKE($s, '(?i)BOT')": "a pattern that is not Snowflake's",
    "@JARO_WINKLER($s, $t)": "Snowflake's is in percent, and blind to case",
}
"""What of the table is refused on Snowflake, and why."""


def test_every_row_expression_has_words_or_is_refused_for_a_known_reason() -> None:
    refused = set()
    for text, tree in row_trees().items():
        try:
            written = render(to_snowflake(exp.select(tree.as_("value"))))
        except UnsupportedOnEngine:
            refused.add(text)
        else:
            read_back(written)

    assert refused == set(REFUSED)
