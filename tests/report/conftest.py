"""One browser for all tests of the report's page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from benchmarks.estate import estate

from ..conftest import needed
from ..walkthrough.browser import find_browser, start
from .browser import Report
from .estates import SHOP, hostile, judged, page


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    """A browser for which no name leads anywhere; port 9 answers nothing."""
    browser = start(*needed(find_browser), 9)
    try:
        yield browser
    finally:
        browser.quit()


@pytest.fixture(scope="session")
def written_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    pages = {"shop": page(SHOP)[1], "hostile": page(hostile())[1], "judged": judged()}
    pages["estate"] = page("".join(estate(120)))[1]
    for name, text in pages.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8", newline="\n")
    return {name: folder / f"{name}.html" for name in pages}


@pytest.fixture
def shop(chrome: Chrome, written_pages: dict[str, Path]) -> Iterator[Report]:
    """The report of a small estate; nothing may be asked for or complained about meanwhile."""
    yield from opened(chrome, written_pages["shop"])


@pytest.fixture
def hostile_report(chrome: Chrome, written_pages: dict[str, Path]) -> Iterator[Report]:
    """The report of an estate full of markup and odd text, likewise."""
    yield from opened(chrome, written_pages["hostile"])


@pytest.fixture
def estate_report(chrome: Chrome, written_pages: dict[str, Path]) -> Iterator[Report]:
    """The report of an estate with many kinds of findings, likewise."""
    yield from opened(chrome, written_pages["estate"])


@pytest.fixture
def judged_report(chrome: Chrome, written_pages: dict[str, Path]) -> Iterator[Report]:
    """The report with an accepted finding and a plan."""
    yield from opened(chrome, written_pages["judged"])


def opened(chrome: Chrome, path: Path) -> Iterator[Report]:
    report = Report(chrome, path)
    chrome.execute_script("localStorage.clear()")
    report.size(1280, 900)
    report.media()
    yield report
    assert report.complaints() == []
    assert [u for u in report.requests() if not u.startswith("blob:")] == []
