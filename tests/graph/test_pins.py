import pytest

from fig_assets.graph.pins import Pins


def test_a_reference_stands_for_the_default_version_and_is_recorded() -> None:
    pins = Pins()

    with pins.reading("request.lift@1"):
        assert pins.version("asn", "rate", 2) == 2

    assert pins.made == {"request.lift@1": {"asn.rate": 2}}


def test_a_locked_reference_keeps_its_version_when_the_default_moves() -> None:
    pins = Pins({"request.lift@1": {"asn.rate": 1}})

    with pins.reading("request.lift@1"):
        assert pins.version("asn", "rate", 2) == 1
        assert pins.version("asn", "logins", 2) == 2
        with pins.reading("request.other@1"):
            assert pins.version("asn", "rate", 2) == 2
        assert pins.reader == "request.lift@1"


def test_nobody_reads_unnamed() -> None:
    with pytest.raises(IndexError):
        Pins().version("asn", "rate", 1)
