"""No EnvoyFilter without a reason: for each kind a request that is answered alike only with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

import pytest

from nginx2istio import api
from nginx2istio.base.options import FilterKind, Options

from .bench import Bench
from .parts import Parts
from .records import Case, load, truth_files

pytestmark = pytest.mark.no_cover

EXCHANGES: dict[FilterKind, tuple[str, int]] = {
    "address-lists": ("mixed/036", 21),
    "bad-gateway": ("dead-pod/retry-post-default", 1),
    "body-limit": ("no-length/1k", 0),
    "client-headers": ("minimal/16-more-than-100-headers", 0),
    "compression": ("methods/gzip-on", 0),
    "error-pages": ("dead-pod/all-default-backend", 0),
    "external-auth": ("auth-url/always-set-cookie", 0),
    "forwarded-host": ("fwd/plain", 3),
    "mirror": ("mirror/body-off", 0),
    "rate-limit": ("combo/rewrite-limit-cors", 0),
    "response-rewrite": ("response-rewrite/cookie-both", 2),
}
ELSEWHERE = {"misdirected", "large-headers", "limit-rate", "own-rules", "session-cookies"}
"""``test_reuse.py`` shows the first; two need 60 KB of headers, and a clock; one is of forks.

Of a session cookie the filter changes only the date of Expires, which no recording compares.
"""
KINDS: tuple[FilterKind, ...] = get_args(FilterKind)


def test_every_kind_is_shown() -> None:
    assert EXCHANGES.keys() | ELSEWHERE == set(KINDS)


class OfKinds:
    """A converter that may write EnvoyFilters of some kinds."""

    kinds: frozenset[FilterKind]

    def __call__(self, text: str, case: Case, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
        options = Options(envoy_filters=self.kinds, compat="exact")
        conversion = api.convert_text(text, options)
        return api.yaml(conversion), api.report(conversion)


@pytest.fixture(scope="module")
def converter() -> OfKinds:
    return OfKinds()


@pytest.fixture(scope="module")
def bench(parts: Parts, converter: OfKinds) -> Iterator[Bench]:
    bench = Bench(parts, converter, True)
    yield bench
    bench.close()


@pytest.mark.parametrize("kind", EXCHANGES)
def test_the_answer_differs_without(bench: Bench, converter: OfKinds, kind: FilterKind) -> None:
    identity, number = EXCHANGES[kind]
    (case,) = load(truth_files(), [identity])
    classes = {}
    for name, kinds in (("all", frozenset(KINDS)), ("others", frozenset(KINDS) - {kind})):
        converter.kinds = kinds
        classes[name] = bench.run(case)["exchanges"][number]["class"]
    assert classes["all"] == "same"
    assert classes["others"] in ("specific", "global")
