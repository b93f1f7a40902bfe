"""Takes the pictures of the pages: ``python -m docs.screenshots [report|walkthrough|site]``.

Chromium must be at hand; the walkthrough also needs Go, as its tests. Look at the pictures before
they are committed.
"""

from __future__ import annotations

import base64
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from selenium.webdriver import Chrome

from nginx2istio import api
from nginx2istio.report.formats.html.html import html_report
from tests.conformance.parts import find_parts
from tests.report.browser import Report
from tests.walkthrough.browser import Page, find_browser, start
from tests.walkthrough.gateway import CROSS, FIRST, Gateway

HERE = Path(__file__).parent
ESTATE = "examples/teams.yaml"
FORM = {"format": "webp", "quality": 80}
PORTAL = {"view": "host", "host": "portal.example.com"}


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    view: dict[str, str]
    scheme: str = "light"
    size: tuple[int, int] = (1200, 860)
    at: str = ""  # what to scroll to
    mobile: bool = False


PICTURES = (
    Picture("overview", {"view": "overview"}),
    Picture("hosts-dark", {"view": "hosts"}, "dark"),
    Picture("first", {"view": "first"}),
    Picture("host", PORTAL),
    Picture("host-map", PORTAL, at="#map-title"),
    Picture("host-yaml-dark", PORTAL, "dark", (1200, 780), at="#yaml-title"),
    Picture("phone", PORTAL, size=(390, 844), at="#map-title", mobile=True),
)


def take(report: Report, picture: Picture) -> None:
    report.size(*picture.size, mobile=picture.mobile)
    report.media(prefers_color_scheme=picture.scheme)
    report.show(**picture.view)
    report.browser.execute_script(
        "const [at] = arguments; scrollTo(0, 0);"
        "if (at) scrollTo(0, document.querySelector(at).offsetTop - 70);",
        picture.at,
    )
    report.settle()
    save(report.browser, HERE / "html-report" / f"{picture.name}.webp")


def save(browser: Chrome, target: Path) -> None:
    """Writes what the browser shows."""
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", FORM)
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(base64.b64decode(shot["data"]))
    print(f"{target.name}: {target.stat().st_size // 1024} kB")


def take_report() -> None:
    conversion = api.convert_files([ESTATE], keep_read=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_text(
            html_report(api.report(conversion), conversion), encoding="utf-8", newline="\n"
        )
        browser = start(*find_browser(), 9)
        try:
            report = Report(browser, path)
            for picture in PICTURES:
                take(report, picture)
        finally:
            browser.quit()


# Step of examples/walkthrough, the page's origin, the button that is pressed, the picture's height.
STEPS = (
    ("routing-two-ingresses", f"http://{FIRST}", "sticky", 280),
    ("affinity", f"http://{FIRST}", "sticky", 280),
    ("cors-before", CROSS, "v1", 110),
    ("all-three-needs", CROSS, "sticky", 280),
)


def take_walkthrough() -> None:
    gateway = Gateway(find_parts())
    try:
        for name, origin, button, height in STEPS:
            step = gateway.serve(name)
            browser = start(*find_browser(), step.port)
            try:
                size = {"width": 560, "height": height, "deviceScaleFactor": 1.5, "mobile": False}
                browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                Page(browser, origin).press(button)
                save(browser, HERE / "walkthrough" / f"{name}.webp")
            finally:
                browser.quit()
    finally:
        gateway.close()


# Page of the site, colour scheme, size, the picture.
SITE = (
    ("get-started.html", "light", (1280, 800), "light"),
    ("rules/cors.html", "dark", (1280, 800), "dark"),
    ("index.html", "light", (390, 844), "phone"),
)


def take_site() -> None:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", folder]
        subprocess.run(command, cwd=HERE.parent, check=True)
        for page, scheme, (width, height), name in SITE:
            browser = start(*find_browser(), 9)  # a fresh one: the site stores its colour scheme
            try:
                media = [{"name": "prefers-color-scheme", "value": scheme}]
                browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
                browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
                size = {"width": width, "height": height, "mobile": width < 500}
                browser.execute_cdp_cmd(
                    "Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": 1}
                )
                browser.get((Path(folder) / page).as_uri())
                save(browser, HERE / "site-pictures" / f"{name}.webp")
            finally:
                browser.quit()


TAKEN = {"report": take_report, "walkthrough": take_walkthrough, "site": take_site}

if __name__ == "__main__":
    for name in sys.argv[1:] or TAKEN:
        TAKEN[name]()
