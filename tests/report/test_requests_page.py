"""The page with a proof, and with the answers of two gateways, in a real Chromium."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from selenium.webdriver import Chrome

from nginx2istio.cli import command_line
from nginx2istio.report.data import schema

from ..conformance.forge import Forge
from ..live.backends import at_random, backend, named
from ..live.sides import INGRESS, SERVICES, nginx_side
from ..nginx.local_nginx import needs_nginx
from .browser import Report
from .conftest import opened
from .estates import SHOP

(DOCS,) = (text for text in SHOP.split("---\n") if "docs.example.com" in text)
TWIN = "---\n" + DOCS.replace("docs", "news")


@pytest.fixture(scope="module")
def proved_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("proved")
    (folder / "in.yaml").write_text(SHOP + TWIN, encoding="utf-8")
    page = folder / "report.html"
    given = ["report", str(folder / "in.yaml"), "--verify", "--fail-on", "never", "-o", str(page)]
    ran = CliRunner().invoke(command_line, [*given, "-o", str(folder / "report.json")])
    assert ran.exit_code == 0, ran.output
    jsonschema.validate(json.loads((folder / "report.json").read_text()), schema())
    return page


@pytest.fixture(scope="module")
def live_page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two nginx: of the new one /api leads elsewhere, and docs answers by chance."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "estate.yaml").write_text(INGRESS, encoding="utf-8")
    page, data = folder / "report.html", folder / "report.json"
    with closing(Forge()) as forge, ExitStack() as stack:
        answering = {name: named(name) for name in SERVICES} | {"docs": at_random(1)}
        ports = {name: stack.enter_context(backend(answering[name])) for name in SERVICES}
        old = stack.enter_context(nginx_side(folder / "old", forge, ports))
        planted = {**ports, "api": ports["shop"]}
        new = stack.enter_context(nginx_side(folder / "new", forge, planted))
        given = ["--old", old, "--new", new, "--rps", "2000", "--concurrency", "1"]
        given += ["--report", str(page), "--report", str(data)]
        ran = subprocess.run(
            [sys.executable, "-m", "nginx2istio", "verify", str(folder / "estate.yaml"), *given],
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 1, ran.stderr
    return page


def data_of(page: Path) -> Any:
    return json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture
def proved(chrome: Chrome, proved_page: Path) -> Iterator[Report]:
    yield from opened(chrome, proved_page)


@pytest.fixture
def live(chrome: Chrome, live_page: Path) -> Iterator[Report]:
    yield from opened(chrome, live_page)


def test_a_host_shows_which_requests_go_where(proved: Report, proved_page: Path) -> None:
    proved.show(view="host", host="shop.example.com")
    assert "Which requests go where" in proved.texts("h2")
    tables = {each["host"]: each for each in data_of(proved_page)["proof"]["tables"]}
    rows = tables["shop.example.com"]["rows"]
    shown = proved.texts("table.requests tbody tr")
    assert len(shown) == min(len(rows), 40) > 3
    assert rows[0]["example"] in shown[0] and rows[0]["nginx"] in shown[0]
    codes = {text for text in proved.texts("table.requests a") if text.startswith("N2I")}
    assert codes and codes <= {
        c for row in rows for c in row["verdict"].replace(";", ",").split(", ")
    }
    assert "without --verify" not in proved.text("#compare")


def test_a_host_of_another_s_shape_leads_to_its_table(proved: Report) -> None:
    proved.show(view="host", host="news.example.com")
    section = proved.text("section[aria-labelledby='requests-title']")
    assert "configured as docs.example.com" in section
    proved.element("section[aria-labelledby='requests-title'] a").click()
    proved.settle()
    assert proved.text("h1").startswith("docs.example.com")
    assert proved.texts("table.requests tbody tr")


def test_without_a_proof_the_page_says_how_to_get_the_table(shop: Report) -> None:
    shop.show(view="host", host="shop.example.com")
    section = shop.text("section[aria-labelledby='requests-title']")
    assert "without --verify" in section
    assert "nginx2istio explain PATH... --host shop.example.com" in section


@needs_nginx
def test_the_answers_of_both_gateways_are_shown(live: Report, live_page: Path) -> None:
    data = data_of(live_page)
    jsonschema.validate(data, schema())
    assert data["summary"]["verdict"] == "blocked"
    unannounced = [each for each in data["live"]["answers"] if each["verdict"] == "unannounced"]
    assert unannounced and all("/api" in each["request"] for each in unannounced)
    assert data["live"]["noise"] > 0 and data["live"]["same"] > 0
    section = live.text("section[aria-labelledby='live-title']")
    assert data["live"]["old"] in section and data["live"]["new"] in section
    rows = live.texts("section[aria-labelledby='live-title'] tbody tr")
    assert len(rows) == len(unannounced)
    assert unannounced[0]["request"] in rows[0] and unannounced[0]["old"] in rows[0]
    for text in ("Unannounced", "Noise", "Same"):
        assert text in section


@needs_nginx
def test_a_host_shows_its_own_answers(live: Report) -> None:
    live.show(view="host", host="shop.live.example")
    rows = live.texts("section[aria-labelledby='live-title'] tbody tr")
    assert rows and all("/api" in row for row in rows)
    live.show(view="host", host="old.live.example")
    summaries = live.texts("section[aria-labelledby='live-title'] summary")
    assert not any("Unannounced" in text for text in summaries) and summaries


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_a_table_of_requests(proved: Report, scheme: str, width: int) -> None:
    proved.media(prefers_color_scheme=scheme)
    proved.size(width, 800, mobile=width < 500)
    proved.show(view="host", host="shop.example.com")
    assert proved.width() <= width
    assert proved.violations() == []


@needs_nginx
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing_in_live_answers(live: Report, scheme: str, width: int) -> None:
    live.media(prefers_color_scheme=scheme)
    live.size(width, 800, mobile=width < 500)
    live.unfold()
    assert live.width() <= width
    assert live.violations() == []
