import pytest
from pydantic import ValidationError

from fig_assets.config.schema import Check, Feature, Field, Versions


def test_a_plain_definition_is_version_1() -> None:
    versions = Versions[Feature].model_validate("@COUNT(*)")

    assert versions.default == 1
    assert versions.current == Feature(function="@COUNT(*)")


def test_short_forms_stand_for_versions_too() -> None:
    written = {"default_version": 2, "versions": {"1": "a:b", "2": {"function": "$a"}}}

    versions = Versions[Field].model_validate(written)

    assert versions.default == 2
    assert versions.all[1].json_path == "a:b"
    assert versions.current.function == "$a"


def test_without_a_written_default_the_lowest_version_is_it() -> None:
    versions = Versions[Feature].model_validate({"versions": {"3": "1", "2": "2"}})

    assert versions.default == 2


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ({"versions": {}}, '"versions" must be an object of version numbers'),
        ({"versions": []}, '"versions" must be an object of version numbers'),
        ({"versions": {"v1": "x"}}, "version 'v1' is not a whole number from 1"),
        ({"versions": {"0": "x"}}, "version '0' is not a whole number from 1"),
        ({"default_version": 2, "versions": {"1": "x"}}, "default_version 2 is not among"),
        ({"default_version": True, "versions": {"1": "x"}}, "default_version True is not among"),
        ({"default_version": [], "versions": {"1": "x"}}, r"default_version \[\] is not among"),
    ],
)
def test_versions_must_be_numbers_and_the_default_isin_them(written: object, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Versions[Feature].model_validate(written)


@pytest.mark.parametrize(
    ("written", "kind", "blocks"),
    [
        ("nonnull", "nonnull", True),
        ({"nonnull": True, "severity": "warn"}, "nonnull", False),
        ("unique", "unique", False),
        ({"in_range": [0, None], "severity": "block"}, "in_range", True),
        ({"isin": ["a", 1]}, "isin", False),
        ({"str_matches": "^a"}, "str_matches", False),
    ],
)
def test_a_check_has_a_kind_and_blocks_only_where_told_or_nonnull(
    written: object, kind: str, *, blocks: bool
) -> None:
    check = Check.model_validate(written)

    assert (check.kind, check.blocks) == (kind, blocks)


@pytest.mark.parametrize("written", [{}, {"unique": True, "nonnull": True}, {"severity": "warn"}])
def test_a_check_has_exactly_one_kind(written: object) -> None:
    with pytest.raises(ValidationError, match="a check needs exactly one of"):
        Check.model_validate(written)


def test_one_check_or_a_list_of_them_may_be_written() -> None:
    assert Feature.model_validate({"function": "1", "checks": "unique"}).checks == (
        Check(unique=True),
    )
    assert len(Field.model_validate({"json": "a", "checks": ["unique", "nonnull"]}).checks) == 2


def test_nothing_is_changed_to_another_kind_of_value() -> None:
    with pytest.raises(ValidationError):
        Feature.model_validate({"function": "1", "retired": "yes"})
    with pytest.raises(ValidationError):
        Feature.model_validate({"function": 1})
