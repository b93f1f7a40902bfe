"""Whatever is combined, the gateway takes it, stays alive, and answers for every host.

``python -m tests.pairs`` runs all pairs on all releases; here are the first estates of the array,
which have most of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice

import pytest

from nginx2istio.base.options import Options
from nginx2istio.nginx.keys.catalogue import ANNOTATIONS, CONFIGMAP
from nginx2istio.rule.loader import load
from tests.conformance.client import send
from tests.conformance.parts import find_parts
from tests.conformance.releases import NEWEST, RELEASES
from tests.conftest import needed
from tests.pairs.array import Array, Estate, Host, Left
from tests.pairs.asked import request_of
from tests.pairs.served import HTTPS, Served, least
from tests.pairs.settings import configured, settings

pytestmark = pytest.mark.no_cover

SEED = "0"
OF_NEWEST, OF_OTHERS = 10, 2
NO_TRAFFIC = {"neutral-settings", "global-logs", "all-hosts", "status-page"}
"""Rules whose ConfigMap keys change no answer, or say which Ingresses are read."""


@cache
def estates() -> tuple[Estate, ...]:
    return tuple(islice(Array(SEED), OF_NEWEST))


@pytest.fixture(scope="module", params=RELEASES)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """Real pilot and real Envoy of a release, for one estate after another."""
    version = request.param
    gateway = Served(needed(lambda: find_parts(version)), version)
    yield gateway
    gateway.close()


@pytest.mark.parametrize("number", range(OF_OTHERS))
def test_each_release_takes_and_answers_it(served: Served, number: int) -> None:
    assert served.faults(estates()[number]) == []


@pytest.mark.parametrize("number", range(OF_OTHERS, OF_NEWEST))
@pytest.mark.parametrize("served", [NEWEST], indirect=True)
def test_the_newest_takes_and_answers_it(served: Served, number: int) -> None:
    assert served.faults(estates()[number]) == []


@pytest.mark.parametrize("served", [NEWEST], indirect=True)
def test_a_large_body_is_answered_while_a_service_is_asked(served: Served) -> None:
    """The body limit once waited for ever behind ext_authz; no request without an answer."""
    config = tuple(
        next(value for value in configured() if value.name == name)
        for name in (
            "global-auth-url=http://auth.pairs.svc.cluster.local/check",
            "proxy-body-size=20k",
        )
    )
    options = Options(envoy_filters=frozenset({"body-limit"}))
    estate = Estate(0, (Host("h0.pairs.test", (), "one", True),), config, options)
    assert served.faults(estate) == []
    request = request_of("h0.pairs.test", "PUT", scheme="https", http="2", body_bytes=100_000)
    address = ("127.0.0.1", served.port + HTTPS)
    assert {send(request, address).status for _ in range(20)} == {413}


def test_all_pairs_occur() -> None:
    array = Array(SEED)
    for _ in array:
        pass
    assert not any(array.left.counts().values())
    assert array.covered() == {r: (n, n) for r, n in Left().total.items()}


def test_all_annotations_are_combined() -> None:
    combined = {key for setting in settings() for key, _ in setting.annotations}
    assert combined == set(ANNOTATIONS)


def test_all_keys_that_touch_traffic_are_combined() -> None:
    combined = {value.key for value in configured()}
    owners = load().owner
    assert {owners[key].name for key in CONFIGMAP if key not in combined} == NO_TRAFFIC


def test_the_least_estate_has_what_the_fault_needs() -> None:
    whole = estates()[0]
    host, key = whole.hosts[3], whole.config[2]
    setting = host.settings[1]

    def shows(estate: Estate) -> bool:
        return key in estate.config and any(setting in h.settings for h in estate.hosts)

    small = least(whole, shows)
    assert [h.settings for h in small.hosts] == [(setting,)]
    assert small.config == (key,)
