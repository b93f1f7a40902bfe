"""The gateway and the browser of the walkthrough's tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from ..conformance.build import Missing
from ..conformance.parts import find_parts
from .browser import find_browser, start
from .gateway import Gateway, Step


@contextlib.contextmanager
def needed() -> Iterator[None]:
    """Skips when this machine lacks a part; with NGINX2ISTIO_NO_SKIP=1 that is a failure."""
    try:
        yield
    except Missing as missing:
        if os.environ.get("NGINX2ISTIO_NO_SKIP") == "1":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with needed():
        parts = find_parts()
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
    with needed():
        programs = find_browser()
    browser = start(*programs, step.port)
    try:
        yield browser
    finally:
        browser.quit()
