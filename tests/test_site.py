"""The pages as a site: built without a warning, whole, and asking no other server for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from nginx2istio.base.documentation import finding_page, rules_page
from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule.loader import load

ROOT = Path(__file__).parent.parent
SITE = "https://docs.example.com"
LOADED = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}
"""What a browser fetches by itself, by element."""


class Elements(HTMLParser):
    """The anchors of a page, and what it fetches and links to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.anchors.add(given.get("id") or "")
        if tag in LOADED and given.get("rel") != "canonical":
            self.fetched.append(given.get(LOADED[tag]) or "")
        if tag == "a":
            self.links.append(given.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a broken link or a page outside the navigation fails."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-d", str(folder)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1", "NGINX2ISTIO_DOCS_URL": SITE}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return folder


def test_each_finding_and_rule_has_its_address(site: Path) -> None:
    rules = load()
    anchors = Elements(site / "findings.html").anchors
    for code in {*rules.messages, *(message.code for message in OWN)}:
        path, _, anchor = finding_page(code, SITE).removeprefix(f"{SITE}/").partition("#")
        assert path == "findings.html" and anchor in anchors, code
    for family in rules.families:
        assert (site / rules_page(family.name, SITE).removeprefix(f"{SITE}/")).is_file()


def test_links_lead_somewhere(site: Path) -> None:
    """Also those to files that are no pages, and links in the navigation."""
    pages = {path: Elements(path) for path in site.rglob("*.html") if path.name != "404.html"}
    for path, page in pages.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:|$", target) and not anchor:
                continue
            if "://" in target or target.startswith("mailto:"):
                continue
            file = (path.parent / target).resolve() if target else path
            assert file.exists(), (path, link)
            if anchor and file in pages and anchor != "__comments":
                assert anchor in pages[file].anchors, (path, link)


def test_pages_fetch_nothing_from_elsewhere(site: Path) -> None:
    for path in site.rglob("*.html"):
        if path.name == "404.html":
            continue
        for address in Elements(path).fetched:
            assert not re.match(r"(?!data:)[a-z]+:|//", address), (path, address)
    styles = "".join(path.read_text() for path in site.rglob("*.css"))
    assert not re.search(r"@import|url\(['\"]?(https?:)?//", styles)
