"""The requests that are compared for a class of paths."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from nginx2istio.base.outcome import Request
from nginx2istio.verify.connections import on_other_connections, with_many_headers
from nginx2istio.verify.decisions import HostDecisions
from nginx2istio.verify.gateway_view import Scheme
from nginx2istio.verify.path_classes import PathClass
from nginx2istio.verify.shapes.finding_shapes import AskedOfClass
from nginx2istio.verify.shapes.shape import ClassShape, PathShapes


@dataclass(frozen=True, slots=True)
class RequestGroup:
    """Requests of a class of paths that are proved together: their ``kind`` and ``targets``.

    ``make`` yields each with whether it is the plain one, of which not all combinations are tried.
    """

    kind: Literal["values", "headers", "further"]
    targets: tuple[str]
    make: Callable[[], Iterable[tuple[Request, bool]]]


def request_groups(
    decisions: HostDecisions, path: PathClass, scheme: Scheme, first: bool
) -> Iterator[RequestGroup]:
    """The requests of a scheme for a class of paths, the ``first`` of its host or another one."""
    plain = _plain(decisions, scheme, path.target)
    yield RequestGroup(
        "values", (path.target,), partial(_with_values, decisions, path, scheme, plain)
    )
    if first:
        yield RequestGroup("headers", (path.target,), partial(_with_headers, decisions, plain))
    for target in decisions.further(path, scheme):
        request = replace(plain, target=target), False
        yield RequestGroup("further", (target,), partial(tuple, [request]))


def requests_of_class(
    decisions: HostDecisions, path: PathClass, scheme: Scheme, first: bool
) -> Iterator[tuple[Request, bool]]:
    """All requests of `request_groups`."""
    for group in request_groups(decisions, path, scheme, first):
        yield from group.make()


def _with_values(
    decisions: HostDecisions, path: PathClass, scheme: Scheme, plain: Request
) -> Iterator[tuple[Request, bool]]:
    values = decisions.values(path, [scheme])
    requests, whole = values.requests(plain, decisions.announced)
    for number, request in enumerate(requests):
        yield request, number == 0 and not whole


def _with_headers(decisions: HostDecisions, plain: Request) -> Iterator[tuple[Request, bool]]:
    for request in with_many_headers(decisions.sides, decisions.server, plain):
        yield request, False


@dataclass(slots=True)
class ClassOfPaths:
    """A class of paths of one name of a host at a scheme, its shapes, and that of all requests."""

    decisions: HostDecisions
    path: PathClass
    scheme: Scheme
    first: bool
    targets: Sequence[str]
    shapes: PathShapes | None
    shape: ClassShape | None

    @property
    def groups(self) -> Iterator[RequestGroup]:
        """See `request_groups`."""
        return request_groups(self.decisions, self.path, self.scheme, self.first)

    def place(self, targets: Sequence[str] | None = None) -> AskedOfClass:
        """What is asked for some of the targets, or for all."""
        sizes = self.shapes.at.sizes if self.shapes else ()
        return AskedOfClass(self.decisions.name, (*(targets or self.targets),), sizes)


def requests_on_other_connections(decisions: HostDecisions, path: PathClass) -> Iterator[Request]:
    """The plain request for a class of paths on connections that were opened for other hosts."""
    plain = _plain(decisions, "https", path.target)
    yield from on_other_connections(decisions.sides, decisions.server, plain)


def _plain(decisions: HostDecisions, scheme: Scheme, target: str) -> Request:
    name = decisions.name
    return Request(scheme=scheme, host=name, sni=name, target=target, backend_headers=_JSON)


_JSON = (("content-type", "application/json"),)
