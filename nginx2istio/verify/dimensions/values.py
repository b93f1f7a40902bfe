"""Values of what decisions look at, and the requests that are made of them.

Values that all decisions take alike are one class: one of them is combined with the values of all
else, each other one is asked for once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import product
from math import prod
from typing import Any

from nginx2istio.base.outcome import Request
from nginx2istio.verify.dimensions.samples import COMMON_METHODS

MOST_REQUESTS = 1500
"""So many requests are made of a path class at most; beyond it pairs of values are."""
Variation = Mapping[str, Any]
"""Fields of a Request; ``headers`` are added to those of others."""
Test = Callable[[Request], object]
"""What a decision makes of a request: where it is the same, the decision goes the same way."""
Announced = Callable[[Request], Set[object]]
"""What findings ask of requests that is true of one: what announces more of it is as good."""


class Values:
    """Values by what they are values of; each is a change of the plain request."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Variation]] = {}
        self.sent: set[str] = set()
        """Headers that routes set or remove: all are sent together, or none."""
        self.read: set[str] = set()
        """Headers of which others are made: without these the rest is sent as well."""
        self._tests: list[Test] = [_as_judged]
        self._apart: set[str] = set()
        self._untold = False

    def add(self, dimension: str, name: str, **change: Any) -> None:
        """Adds a value of which no test tells how it is taken; the plain request is always one."""
        self._apart.add(dimension)
        self.offer(dimension, name, **change)

    def header(self, name: str, value: str) -> None:
        """Adds a value of a header of which no test tells how it is taken."""
        self._apart.add(f"header {name.lower()}")
        self.offer_header(name, value)

    def offer(self, dimension: str, name: str, **change: Any) -> None:
        """Adds a value; tests tell how it is taken."""
        self.of.setdefault(dimension, {}).setdefault(name, change)

    def offer_header(self, name: str, value: str) -> None:
        """Adds a value of a header; tests tell how it is taken."""
        self.offer(f"header {name.lower()}", value, headers=((name.lower(), value),))

    def copied_header(self, name: str, value: str) -> None:
        """Adds a value of a header that goes as it is into another one."""
        self.test(lambda request: request.header(name) is not None)
        self.offer_header(name, value)

    def offer_methods(self, fits: Callable[[str], bool]) -> None:
        """Adds a method that fits, and one that does not."""
        self.test(lambda request: fits(request.method))
        for fitting in (True, False):
            method = next((m for m in COMMON_METHODS if fits(m) is fitting), "GET")
            if method != "GET":  # which is tried anyway
                self.offer("method", method, method=method)

    def test_origin(self, allowed: str) -> None:
        """An answer names the origin that may read it."""
        self.test(lambda request: (request.header("origin") or "").lower() == allowed.lower())

    def test(self, test: Test) -> None:
        """Adds what a decision makes of requests. It is about one dimension only."""
        self._tests.append(test)

    def untold(self) -> None:
        """Something looks at requests of which no test tells."""
        self._untold = True

    def requests(
        self, plain: Request, announced: Announced = lambda _: frozenset()
    ) -> tuple[list[Request], bool]:
        """All combinations, the plain request first, and whether none was left out.

        Behind them stand the values that are taken like one that is combined.
        """
        choices: list[list[Variation]] = []
        alone: list[Variation] = []
        apart = self._fields_apart()
        for values in self.of.values():
            combined, others = self._split(plain, [*values.values()], apart, announced)
            choices.append([{}, *combined])
            alone += others
        together: list[Variation] = [{}]
        # A header that is sent twice is outside of the proof.
        sent = {name for name in self.sent if f"header {name}" not in self.of}
        for names in (sent, sent - self.read):
            fields = tuple((name, "client") for name in sorted(names))
            if fields and {"headers": fields} not in together:
                together.append({"headers": fields})
        choices.append(together)
        whole = prod(map(len, choices)) <= MOST_REQUESTS
        combinations = [*product(*choices)] if whole else [*_pairs(choices)]
        combinations += ((value,) for value in alone)
        return [_changed(plain, each) for each in combinations], whole

    def _fields_apart(self) -> Set[str]:
        """The fields and headers of which no test tells how they are taken."""
        changes = (change for name in self._apart for change in self.of[name].values())
        return frozenset[str]().union(*map(_fields, changes))

    def _split(
        self, plain: Request, values: Sequence[Variation], apart: Set[str], announced: Announced
    ) -> tuple[list[Variation], list[Variation]]:
        """The values of a dimension, one for each way they are taken, and all others."""
        if self._untold:
            return [*values], []
        first_of = {self._way(plain): plain}
        combined: list[Variation] = []
        others: list[Variation] = []
        for value in values:
            request = _changed(plain, (value,))
            first = first_of.setdefault(self._way(request), request)
            tested = first is not request and apart.isdisjoint(_fields(value))
            alike = tested and announced(first) <= announced(request)
            (others if alike else combined).append(value)
        return combined, others

    def _way(self, request: Request) -> tuple[object, ...]:
        return tuple(test(request) for test in self._tests)


def _as_judged(request: Request) -> tuple[object, ...]:
    """What the comparison of answers looks at (``cors_effect``, ``maker``), and compression."""
    asks = request.header("access-control-request-method") is not None
    method = request.method if request.method in ("OPTIONS", "HEAD") else ""
    return request.header("origin") is not None, method, method == "OPTIONS" and asks


def _fields(change: Variation) -> Set[str]:
    """The fields of a request that a change is about, and the headers."""
    headers = {f"header {name}" for name, _ in change.get("headers", ())}
    return change.keys() - {"headers"} | headers


def _pairs(choices: Sequence[Sequence[Variation]]) -> Iterator[tuple[Variation, ...]]:
    """The plain request, and each pair of values of different dimensions."""
    yield ()
    for i, some in enumerate(choices):
        for value in some[1:]:
            yield (value,)
            for others in choices[i + 1 :]:
                for other in others[1:]:
                    yield value, other


def _changed(plain: Request, combination: Iterable[Variation]) -> Request:
    fields: dict[str, Any] = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    for change in combination:
        for name, value in change.items():
            fields[name] = (*fields[name], *value) if name == "headers" else value
    return Request(**fields)
