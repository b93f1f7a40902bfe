"""What differs on the wire is announced, and docs/wire.md says it as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.parts import Parts
from tests.nginx.local_nginx import needs_nginx

from .run import Outcome, nginx_version, outcomes
from .table import page

PAGE = Path(__file__).parents[2] / "docs" / "wire.md"

pytestmark = needs_nginx


@pytest.fixture(scope="module")
def results(parts: Parts) -> list[Outcome]:
    return outcomes(parts)


def test_nothing_is_silent(results: list[Outcome]) -> None:
    silent = [
        f"{outcome.probe.about} ({mode} EnvoyFilters): {unlike}"
        for outcome in results
        for mode, differences in outcome.differences.items()
        for unlike, codes in differences
        if not codes
    ]
    assert not silent, "\n".join(silent)


def test_the_page_is_current(results: list[Outcome]) -> None:
    """Another version of nginx may refuse otherwise: the page is about the one that it names."""
    version, text = nginx_version(), PAGE.read_text(encoding="utf-8")
    if f"nginx is {version}," not in text:
        pytest.skip(f"docs/wire.md is about another nginx than {version} (apt-get of Debian 12)")
    assert page(results, version).splitlines() == text.splitlines()
