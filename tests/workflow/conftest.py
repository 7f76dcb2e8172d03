"""What several modules of this folder look at, built once."""

from collections.abc import Iterator

import pytest

from tests.assets.signins import Site
from tests.workflow.watched import watched_site


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project of `tests.workflow.watched`; only its last day may be changed."""
    with watched_site(tmp_path_factory.mktemp("watched")) as site:
        yield site
