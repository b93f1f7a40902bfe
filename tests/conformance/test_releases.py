"""Every release of Istio that is named takes what is written for it, and outlives any request."""

from __future__ import annotations

from contextlib import closing

import pytest

from nginx2istio import api
from nginx2istio.base.options import ISTIO_VERSIONS, Options

from ..conftest import needed
from ..golden import ROOT
from ..wire.client import send
from .oracle import Oracle, ports_of
from .parts import find_parts
from .ports import Block
from .releases import RELEASES

FIXTURES = (
    "limits/by-filter",
    "forwarded_headers/withheld-beside-a-filter",
    "compression/by-filter",
    "external_auth/by-filter",
    "custom_errors/by-filter",
    "affinity/expires",
    "body_filters/calls",
    "mirror/path-by-filter",
    "connections/other-settings-with-filters",
)


def test_the_releases_are_those_of_the_command_line() -> None:
    assert list(RELEASES) == [f"{major}.{minor}" for major, minor in ISTIO_VERSIONS]


@pytest.mark.parametrize("version", RELEASES)
def test_a_gateway_of_the_release(version: str) -> None:
    parts, ports = needed(lambda: find_parts(version)), Block()
    major, minor = map(int, version.split("."))
    options = Options(envoy_filters=True, istio_version=(major, minor))
    with closing(ports), closing(Oracle(parts.oracle, parts.envoy, ports.first)) as oracle:
        for fixture in FIXTURES:
            conversion = api.convert_files([str(ROOT / fixture / "ingress.yaml")], options)
            swap = oracle.put(api.yaml(conversion))
            assert not swap["refused"] and not swap["rejected"], fixture
            port = ports_of(swap)["8080"]
            for host in ("unknown.test", conversion.config.servers[0].host):
                text = f"GET /{'a' * 200} HTTP/1.1\r\nHost: {host}\r\nX-A: {'b' * 9000}\r\n\r\n"
                assert send(port, text.encode()).status, (fixture, host)
