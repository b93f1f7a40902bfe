"""The report in a real Chromium, opened from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from ..walkthrough.browser import TIMEOUT, log

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """
const done = arguments[0];
axe.run(document, {preload: false, resultTypes: ["violations"]}).then(
  found => done(found.violations.map(v => [v.id, v.impact, v.nodes.map(n => n.target.join(" "))])),
  error => done([[String(error), "critical", []]]));
"""


class Report:
    """A report that is open in a browser."""

    def __init__(self, browser: Chrome, path: Path) -> None:
        self.browser = browser
        self.url = path.as_uri()
        browser.get("about:blank")
        self.complaints()
        self.requests()
        browser.get(self.url)
        WebDriverWait(browser, TIMEOUT).until(
            lambda b: b.execute_script("return document.documentElement.dataset.state") == "ready"
        )

    def show(self, **params: str) -> str:
        """Goes to a view; its heading."""
        self.browser.execute_script(
            "const [hash, done] = arguments; location.hash = hash;", "#" + urlencode(params)
        )
        self.settle()
        return self.text("h1")

    def settle(self) -> None:
        """Waits until what was asked for is shown, a host's unpacked objects too."""
        self.browser.execute_async_script("setTimeout(arguments[0], 200)")
        WebDriverWait(self.browser, TIMEOUT).until(
            lambda b: b.execute_script(
                "const one = document.getElementById('compare');"
                "return !one || one.dataset.state === 'done'"
            )
        )

    def unfold(self) -> None:
        """Opens all that is folded."""
        self.browser.execute_script(
            "document.querySelectorAll('details').forEach(d => { d.open = true; })"
        )
        self.settle()

    def width(self) -> int:
        """How wide the page is, with what is only to be scrolled to."""
        width: int = self.browser.execute_script("return document.documentElement.scrollWidth")
        return width

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def element(self, selector: str) -> WebElement:
        return self.browser.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.texts(selector)[0]

    def texts(self, selector: str) -> list[str]:
        """What is to be read in all that the selector finds, at one moment."""
        texts: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map("
            "one => (one.innerText ?? one.textContent).trim())",
            selector,
        )
        return texts

    def fragment(self) -> str:
        fragment: str = self.browser.execute_script("return location.hash")
        return fragment

    def complaints(self) -> list[str]:
        """What the console said since the last call."""
        return [entry["message"] for entry in log(self.browser)]

    def requests(self) -> list[str]:
        """All that the browser asked for since the last call, the page itself left out."""
        entries = (json.loads(e["message"])["message"] for e in log(self.browser, "performance"))
        requests = [e["params"] for e in entries if e["method"] == "Network.requestWillBeSent"]
        asked = [str(p["request"]["url"]) for p in requests]
        return [u for u in asked if u not in ("about:blank", getattr(self, "url", ""))]

    def violations(self) -> list[Any]:
        """What axe finds: (rule, impact, where)."""
        self.browser.execute_script(AXE)
        violations: list[Any] = self.browser.execute_async_script(RUN_AXE)
        return violations

    def media(self, **features: str) -> None:
        """Sets media features such as ``prefers_color_scheme``, or ``media="print"``."""
        media = features.pop("media", "")
        media_features = [{"name": n.replace("_", "-"), "value": v} for n, v in features.items()]
        self.browser.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": media_features}
        )

    def size(self, width: int, height: int, mobile: bool = False) -> None:
        metrics: Mapping[str, Any] = {
            "width": width,
            "height": height,
            "deviceScaleFactor": 1,
            "mobile": mobile,
        }
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", dict(metrics))
