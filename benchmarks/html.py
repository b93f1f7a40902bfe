"""Writes the HTML report of a large estate and opens it: ``python -m benchmarks.html [N]``.

Says what rendering costs, how large the file is, and how long real Chromium takes, from opening the
file until the lists are there and the page can be used, then for what a reader does next.
"""

from __future__ import annotations

import gc
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.support.wait import WebDriverWait

from benchmarks.estate import estate
from nginx2istio import api
from nginx2istio.report.formats.html.html import html_report
from tests.walkthrough.browser import find_browser, start

ROUNDS = 5
READY = "return document.documentElement.dataset.state === 'ready'"
OPENED = """
const [page] = performance.getEntriesByType("navigation");
const [ready] = performance.getEntriesByName("ready");
return [ready.startTime, page.domContentLoadedEventEnd];
"""
GO = """
const [hash, done] = arguments, begun = performance.now();
addEventListener("hashchange", () => requestAnimationFrame(() => setTimeout(
  () => done(performance.now() - begun))), {once: true});
location.hash = hash;
"""
HOST = """
const [hash, done] = arguments, begun = performance.now();
location.hash = hash;
const seen = setInterval(() => {
  if (document.getElementById("compare")?.dataset.state !== "done") return;
  clearInterval(seen);
  done(performance.now() - begun);
}, 1);
"""


def written(count: int, path: Path) -> None:
    text = "".join(estate(count, seed=7)).encode()
    conversion = api.convert_files(["-"], stdin=io.BytesIO(text), keep_read=True)
    report = api.report(conversion)
    begun = time.process_time()
    page = html_report(report, conversion)
    spent = time.process_time() - begun
    path.write_text(page, encoding="utf-8", newline="\n")
    figures = report["summary"]
    print(f"{count} Ingresses, {figures['hosts']} hosts, {len(report['findings'])} findings")
    print(f"rendering {spent:.1f} CPU s, file {path.stat().st_size / 2**20:.1f} MiB")


def opened(browser: Chrome, path: Path) -> tuple[float, float, float]:
    """Seconds until the lists are shown, until the file is read too, and the page's CPU seconds."""
    browser.get("about:blank")
    browser.execute_cdp_cmd("Performance.disable", {})
    browser.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    browser.get(path.as_uri())
    WebDriverWait(browser, 60, 0.05).until(lambda b: b.execute_script(READY))
    ready, whole = browser.execute_script(OPENED)
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    busy = next(m["value"] for m in metrics if m["name"] == "TaskDuration")
    return ready / 1000, max(ready, whole) / 1000, busy


def main(count: int) -> None:
    gc.disable()  # as the command does
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        written(count, path)
        browser = start(*find_browser(), 9)
        try:
            rounds = list(zip(*(opened(browser, path) for _ in range(ROUNDS)), strict=True))
            names = ("lists shown after", "all read after", "CPU of the page's main thread")
            for name, times in zip(names, rounds, strict=True):
                print(f"{name} {statistics.median(times):.2f} s", end=" ")
                print(f"(median of {ROUNDS}; {min(times):.2f} to {max(times):.2f})")
            views = ("view=hosts", "view=findings", "view=first", "view=hosts&q=auth-url", "")
            for view in views:
                spent = browser.execute_async_script(GO, f"#{view}")
                print(f"{view or 'overview'}: {spent:.0f} ms")
            browser.execute_async_script(GO, "#view=hosts")
            link = browser.execute_script("return document.querySelector('#hosts a').hash")
            print(f"a host: {browser.execute_async_script(HOST, link):.0f} ms")
        finally:
            browser.quit()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
