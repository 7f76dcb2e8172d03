"""The pages of the running webserver, looked at by a real browser."""

import shutil
from collections.abc import Iterator
from datetime import date
from urllib.parse import urlencode

import pytest

from tests.assets.server import Server, running
from tests.assets.signins import FIRST, days_from, opened, write_project

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]
QUIET = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
DAYS = days_from(FIRST, 5)
TIMEOUT_MS = 60_000

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    root = tmp_path_factory.mktemp("browser")
    recent: dict[str, object] = {"name": "s", "start_date": str(DAYS[0]), "end_date": str(DAYS[-1])}
    configs = write_project(root, {"project.json": recent}, days=len(DAYS))
    with opened(root) as site:
        assert site.run(DAYS[0], DAYS[-1]).refused == {}
    with running(root, configs) as server:
        yield server


@pytest.fixture(scope="module")
def page(server: Server) -> Iterator["playwright.Page"]:
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(base_url=server.url, viewport={"width": 1600, "height": 1000})
        page.set_default_timeout(TIMEOUT_MS)
        yield page
        browser.close()


def expect_text(page: "playwright.Page", *texts: str) -> None:
    for text in texts:
        page.get_by_text(text).filter(visible=True).first.wait_for()


def test_the_asset_graph_shows_the_groups(page: "playwright.Page") -> None:
    page.goto("/asset-groups")

    expect_text(page, "raw", "tables", "events", "features", "labels", "models")


def test_a_group_of_the_graph_shows_its_attributes(page: "playwright.Page") -> None:
    levels = ("features", "features/ip", "features/ip/weekly_by_day")
    opened = ",".join(f"global@global:{level}" for level in levels)
    page.goto(f"/asset-groups?{urlencode({'expanded': opened})}")

    expect_text(page, "failure_rate__v1", "failure_rate__v2", "login_count__v1")


def test_the_page_of_an_attribute_tells_what_it_is(page: "playwright.Page") -> None:
    page.goto("/assets/features/ip/weekly_by_day/failure_rate__v1")

    expect_text(
        page,
        "The share of sign-ins that failed.",
        "@DIVIDE($failure_count, $login_count)",
        "features/ip/weekly_by_day",
        "analyst@example.org",
    )


def test_the_page_of_a_relation_shows_the_statement_that_ran(page: "playwright.Page") -> None:
    day: date = DAYS[-1]
    page.goto(f"/assets/families/ip/weekly_by_day?view=partitions&partition={day}")

    expect_text(page, "fig/sql", "Materialized")
    page.get_by_text("[Show Markdown]").first.click()
    expect_text(page, "window_complete", "failure_rate__v1")


def test_the_page_of_a_model_shows_the_pictures_of_its_training(page: "playwright.Page") -> None:
    page.goto(f"/assets/models/scorer__v1?view=partitions&partition={DAYS[-1]}")

    expect_text(page, "fig/precision_recall", "fig/calibration", "fig/score_histogram")
    row = page.locator("tr").filter(has_text="fig/precision_recall")
    row.get_by_text("[Show Markdown]").first.click()
    image = page.get_by_alt_text(f"precision recall {DAYS[-1]}")
    image.wait_for()
    page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
    assert image.bounding_box() is not None


def test_nothing_is_fetched_from_elsewhere(server: Server, page: "playwright.Page") -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto("/asset-groups")
    expect_text(page, "features")

    strangers = [url for url in asked if not url.startswith((server.url, "data:", "blob:", "ws"))]
    assert strangers == []
