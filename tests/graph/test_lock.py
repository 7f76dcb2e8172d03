from pathlib import Path

import pytest

from fig_assets.config.load import Config, load_config
from fig_assets.config.lock import FILE, Lock, write_lock
from fig_assets.graph.build import build_graph
from fig_assets.graph.lock import (
    Difference,
    changed_problems,
    difference,
    empty_lock,
    locked_nodes,
    outdated_problems,
    relocked,
)
from fig_assets.graph.nodes import Graph
from tests.graph.projects import Change, changed, drop, put, write

REFUNDS = ("features/shop.json", "groups", 0, "features", "refund_rate")
EVENT, SHOP, REQUEST = "events/order.json", "features/shop.json", "features/request.json"
MODEL, LABELS = "models/scorer.json", "labels/fraud.json"
RATES = (
    "features/shop_stats/daily/refund_rate__v1",
    "features/shop_stats/weekly_by_day/refund_rate__v1",
)


def resolved(folder: Path, *changes: Change, lock: bool = True) -> tuple[Config, Graph]:
    """Lock the small project, change it, and resolve what it is then."""
    if lock and not (folder / "configs" / FILE).exists():
        write(folder, changed())
        config = load_config(folder / "configs", "local")
        write_lock(relocked(build_graph(config)[0], empty_lock(folder / "configs")))
    config = load_config(write(folder, changed(*changes)), "local")
    return config, build_graph(config)[0]


def lock_of(config: Config) -> Lock:
    assert config.lock is not None
    return config.lock


def found(folder: Path, *changes: Change) -> Difference:
    config, graph = resolved(folder, *changes)
    return difference(graph, lock_of(config))


def test_everything_with_versions_is_locked(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path)

    lock = lock_of(config)
    assert set(lock.attributes) == set(locked_nodes(graph))
    assert {key.split("/")[0] for key in lock.attributes} == {
        "events", "features", "labels", "models", "scores",
    }  # fmt: skip
    assert sorted(locked.id for locked in lock.attributes.values()) == list(range(1, lock.next_id))
    assert outdated_problems(graph, config) == ()


def test_every_node_shows_its_number(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path)

    lock = lock_of(config)
    for attribute in graph.attributes.values():
        assert attribute.number == lock.number(attribute.key)
    for feature in graph.row_families["request"].features:
        assert feature.number == lock.number(feature.key)
    assert graph.models["scorer"].number == lock.number(("models", "scorer__v1"))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(
            put(*REFUNDS, "function", value="@divide( $refunds@1 ,($orders) )"), id="spelling"
        ),
        pytest.param(put(*REFUNDS, "description", value="how many"), id="description"),
        pytest.param(put(*REFUNDS, "owner", value="a@example.org"), id="owner"),
        pytest.param(put(*REFUNDS, "tags", value=["rates"]), id="tags"),
        pytest.param(put(*REFUNDS, "checks", value={"in_range": [0, 1]}), id="check"),
        pytest.param(put("project.json", "start_date", value="2025-01-01"), id="start"),
        pytest.param(
            put("environments/local.json", "sources", "events", "late_days", value=3),
            id="environment",
        ),
        pytest.param(put("project.json", "event_defaults", "time", value="t"), id="defaults"),
        pytest.param(put(MODEL, "promotion", value={"min": 0.7}), id="promotion"),
        pytest.param(put(LABELS, "description", value="x"), id="about labels"),
    ],
)
def test_what_changes_no_value_changes_no_meaning(tmp_path: Path, change: Change) -> None:
    config, graph = resolved(tmp_path, change)

    assert difference(graph, lock_of(config)) == Difference()
    assert outdated_problems(graph, config) == ()


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        pytest.param(put(*REFUNDS, "function", value="$refunds / 2"), RATES, id="expression"),
        pytest.param(
            put(*REFUNDS, "type", value="bigint"),
            ("features/request/shop_stats_weekly_refund_rate__v1", *RATES),
            id="type, and that of what is joined",
        ),
        pytest.param(
            put(EVENT, "fields", "country", value="land"),
            ("events/order/country__v1",),
            id="path of a field",
        ),
        pytest.param(
            put(LABELS, "weak_labels", "small", "vote", value="fraud"),
            ("labels/fraud/small__v1",),
            id="vote",
        ),
        pytest.param(
            put(LABELS, "strong_labels", "majority", "default", value="fraud"),
            ("labels/fraud/majority__v1",),
            id="strong label",
        ),
        pytest.param(
            put(MODEL, "training_time_delta_days", value=9),
            ("models/scorer__v1", "scores/scorer/score__v1"),
            id="model",
        ),
        pytest.param(
            put(REQUEST, "groups", 1, "as_of", value="same_day"),
            tuple(
                f"features/request/shop_stats_weekly_{name}__v1"
                for name in ("orders", "refund_rate", "refunds")
            ),
            id="day of a join",
        ),
        pytest.param(
            put("tables/countries.json", "key", value="name"),
            ("features/request/countries_risk__v1",),
            id="key of a table",
        ),
    ],
)  # fmt: skip
def test_a_changed_meaning_is_found_where_it_is(
    tmp_path: Path, change: Change, keys: tuple[str, ...]
) -> None:
    assert found(tmp_path, change).changed == keys


def test_what_selects_rows_changes_the_meaning_of_all_of_them(tmp_path: Path) -> None:
    changed_keys = found(tmp_path, put(SHOP, "groups", 0, "where", value="$amount > 0")).changed

    counted = {key for key in changed_keys if key.startswith("features/shop_stats/daily/")}
    assert counted == {
        "features/shop_stats/daily/orders__v1",
        "features/shop_stats/daily/refunds__v1",
    }


def test_a_changed_version_is_refused_with_both_ways_out(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path, put(*REFUNDS, "function", value="$refunds / 2"))

    (problem,) = changed_problems(graph, config)

    number = lock_of(config).attributes[RATES[0]].id
    assert str(problem).partition(": ")[2] == (
        "/groups/0/features/refund_rate\n"
        f"  shop_stats.refund_rate@1 is locked with another meaning (id {number}): it, or what"
        " selects its rows, has changed\n"
        '  fix: undo the change, or write "refund_rate": {"default_version": 1, "versions": {"1":'
        ' <as it was>, "2": {"function": "$refunds / 2", "type": "float"}}}, or accept the'
        " change: fig lock --allow-change shop_stats.refund_rate@1"
    )
    assert problem.where.line > 1
    assert changed_problems(graph, config, {"shop_stats.refund_rate@1"}) == ()


def test_a_changed_version_among_others_gets_the_next_number(tmp_path: Path) -> None:
    two = {"versions": {"1": {"function": "$refunds"}, "4": {"function": "$refunds / $orders"}}}
    resolved(tmp_path, put(*REFUNDS, value=two))
    config, graph = resolved(tmp_path, put(*REFUNDS, value=two))
    write_lock(relocked(graph, lock_of(config)))
    two["versions"]["4"]["function"] = "$orders"
    config, graph = resolved(tmp_path, put(*REFUNDS, value=two))

    (problem,) = changed_problems(graph, config)

    assert 'put version 4 back and add "5": {"function": "$orders"}' in problem.fix


def test_new_and_removed_ones_are_named_where_they_are(tmp_path: Path) -> None:
    config, graph = resolved(
        tmp_path,
        put(SHOP, "groups", 0, "features", "most", value="@MAX($amount)"),
        drop(*REFUNDS),
        drop(REQUEST, "groups", 3),
        put(MODEL, "input_features", 0, "feature_names", value={"all": ["country"]}),
    )

    said = [
        (problem.where.file, problem.message, problem.fix)
        for problem in outdated_problems(graph, config)
    ]

    assert said == [
        (f"configs/{REQUEST}", "request.shop_stats_weekly_most@1 is not locked yet", "fig lock"),
        (f"configs/{SHOP}", "shop_stats.most@1 is not locked yet", "fig lock"),
        *(
            (f"configs/{FILE}", f"{key} is locked and no longer in the project", "fig lock")
            for key in (
                "features/request/is_odd__v1",
                "features/request/shop_stats_weekly_refund_rate__v1",
                *RATES,
            )
        ),
    ]


def test_without_a_lock_there_is_one_warning(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path, lock=False)

    (problem,) = outdated_problems(graph, config)

    assert problem.severity == "warning"
    assert problem.fix == "fig lock"
    assert all(node.number is None for node in locked_nodes(graph).values())


def test_ids_of_removed_ones_are_not_given_again(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path, drop(SHOP, "groups", 0, "features", "refund_rate"),
                             drop(REQUEST, "groups", 3),
                             put(MODEL, "input_features", 0, "feature_names",
                                 value={"all": ["country"]}))  # fmt: skip
    before = lock_of(config)
    without = relocked(graph, before)
    write_lock(without)

    config, graph = resolved(tmp_path)
    again = relocked(graph, lock_of(config))

    assert without.attributes[RATES[0]].removed
    assert without.next_id == again.next_id == before.next_id
    assert again.attributes == before.attributes


def test_a_removed_one_cannot_come_back_with_another_meaning(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path, drop(REQUEST, "groups", 3),
                             put(MODEL, "input_features", 0, "feature_names",
                                 value={"all": ["country"]}))  # fmt: skip
    write_lock(relocked(graph, lock_of(config)))

    again = put(REQUEST, "groups", 3, "features", "is_odd", value="$amount > 3")

    assert "features/request/is_odd__v1" in found(tmp_path, again).changed


def test_another_rule_proves_nothing_unless_it_can_be_made_again(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path)
    lock = lock_of(config)
    marks = {key: locked.means for key, locked in lock.attributes.items()}

    unknown = difference(graph, lock, rule=2)
    proved = difference(graph, lock, earlier=marks, rule=2)
    moved = difference(graph, lock, earlier={**marks, RATES[0]: "0" * 16}, rule=2)

    assert unknown == Difference(unclear=tuple(sorted(marks)))
    assert proved == Difference()
    assert moved == Difference(changed=RATES[:1])


def test_the_lock_is_the_same_whatever_the_order_of_files(tmp_path: Path) -> None:
    config, graph = resolved(tmp_path)
    text = relocked(graph, lock_of(config)).text()
    other = tmp_path / "other"
    other.mkdir()
    write(other, changed())
    (other / "configs" / SHOP).rename(other / "configs" / "features" / "a_shop.json")
    (other / "configs" / REQUEST).rename(other / "configs" / "features" / "z_request.json")

    again = build_graph(load_config(other / "configs", "local"))[0]

    assert relocked(again, empty_lock(other / "configs")).text() == text
