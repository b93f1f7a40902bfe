"""A real Chromium without a screen, and the walkthrough's page in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from ..conformance.build import Missing

TIMEOUT = 30  # seconds, only to give up when something hangs
FETCH = """
const [url, options, done] = arguments;
fetch(url, options).then(r => done(r.status), error => done(String(error)));
"""


def find_browser() -> tuple[str, str]:
    """Chromium and ChromeDriver: what ``CHROMIUM`` and ``CHROMEDRIVER`` name, else on the path."""
    browsers = []
    for variable, names in (
        ("CHROMIUM", ("chromium", "chromium-browser", "google-chrome")),
        ("CHROMEDRIVER", ("chromedriver",)),
    ):
        given = (os.environ.get(variable), *map(shutil.which, names))
        program = next(filter(None, given), None)
        if program is None:
            package = {"CHROMIUM": "chromium", "CHROMEDRIVER": "chromium-driver"}[variable]
            raise Missing(f"no {names[0]} on this machine (Debian: apt-get install {package})")
        browsers.append(program)
    return browsers[0], browsers[1]


def start(program: str, driver: str, port: int) -> Chrome:
    """A fresh browser to which every port of ``*.test.com`` is `port` of this machine.

    Its ``performance`` log has every request that it makes.
    """
    options = ChromeOptions()
    options.binary_location = program
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--no-proxy-server",
        f"--host-resolver-rules=MAP *.test.com 127.0.0.1:{port}, MAP * ~NOTFOUND",
    ):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = ChromeService(driver, log_output=subprocess.DEVNULL)
    browser = Chrome(options, service)
    browser.set_page_load_timeout(TIMEOUT)
    browser.set_script_timeout(TIMEOUT)
    return browser


def log(browser: Chrome, kind: str = "browser") -> list[dict[str, Any]]:
    """What the browser wrote to one of its logs since the last call."""
    entries: list[dict[str, Any]] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return entries


class Page:
    """The page of the front end, opened from `origin` without any cookie."""

    def __init__(self, browser: Chrome, origin: str) -> None:
        self._browser = browser
        browser.execute_cdp_cmd("Network.clearBrowserCookies", {})
        log(browser)  # forgets what earlier pages said
        browser.get(f"{origin}/")

    def press(self, button: str) -> tuple[str, str]:
        """Presses a button; the state that it comes to, ``done`` or ``failed``, and the message."""
        self._browser.find_element(By.ID, button).click()
        message = self._browser.find_element(By.ID, "message")
        state = WebDriverWait(self._browser, TIMEOUT).until(lambda _: _final_state(message))
        return str(state), message.text

    def hosts(self) -> list[str]:
        """The host names that the sticky button has listed."""
        return [entry.text for entry in self._browser.find_elements(By.CSS_SELECTOR, "#hosts li")]

    def fetch(self, url: str, **options: Any) -> int | str:
        """What a script of the page gets: the answer's status, or the error's text."""
        status: int | str = self._browser.execute_async_script(FETCH, url, options)
        return status

    def complaints(self) -> list[str]:
        """What the browser's console said of CORS since the last call."""
        messages = (entry["message"] for entry in log(self._browser))
        return [message for message in messages if "CORS policy" in message]


def _final_state(message: Any) -> str | None:
    state = message.get_attribute("data-state")
    return state if state in ("done", "failed") else None
