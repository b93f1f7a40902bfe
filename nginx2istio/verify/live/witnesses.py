"""The requests that a live run sends: one for each class of the proof."""

from __future__ import annotations

from collections.abc import Iterator, Set

from nginx2istio.base.outcome import Request
from nginx2istio.verify.compared import Proof
from nginx2istio.verify.proof import asked_hosts, asked_names, requests_of
from nginx2istio.verify.sides import Sides


def witnesses(sides: Sides, hosts: Set[str] | None = None) -> Iterator[Request]:
    """A request of each class of each host (of ``hosts`` only, if given)."""
    unused = Proof()
    chosen = (server for server in sides.config.servers if hosts and server.host in hosts)
    names = (each for server in chosen for each in asked_names(sides, server))
    for server, name in asked_hosts(sides) if hosts is None else names:
        yield from requests_of(sides, server, name, unused)
