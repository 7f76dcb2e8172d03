"""Options and fixtures of all tests."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.engines.spark_server import spark_server

if TYPE_CHECKING:
    from tests.engines.s3 import Server

GOLDEN = Path(__file__).parent / "golden"

LONG = (
    "test_server.py",
    "test_deploy.py",
    "test_generated.py",
    "test_event_log.py",
    "test_flights.py",
    "test_flights_oracle.py",
    "test_rerun.py",
    "test_oracle.py",
    "test_prove.py",
    "test_snapshots.py",
    "test_bind.py",
    "test_factory.py",
    "test_automation.py",
    "test_demo.py",
    "test_browser.py",
    "test_bad.py",
    "test_mutants.py",
    "test_docs.py",
)
"""The longest modules, longest first: what begins last should be short, or a core waits for it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONG)))


def pytest_addoption(parser: pytest.Parser) -> None:
    help_text = "write the golden files anew instead of comparing with them"
    parser.addoption("--update-golden", action="store_true", help=help_text)


@pytest.fixture(scope="session")
def spark_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a Spark Connect server, one for all processes of a run."""
    own = tmp_path_factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with spark_server(of_all / "spark") as address:
        yield address


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Server"]:
    """Give a server of S3, one for all processes of a run."""
    from tests.engines.s3 import shared

    own = tmp_path_factory.getbasetemp()
    of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    with shared(of_all / "s3") as server:
        yield server


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name, or write it if so asked."""
    update = request.config.getoption("--update-golden")

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture(scope="session")
def fakesnow_port() -> Iterator[int]:
    """Give the port of a server that answers Snowflake's connector, one for each process."""
    from tests.engines.flakes import fakesnow

    with fakesnow() as port:
        yield port
