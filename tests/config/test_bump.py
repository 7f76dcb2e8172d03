"""A family's file with the next versions in it, all else to the letter."""

import json
from pathlib import Path

import pytest

from fig_assets.config.bump import bump
from fig_assets.config.load import load_config
from fig_assets.errors import ConfigError
from tests.graph.projects import changed, write

TEXT = """[
  {"name": "other", "granularity": "shop", "period": ["daily"], "groups": [
    {"source": "order", "granularity_field": "shop", "features": {"n": "@COUNT(*)"}}]},
  {
    "name": "shop_stats", "granularity": "shop",   "period": ["daily", "weekly_by_day"],
    "groups": [
      {
        "source": "order", "granularity_field": "shop",
        "features": {
          "orders":   "@COUNT(*)",
          "refunds": {"function": "@SUM($is_refund)",
                      "description": "$orders@1 ä \\"quoted\\""},
          "refund_rate": {"versions": {
            "1": "$refunds / $orders", "3": {"function": "$refunds@1 + $refund_rate@1"},
            "2": {"function": "$refunds", "retired": true}},
            "default_version": 3}
        }
      }
    ]
  }
]
"""
EXPECTED = """[
  {"name": "other", "granularity": "shop", "period": ["daily"], "groups": [
    {"source": "order", "granularity_field": "shop", "features": {"n": "@COUNT(*)"}}]},
  {
    "name": "shop_stats", "granularity": "shop",   "period": ["daily", "weekly_by_day"],
    "groups": [
      {
        "source": "order", "granularity_field": "shop",
        "features": {
          "orders":   {"versions": {"2": "@COUNT(*)"}},
          "refunds": {"versions": {"2": {"function": "@SUM($is_refund)",
                      "description": "$orders@1 ä \\"quoted\\""}}},
          "refund_rate": {"versions": {
            "4": "$refunds / $orders", "5": {"function": "$refunds@2 + $refund_rate@4"},
            "2": {"function": "$refunds", "retired": true}},
            "default_version": 5}
        }
      }
    ]
  }
]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write(tmp_path, changed())
    (folder / "features" / "shop.json").write_text(TEXT, encoding="utf-8")
    return folder


def test_versions_are_written_in_place_and_all_else_stays(folder: Path) -> None:
    found = bump(load_config(folder, "local"), "shop_stats")

    assert found.text == EXPECTED
    assert found.path == folder / "features" / "shop.json"
    assert found.moved == (
        ("shop_stats.orders", 1, 2),
        ("shop_stats.refunds", 1, 2),
        ("shop_stats.refund_rate", 1, 4),
        ("shop_stats.refund_rate", 3, 5),
    )
    json.loads(found.text)
    assert found.path.read_text(encoding="utf-8") == TEXT


def test_an_event_and_the_other_family_of_a_file_are_bumped_alone(folder: Path) -> None:
    config = load_config(folder, "local")

    other = bump(config, "other")
    event = bump(config, "order")

    assert other.moved == (("other.n", 1, 2),)
    assert other.text == TEXT.replace(
        '{"n": "@COUNT(*)"}', '{"n": {"versions": {"2": "@COUNT(*)"}}}'
    )
    assert {name for name, _, _ in event.moved} >= {"order.shop", "order.is_refund"}
    json.loads(event.text)


def test_what_is_no_family_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="no family or event 'countries'"):
        bump(load_config(folder, "local"), "countries")
