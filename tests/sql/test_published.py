"""What stands under a name, and under which names its columns are read."""

from pathlib import Path

import pytest

from fig_assets.graph.period import Window
from fig_assets.sql.published import days_of, published, select_published, views
from tests.graph.projects import graph_of
from tests.sql.shop import DAY


def test_every_relation_has_a_view(tmp_path: Path) -> None:
    assert list(views(graph_of(tmp_path))) == [
        *("order", "countries", "request", "fraud", "scorer_scores"),
        *("shop_stats_daily", "shop_stats_weekly", "scorer_explanations"),
    ]


def test_asked_columns_come_after_the_day_and_the_key(tmp_path: Path) -> None:
    relation = published(graph_of(tmp_path), "shop_stats", "weekly")
    tree = select_published(relation, days_of(DAY, DAY), ["refunds", "orders@1", "shop"])

    assert tree.named_selects == ["day", "shop", "refunds", "orders__v1"]


@pytest.mark.parametrize(
    ("name", "period", "message"),
    [
        ("shops", None, "nothing is called 'shops'; there are: countries, fraud, order, request"),
        ("shop_stats", None, "several periods; name one of: daily, weekly_by_day"),
        ("shop_stats", "monthly", "no period 'monthly'; name one of: daily, weekly_by_day"),
    ],
    ids=["unknown name", "one of several periods", "unknown period"],
)
def test_what_is_not_there_is_refused_with_what_is(
    tmp_path: Path, name: str, period: str | None, message: str
) -> None:
    with pytest.raises(KeyError, match=message):
        published(graph_of(tmp_path), name, period)


def test_an_unknown_column_is_refused_with_those_there_are(tmp_path: Path) -> None:
    relation = published(graph_of(tmp_path), "countries")

    with pytest.raises(KeyError, match="'rsk' is no column of tables/countries; write risk"):
        select_published(relation, None, ["rsk"])


def test_days_are_both_included() -> None:
    assert days_of(DAY, DAY) == Window(DAY, DAY.replace(day=15))
