"""Fingerprints: stable across processes, and apart where the parts are."""

from fig_assets.graph.version import fingerprint


def test_a_fingerprint_is_the_same_in_every_process() -> None:
    assert fingerprint("field", {"b": [1, None], "a": True}) == "1118e82a922f6c67"


def test_parts_are_told_apart_by_type_and_by_border() -> None:
    found = {fingerprint(*parts) for parts in [("1",), (1,), (True,), (1.5,), ("a", "b"), ("ab",)]}

    assert len(found) == 6
