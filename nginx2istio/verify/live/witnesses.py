"""The requests that a live run sends: one for each class of the proof."""

from __future__ import annotations

from collections.abc import Iterator, Set

from nginx2istio.base.outcome import Request
from nginx2istio.verify.proof import Proof, host_names, requests_of
from nginx2istio.verify.sides import Sides


def witnesses(sides: Sides, hosts: Set[str] | None = None) -> Iterator[Request]:
    """A request of each class of each host (of ``hosts`` only, if given)."""
    unused = Proof()
    for server in sides.config.servers:
        if hosts is None or server.host in hosts:
            for name in host_names(server):
                yield from requests_of(sides, server, name, unused)
