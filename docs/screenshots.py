"""Takes the pictures of the HTML report: ``python -m docs.screenshots``, with Chromium at hand.

Look at them before they are committed.
"""

from __future__ import annotations

import base64
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nginx2istio import api
from nginx2istio.report.formats.html.html import html_report
from tests.report.browser import Report
from tests.walkthrough.browser import find_browser, start

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
    shot = report.browser.execute_cdp_cmd("Page.captureScreenshot", FORM)
    target = HERE / "html-report" / f"{picture.name}.webp"
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(base64.b64decode(shot["data"]))
    print(f"{target.name}: {target.stat().st_size // 1024} kB")


def main() -> None:
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


if __name__ == "__main__":
    main()
