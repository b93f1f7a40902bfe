"""The gateway and the browser of the walkthrough's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from ..conformance.parts import Parts
from ..conftest import needed
from .browser import find_browser, start
from .gateway import Gateway, Step


@pytest.fixture(scope="session")
def gateway(parts: Parts) -> Iterator[Gateway]:
    gateway = Gateway(parts)
    try:
        yield gateway
    finally:
        gateway.close()


@pytest.fixture(scope="module")
def step(gateway: Gateway, request: pytest.FixtureRequest) -> Step:
    """The step that the test's parameter names, in force."""
    return gateway.serve(request.param)


@pytest.fixture(scope="module")
def browser(step: Step) -> Iterator[Chrome]:
    """A browser for one step: what it remembers of preflights is not to leak into the next."""
    browser = start(*needed(find_browser), step.port)
    try:
        yield browser
    finally:
        browser.quit()
