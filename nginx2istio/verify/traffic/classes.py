"""Classes of real requests with their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nginx2istio.base.outcome import Request
from nginx2istio.verify.gateway_view import Scheme

_SOMEBODY = Request().source


class TrafficKey(NamedTuple):
    """What makes a class: equal for requests on which both sides decide alike.

    ``nginx``, ``istio`` and ``written`` are the patterns that match (`PathMatches`), ``ending`` is
    whether the target ends with a slash and whether it has a query. ``asked`` are the predicates of
    findings that hold, of the target and of the Host, ``inside`` is of which networks the client
    is one.
    """

    host: str
    scheme: Scheme
    method: str
    http: str
    nginx: tuple[int, ...]
    istio: tuple[int, ...]
    written: tuple[int, ...]
    ending: tuple[bool, bool]
    asked: tuple[tuple[int, ...], ...]
    inside: tuple[bool, ...]
    headers: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class TrafficClass:
    """How many requests a class had, and the least of them: shortest path, first in the order.

    ``?q`` stands for any query: it may hold what is nobody's business, and decides nothing.
    """

    host: str
    target: str
    source: str
    count: int = 0

    def add(self, host: str, target: str, source: str, count: int) -> None:
        """Adds requests; the least stays the witness."""
        self.count += count
        if (len(target), target, host, source) < (
            len(self.target),
            self.target,
            self.host,
            self.source,
        ):
            self.host, self.target, self.source = host, target, source


@dataclass(slots=True)
class Traffic:
    """All classes, and what could not be read: how many by why.

    ``ambiguous`` are requests whose log names no host and whose backend several hosts have.
    """

    classes: dict[TrafficKey, TrafficClass] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    ambiguous: int = 0

    @property
    def requests(self) -> int:
        """How many requests were read."""
        return sum(each.count for each in self.classes.values())

    def add(self, key: TrafficKey, host: str, target: str, source: str, count: int) -> None:
        """Adds requests of a class, which may be a new one."""
        known = self.classes.get(key)
        if known is None:
            known = self.classes[key] = TrafficClass(host, target, source)
        known.add(host, target, source, count)

    def merge(self, other: Traffic) -> None:
        """Adds what another part of the same logs came to."""
        for key, each in other.classes.items():
            self.add(key, each.host, each.target, each.source, each.count)
        self.unread.update(other.unread)
        self.ambiguous += other.ambiguous

    def witnesses(self) -> Iterator[tuple[Request, int]]:
        """A request of each class with its count, in the order of keys."""
        for key, each in sorted(self.classes.items()):
            request = Request(
                method=key.method,
                scheme=key.scheme,
                host=each.host,
                sni=each.host.partition(":")[0],
                target=each.target,
                headers=key.headers,
                http=key.http,
                backend_headers=(("content-type", "application/json"),),
                source=each.source or _SOMEBODY,
            )
            yield request, each.count
