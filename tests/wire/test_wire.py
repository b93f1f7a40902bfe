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
    """The page is compared without the version of nginx, which is the machine's."""
    current = PAGE.read_text(encoding="utf-8").splitlines()
    fresh = page(results, nginx_version()).splitlines()
    assert [x for x in fresh if x[:1] == "|"] == [x for x in current if x[:1] == "|"]
