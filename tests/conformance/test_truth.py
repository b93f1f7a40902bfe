"""The conversion against what the real controller answered.

Each test run replays the walkthrough and the plain cases; ``-m conformance`` replays all.
"""

from __future__ import annotations

import os

import pytest

from .bench import Bench
from .converter import convert
from .parts import Parts
from .records import load, truth_files
from .results import Limits, report_text, summary, verdict
from .run import run_cases

pytestmark = pytest.mark.no_cover

EACH_TIME = {"seed/*", "plain/*"}
FILTERS = pytest.mark.parametrize("envoy_filters", [True, False], ids=["filters", "no-filters"])


def replay(parts: Parts, only: set[str], envoy_filters: bool, jobs: int) -> None:
    cases = load(truth_files(), sorted(only))
    results, seconds = run_cases(cases, lambda: Bench(parts, convert, envoy_filters), jobs)
    run = summary(results, seconds, envoy_filters)
    lines = [
        f"{d['case']} #{d['exchange']} {d['request']}: {d['aspect']} {d['what']}: "
        f"nginx {d['nginx']!r}, Istio {d['istio']!r}"
        for d in run["silent"][:20]
    ]
    complaints = verdict(run, Limits())
    assert not complaints, "\n".join([report_text(run), *lines])


@FILTERS
def test_walkthrough_and_plain(parts: Parts, envoy_filters: bool) -> None:
    replay(parts, EACH_TIME, envoy_filters, jobs=1)


@pytest.mark.conformance
@FILTERS
def test_everything(parts: Parts, envoy_filters: bool) -> None:
    replay(parts, set(), envoy_filters, jobs=min(os.cpu_count() or 1, 4))
