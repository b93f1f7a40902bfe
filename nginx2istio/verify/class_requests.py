"""The requests that are compared for a class of paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.base.outcome import Request
from nginx2istio.verify.connections import on_other_connections, with_many_headers
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.gateway_view import Scheme
from nginx2istio.verify.path_classes import PathClass


def requests_of_class(
    decisions: HostDecisions, path: PathClass, scheme: Scheme, first: bool
) -> Iterator[tuple[Request, bool]]:
    """The requests of a scheme for a class of paths, the ``first`` of its host or another one.

    Each with whether it is the plain one, of which not all combinations are tried.
    """
    announced = decisions.sides.announcing(decisions.name)
    values = decisions.values(path, [scheme])
    plain = _plain(decisions, scheme, path.target)
    requests, whole = values.requests(plain, announced)
    for number, request in enumerate(requests):
        yield request, number == 0 and not whole
    if first:
        for request in with_many_headers(decisions.sides, decisions.server, plain):
            yield request, False
    for target in decisions.further(path, scheme):
        yield replace(plain, target=target), False


def requests_on_other_connections(decisions: HostDecisions, path: PathClass) -> Iterator[Request]:
    """The plain request for a class of paths on connections that were opened for other hosts."""
    plain = _plain(decisions, "https", path.target)
    yield from on_other_connections(decisions.sides, decisions.server, plain)


def _plain(decisions: HostDecisions, scheme: Scheme, target: str) -> Request:
    name = decisions.name
    return Request(scheme=scheme, host=name, sni=name, target=target, backend_headers=_JSON)


_JSON = (("content-type", "application/json"),)
