"""What tests of all parts share: real Istio and Envoy where they can be had, and the long runs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.conformance.build import Missing
from tests.conformance.oracle import Oracle
from tests.conformance.parts import Parts, find_oracle, find_parts

T = TypeVar("T")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "conformance: all recorded cases; minutes; run by -m")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves the long runs out unless -m asks for something."""
    if config.getoption("markexpr"):
        return
    long = [item for item in items if item.get_closest_marker("conformance")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def needed(find: Callable[[], T]) -> T:
    """A part of the tests' surroundings; without it they are skipped, or fail in CI.

    ``NGINX2ISTIO_NO_SKIP=1`` makes a missing part a failure.
    """
    try:
        return find()
    except Missing as missing:
        if os.environ.get("NGINX2ISTIO_NO_SKIP") == "1":
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def parts() -> Parts:
    """istio-oracle and Envoy."""
    return needed(find_parts)


@pytest.fixture(scope="session")
def oracle_binary() -> Path:
    """istio-oracle alone: it validates without Envoy."""
    return needed(find_oracle)


@pytest.fixture(scope="session")
def validator(oracle_binary: Path) -> Iterator[Oracle]:
    """An oracle that validates: many times faster than a process for each text."""
    oracle = Oracle(oracle_binary, None)
    yield oracle
    oracle.close()
