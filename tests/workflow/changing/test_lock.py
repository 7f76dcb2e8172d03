import copy
import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fig_assets as fig
from fig_assets.config.lock import FILE, read_lock
from fig_assets.graph.lock import Difference
from fig_assets.workflow.changing.lock import LockReport, bump_families, lock_project
from tests.graph.projects import Json, changed, put, write

SHOP, REQUEST = "features/shop.json", "features/request.json"
RATE = (SHOP, "groups", 0, "features", "refund_rate")
TWO = {
    "1": {"function": "@DIVIDE($refunds, $orders)", "type": "float"},
    "2": {"function": "($refunds + 1) / ($orders + 20)", "type": "float"},
}
SHIPPED = Path(__file__).parents[3]
EXAMPLES = sorted(
    path.relative_to(SHIPPED).as_posix() for path in SHIPPED.glob("examples/*/configs")
)
PROJECTS = ["configs", *EXAMPLES]


def locked(folder: Path, project: Json, **options: Any) -> LockReport:
    return lock_project(write(folder, project), "local", **options)


def ids(folder: Path) -> dict[str, int]:
    lock, problems = read_lock(folder / "configs")
    assert problems == ()
    assert lock is not None
    return {key: line.id for key, line in lock.attributes.items()}


@pytest.mark.parametrize(
    "folder",
    ["configs", *(str(p.relative_to(SHIPPED)) for p in SHIPPED.glob("examples/*/configs"))],
)
def test_the_shipped_projects_are_locked(folder: str) -> None:
    with fig.load_project(SHIPPED / folder) as project:
        assert project.lock_problems() == (), f"run: fig lock --project {folder}"
        assert {attribute.number for attribute in project.graph.attributes.values()} > {1, 2, 3}


def test_a_second_lock_writes_nothing(tmp_path: Path) -> None:
    first = locked(tmp_path, changed())
    written = (tmp_path / "configs" / FILE).stat()

    second = locked(tmp_path, changed())

    assert first.is_written
    assert len(first.difference.new) == first.next_id - 1
    assert not second.is_written
    assert (tmp_path / "configs" / FILE).stat().st_mtime_ns == written.st_mtime_ns


def test_a_changed_meaning_is_refused_by_every_door_until_it_is_accepted(tmp_path: Path) -> None:
    locked(tmp_path, changed())
    text = (tmp_path / "configs" / FILE).read_text("utf-8")
    other = changed(put(*RATE, "function", value="$refunds / 2"))
    write(tmp_path, other)

    with pytest.raises(fig.ConfigError, match=r"--allow-change shop_stats\.refund_rate@1"):
        fig.load_project(tmp_path / "configs")
    with pytest.raises(fig.ConfigError, match="locked with another meaning"):
        locked(tmp_path, other)
    with pytest.raises(fig.ConfigError, match=r"shop_stats\.refund_rate@1"):
        locked(tmp_path, other, allow_change=["shop_stats.orders@1"])
    assert (tmp_path / "configs" / FILE).read_text("utf-8") == text

    before = ids(tmp_path)
    report = locked(tmp_path, other, allow_change=["shop_stats.refund_rate@1"])

    assert len(report.difference.changed) == 2
    assert ids(tmp_path) == before
    fig.load_project(tmp_path / "configs").close()


def test_only_what_exists_can_be_allowed_or_followed(tmp_path: Path) -> None:
    with pytest.raises(fig.ConfigError, match="no attribute version 'shop_stats'"):
        locked(tmp_path, changed(), allow_change=["shop_stats"])
    with pytest.raises(fig.ConfigError, match="'nobody' reads nothing"):
        locked(tmp_path, changed(), follow=["nobody"])
    assert not (tmp_path / "configs" / FILE).exists()


def test_dagster_loads_what_does_not_read_a_changed_version(tmp_path: Path) -> None:
    locked(tmp_path, changed())
    write(
        tmp_path, changed(put("labels/fraud.json", "weak_labels", "small", "vote", value="fraud"))
    )

    with fig.load_project(tmp_path / "configs", healthy_only=True) as project:
        assert set(project.graph.row_families) == {"request"}
        assert project.graph.label_sets == {}
        assert {problem.where.file for problem in project.broken} >= {"configs/labels/fraud.json"}


def test_a_broken_lock_is_refused_even_by_who_takes_the_healthy_part(tmp_path: Path) -> None:
    locked(tmp_path, changed())
    (tmp_path / "configs" / FILE).write_text("{", encoding="utf-8")

    for healthy in (True, False):
        with pytest.raises(fig.ConfigError, match=r"attributes\.lock\.json:1:"):
            fig.load_project(tmp_path / "configs", healthy_only=healthy)


def test_a_merge_gives_new_ids_to_what_two_branches_added(tmp_path: Path) -> None:
    locked(tmp_path, changed())
    base = (tmp_path / "configs" / FILE).read_text("utf-8")
    shop_most = put(SHOP, "groups", 0, "features", "most", value="@MAX($amount)")
    label = {"when": "$amount > 99", "vote": "fraud"}
    weak = put("labels/fraud.json", "weak_labels", "large", value=label)
    accept = ["fraud.majority@1"]
    locked(tmp_path, changed(shop_most))
    ours = (tmp_path / "configs" / FILE).read_text("utf-8")
    (tmp_path / "configs" / FILE).write_text(base, encoding="utf-8")
    locked(tmp_path, changed(weak), allow_change=accept)
    theirs = (tmp_path / "configs" / FILE).read_text("utf-8")
    conflict = f"<<<<<<< HEAD\n{ours}=======\n{theirs}>>>>>>> other\n"
    (tmp_path / "configs" / FILE).write_text(conflict, encoding="utf-8")

    locked(tmp_path, changed(shop_most, weak), merge=True, allow_change=accept)

    found = ids(tmp_path)
    assert len(set(found.values())) == len(found)
    kept = json.loads(ours)["attributes"]
    assert all(found[key] == line["id"] for key, line in kept.items())


# ---------------------------------------------------------------- references without a version


def two_files() -> Json:
    """A project of which two families read `shop_stats.refund_rate` without its version."""
    project = changed(put(*RATE, value={"default_version": 1, "versions": copy.deepcopy(TWO)}))
    other = copy.deepcopy(project[REQUEST])
    other["name"] = "second"
    project["features/second.json"] = other
    del project[REQUEST]["groups"][3]
    project["models/scorer.json"]["input_features"][0]["feature_names"] = {
        "all": ["country", "shop_stats_weekly_refund_rate"]
    }
    return project


def read_by(folder: Path) -> dict[str, int]:
    """Which version of the rate each family joins."""
    with fig.load_project(folder / "configs") as project:
        return {
            family.name: next(
                feature.version
                for feature in family.features
                if feature.name == "shop_stats_weekly_refund_rate"
            )
            for family in project.graph.row_families.values()
        }


def test_a_moved_default_moves_no_locked_consumer_and_serves_new_ones(tmp_path: Path) -> None:
    project = two_files()
    locked(tmp_path, project)
    before = ids(tmp_path)
    project[SHOP]["groups"][0]["features"]["refund_rate"]["default_version"] = 2
    third = copy.deepcopy(project[REQUEST])
    third["name"] = "third"
    project["features/third.json"] = third
    report = locked(tmp_path, project)

    assert read_by(tmp_path) == {"request": 1, "second": 1, "third": 2}
    assert report.difference.changed == ()
    assert {key: ids(tmp_path)[key] for key in before} == before
    with fig.load_project(tmp_path / "configs") as loaded:
        (scorer,) = loaded.graph.models.values()
        assert {a.identity for a in scorer.inputs} == {
            "request.country@1", "request.shop_stats_weekly_refund_rate@1",
        }  # fmt: skip
        # Whoever reads the family by hand gets the new default.
        rates = [a for a in loaded.graph.attributes.values() if a.name == "refund_rate"]
        assert {a.version for a in rates if a.is_default} == {2}


def test_one_consumer_follows_alone(tmp_path: Path) -> None:
    project = two_files()
    locked(tmp_path, project)
    project[SHOP]["groups"][0]["features"]["refund_rate"]["default_version"] = 2

    consumer = "second.shop_stats_weekly_refund_rate"
    with pytest.raises(fig.ConfigError, match=r"fig lock --follow second\.is_odd@1"):
        locked(tmp_path, project, follow=[consumer])
    report = locked(tmp_path, project, follow=[consumer, "second.is_odd@1"])

    assert read_by(tmp_path) == {"request": 1, "second": 2}
    assert report.difference.changed == ("features/second/is_odd__v1",)
    assert report.difference.removed == ("features/second/shop_stats_weekly_refund_rate__v1",)


def test_a_sibling_reference_stays_and_follows(tmp_path: Path) -> None:
    project = two_files()
    features = project[SHOP]["groups"][0]["features"]
    features["twice"] = "$refund_rate * 2"
    locked(tmp_path, project)
    features["refund_rate"]["default_version"] = 2

    stays = locked(tmp_path, project)
    follows = locked(tmp_path, project, follow=["shop_stats.twice@1"])

    assert stays.difference.changed == ()
    assert [key.split("/")[2] for key in follows.difference.changed] == ["daily", "weekly_by_day"]


def test_what_selects_rows_stays_too(tmp_path: Path) -> None:
    project = changed(
        put("events/order.json", "where", value="$country <> 'XX'"),
        put(SHOP, "groups", 0, "where", value="$country <> 'YY'"),
    )
    fields = project["events/order.json"]["fields"]
    fields["country"] = {"versions": {"1": {"json": "country"}, "2": {"json": "land"}}}
    fields["shop"] = {"versions": {"1": {"json": "shop::bigint"}, "2": {"json": "s::bigint"}}}
    locked(tmp_path, project)
    before = (tmp_path / "configs" / FILE).read_text("utf-8")
    fields["country"]["default_version"] = fields["shop"]["default_version"] = 2

    report = locked(tmp_path, project)

    assert not report.is_written
    assert (tmp_path / "configs" / FILE).read_text("utf-8") == before
    assert locked(tmp_path, project, follow=["shop_stats"]).difference.changed


def test_a_version_that_a_locked_consumer_reads_cannot_retire(tmp_path: Path) -> None:
    project = two_files()
    locked(tmp_path, project)
    rate = project[SHOP]["groups"][0]["features"]["refund_rate"]
    rate["default_version"] = 2
    rate["versions"]["1"]["retired"] = True
    write(tmp_path, project)

    with pytest.raises(fig.ConfigError, match=r"shop_stats\.refund_rate@1, which is gone"):
        fig.load_project(tmp_path / "configs")


VERSIONED: dict[str, tuple[tuple[str | int, ...], Json]] = {
    "path": (
        ("events/order.json", "fields", "country"),
        {"1": {"json": "country"}, "2": {"json": "land"}},
    ),
    "key": (
        ("events/order.json", "fields", "shop"),
        {"1": {"json": "shop::bigint"}, "2": {"json": "s::bigint"}},
    ),
    "base key": (
        ("events/order.json", "fields", "session"),
        {"1": {"json": "session:id"}, "2": {"json": "s"}},
    ),
    "window": (RATE, TWO),
    "row": (
        (REQUEST, "groups", 0, "features", "amount"),
        {"1": {"function": "$amount"}, "2": {"function": "$amount * 2"}},
    ),
    "match": (
        (REQUEST, "groups", 0, "features", "shop"),
        {"1": {"function": "$shop"}, "2": {"function": "$shop + 1"}},
    ),
    "vote": (
        ("labels/fraud.json", "weak_labels", "small"),
        {
            "1": {"when": "$amount < 10", "vote": "fine"},
            "2": {"when": "$amount < 20", "vote": "fine"},
        },
    ),
    "truth": (
        ("labels/fraud.json", "strong_labels", "majority"),
        {
            "1": {"method": "plurality_vote"},
            "2": {"method": "plurality_vote", "default": "fine"},
        },
    ),
}
"""What may have two versions, in every place where a reference without a version can stand."""


def with_defaults(defaults: dict[str, int]) -> Json:
    project = changed(
        put("events/order.json", "where", value="$country <> 'XX'"),
        put(SHOP, "groups", 0, "where", value="$country <> 'YY'"),
        put(REQUEST, "groups", 0, "where", value="$country <> 'ZZ'"),
        put("models/scorer.json", "input_features", 0, "feature_names", value={
            "all": ["country", "is_odd", "amount", "shop_stats_weekly_refund_rate"]}),
    )  # fmt: skip
    for name, default in defaults.items():
        path, versions = VERSIONED[name]
        both = {"default_version": default, "versions": copy.deepcopy(versions)}
        put(*path, value=both)(project)
    return project


some_defaults = st.fixed_dictionaries({name: st.integers(1, 2) for name in VERSIONED})


@settings(max_examples=10, deadline=None)
@given(before=some_defaults, after=some_defaults)
def test_moving_any_defaults_changes_no_locked_meaning(
    before: dict[str, int], after: dict[str, int]
) -> None:
    with TemporaryDirectory() as made:
        folder = Path(made)
        locked(folder, with_defaults(before))
        text = (folder / "configs" / FILE).read_text("utf-8")

        report = locked(folder, with_defaults(after))

        assert report.difference == Difference()
        assert (folder / "configs" / FILE).read_text("utf-8") == text


def test_a_retired_version_is_removed_and_keeps_its_id(tmp_path: Path) -> None:
    project = two_files()
    locked(tmp_path, project)
    before = ids(tmp_path)
    second = project[SHOP]["groups"][0]["features"]["refund_rate"]["versions"]["2"]
    second["retired"] = True

    report = locked(tmp_path, project)
    del second["retired"]
    again = locked(tmp_path, project)

    gone = [f"features/shop_stats/{p}/refund_rate__v2" for p in ("daily", "weekly_by_day")]
    assert list(report.difference.removed) == gone
    assert again.difference == Difference()
    assert ids(tmp_path) == before


# ---------------------------------------------------------------- all of a family at once


def selected_anew() -> Json:
    """The project of `two_files`, of which the windows count only some orders."""
    return put_where(two_files())


def put_where(project: Json) -> Json:
    project[SHOP]["groups"][0]["where"] = "$amount > 0"
    return project


def bumped(folder: Path, **options: Any) -> LockReport:
    return bump_families(folder / "configs", "local", ["shop_stats"], **options)


def all_files(folder: Path) -> dict[str, bytes]:
    found = (folder / "configs").rglob("*")
    return {str(path): path.read_bytes() for path in found if path.is_file()}


READERS = ["request.*", "second.*", "fraud.*", "scorer@1"]


def test_a_bump_gives_every_feature_its_next_version_in_its_file(tmp_path: Path) -> None:
    locked(tmp_path, two_files())
    before = ids(tmp_path)
    write(tmp_path, selected_anew())
    with pytest.raises(fig.ConfigError, match="fig lock --bump shop_stats"):
        fig.load_project(tmp_path / "configs")

    report = bumped(tmp_path, follow=READERS)

    assert report.moved == (
        ("shop_stats.orders", 1, 2),
        ("shop_stats.refunds", 1, 2),
        ("shop_stats.refund_rate", 1, 3),
        ("shop_stats.refund_rate", 2, 4),
    )
    after = ids(tmp_path)
    assert before.items() <= after.items()
    assert "features/shop_stats/daily/refund_rate__v4" in set(after) - set(before)
    written = json.loads((tmp_path / "configs" / SHOP).read_text("utf-8"))
    features = written["groups"][0]["features"]
    assert features["orders"] == {"versions": {"2": "@COUNT(*)"}}
    assert features["refund_rate"] == {
        "default_version": 3, "versions": {"3": TWO["1"], "4": TWO["2"]},
    }  # fmt: skip
    assert read_by(tmp_path) == {"request": 3, "second": 3}
    with fig.load_project(tmp_path / "configs") as project:
        assert project.lock_problems() == ()


def test_a_refused_bump_writes_nothing_and_names_who_reads_the_old_ones(tmp_path: Path) -> None:
    locked(tmp_path, two_files())
    write(tmp_path, selected_anew())
    before = all_files(tmp_path)

    with pytest.raises(fig.ConfigError, match=r"lock --bump shop_stats --follow second\.shop_"):
        bumped(tmp_path, follow=["request.*"])

    assert all_files(tmp_path) == before


def test_a_bump_never_gives_a_number_again(tmp_path: Path) -> None:
    locked(tmp_path, two_files())
    write(tmp_path, selected_anew())
    bumped(tmp_path, follow=READERS)
    project = selected_anew()
    project[SHOP]["groups"][0]["features"]["orders"] = {"versions": {"3": "@COUNT(*)"}}
    locked(tmp_path, project, follow=[*READERS, "shop_stats.*"], allow_change=[])

    report = bumped(tmp_path, follow=READERS)

    assert ("shop_stats.orders", 3, 4) in report.moved


def test_siblings_that_name_a_version_name_the_new_one(tmp_path: Path) -> None:
    project = two_files()
    features = project[SHOP]["groups"][0]["features"]
    features["twice"] = "$refund_rate@2 * 2"
    locked(tmp_path, project)
    write(tmp_path, put_where(project))

    bumped(tmp_path, follow=READERS)

    written = json.loads((tmp_path / "configs" / SHOP).read_text("utf-8"))
    twice = written["groups"][0]["features"]["twice"]
    assert twice == {"versions": {"2": "$refund_rate@4 * 2"}}


def test_an_event_is_bumped_too(tmp_path: Path) -> None:
    locked(tmp_path, two_files())

    follow = ["shop_stats", "shop_stats.*", "request", "second", *READERS]
    report = bump_families(tmp_path / "configs", "local", ["order"], follow=follow)

    assert ("order.country", 1, 2) in report.moved
    assert "events/order/country__v2" in report.difference.new


def test_only_families_and_events_of_json_are_bumped(tmp_path: Path) -> None:
    folder = write(tmp_path, two_files())

    with pytest.raises(fig.ConfigError, match="no family or event 'scorer'"):
        bump_families(folder, "local", ["scorer"])
    (folder / SHOP).rename(folder / "features" / "shop.yaml")
    with pytest.raises(fig.ConfigError, match="is written in YAML"):
        bump_families(folder, "local", ["shop_stats"])


# ---------------------------------------------------------------- any sequence of edits

FUNCTIONS = ("@COUNT(*)", "@SUM($amount)", "@MAX($amount)", "@COUNT_DISTINCT($country)")
RESPELLED = ("@count( * )", "@Sum( $amount@1 )", "@max(($amount))", "@COUNT_DISTINCT( $country )")
NAMES = ("a", "b", "c")


@dataclass
class Edited:
    """What a person did to a few features: name -> (which function, how it is spelt, words)."""

    features: dict[str, tuple[int, bool, str]] = field(default_factory=dict)

    def project(self) -> Json:
        project = changed()
        for name, (function, respelt, words) in self.features.items():
            text = (RESPELLED if respelt else FUNCTIONS)[function]
            project[SHOP]["groups"][0]["features"][name] = {"function": text, "description": words}
        return project


edits = st.lists(
    st.tuples(
        st.sampled_from(["add", "remove", "respell", "redescribe", "change"]),
        st.sampled_from(NAMES),
        st.integers(0, len(FUNCTIONS) - 1),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12, deadline=None)
@given(edits=edits)
def test_any_edits_keep_ids_and_refuse_only_changed_meanings(
    edits: list[tuple[str, str, int]],
) -> None:
    with TemporaryDirectory() as made:
        folder, edited = Path(made), Edited()
        locked(folder, edited.project())
        meanings: dict[str, int] = {}
        numbers = ids(folder)
        for kind, name, function in edits:
            expected = _apply(edited, kind, name, function, meanings)
            if expected == "changed":
                with pytest.raises(fig.ConfigError, match=rf"allow-change shop_stats\.{name}@1"):
                    locked(folder, edited.project())
                # What is joined has the type of its source.
                accepted = [f"shop_stats.{name}@1", f"request.shop_stats_weekly_{name}@1"]
                locked(folder, edited.project(), allow_change=accepted)
            else:
                report = locked(folder, edited.project())
                assert report.difference.changed == ()
                assert bool(report.difference.new) == (expected == "new")
            after = ids(folder)
            assert numbers.items() <= after.items()
            assert len(set(after.values())) == len(after)
            numbers = after
            meanings |= {known: edited.features[known][0] for known in edited.features}


def _apply(edited: Edited, kind: str, name: str, function: int, meanings: dict[str, int]) -> str:
    """Make one edit; says what it does to the lock: new, changed or same."""
    known = edited.features.get(name)
    if kind == "remove" or (known is None and kind != "add"):
        edited.features.pop(name, None)
        return "same"
    if known is None or kind == "change":
        edited.features[name] = (function, False, "")
        if name not in meanings:
            return "new"
        return "same" if meanings[name] == function else "changed"
    respelt = kind == "respell"
    edited.features[name] = (known[0], respelt, "words" if kind == "redescribe" else known[2])
    return "same"
