"""Requests by the million, reduced to classes on which both sides decide alike.

``Reduction`` takes requests one after the other; its parts are added up by ``merge``, in any order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from nginx2istio.nginx.model import DEFAULT_UPSTREAM
from nginx2istio.verify.gateway_view import Scheme
from nginx2istio.verify.traffic.arrival import ArrivalLine, LineReader, NoRequest
from nginx2istio.verify.traffic.classes import Traffic, TrafficKey
from nginx2istio.verify.traffic.hosts import EstateReader, HostReader, PathDecisions
from nginx2istio.verify.traffic.path_reader import PathMatches

_MOST_REMEMBERED = 1 << 16
"""Different request lines that are remembered at a time."""
_MOST_VALUES = 200
"""Different values of headers that are told apart for a class; others count as the first."""
_PRESENT = "present"
"""Stands for a header of which only the name counts."""


class _Place(NamedTuple):
    """Where requests of one line go; ``sent`` is a list of one number, the requests so far."""

    reader: HostReader
    scheme: Scheme
    method: str
    http: str
    host: str
    target: str
    matches: PathMatches
    asked: tuple[tuple[int, ...], ...]
    decisions: PathDecisions
    ambiguous: bool
    sent: list[int]


class Reduction:
    """Reduces requests, read from lines or not, to ``traffic``."""

    def __init__(self, estate: EstateReader) -> None:
        self._estate = estate
        self._traffic = Traffic()
        self._places: dict[tuple[str, ...], _Place] = {}
        self._values: Counter[tuple[str, PathMatches]] = Counter()

    @property
    def traffic(self) -> Traffic:
        """What all requests so far came to."""
        self._flush()
        return self._traffic

    def read(self, lines: Iterable[str], reader: LineReader) -> None:
        """Adds the requests of lines."""
        add = self.add
        for line in lines:
            try:
                arrival = reader(line)
            except NoRequest as error:
                self.leave_out(error)
            else:
                add(arrival)

    def leave_out(self, why: NoRequest) -> None:
        """Counts what is no request that can be read."""
        self._traffic.unread[str(why)] += 1

    def add(self, arrival: ArrivalLine) -> None:
        """Adds one request."""
        method, target, host, scheme, http, upstream, status, source, headers = arrival
        path, question, query = target.partition("?")
        # Redirects drop a slash from the end; else a query decides nothing.
        if question:
            question = "?q/" if query.endswith("/") else "?q"
        redirected = status if status in ("301", "308") else ""
        short = (method, path, question, host, scheme, http, upstream, redirected)
        place = self._places.get(short)
        if place is None:
            try:
                place = self._place(*short)
            except NoRequest as error:
                self.leave_out(error)
                return
            if len(self._places) >= _MOST_REMEMBERED:
                self._flush()
            self._places[short] = place
        decisions = place.decisions
        if (source and decisions.networks) or headers:
            self._count(place, 1, source, self._telling(place, headers))
        else:
            place.sent[0] += 1
        self._traffic.ambiguous += place.ambiguous

    def _place(
        self,
        method: str,
        path: str,
        query: str,
        host: str,
        scheme: str,
        http: str,
        upstream: str,
        status: str,
    ) -> _Place:
        """Where a request goes. Raises NoRequest where that can't be said."""
        ambiguous = False
        if "://" in path:  # nginx takes the host of an absolute target before any other
            _, _, rest = path.partition("://")
            host, slash, tail = rest.partition("/")
            path = slash + tail or "/"
        if host:
            reader = self._estate.host(host)
            if reader is None:
                raise NoRequest("a host that nginx refuses")
            matches = reader.paths.matches(path)
        else:
            reader, matches, ambiguous = self._by_backend(upstream, path)
            host = reader.name
        known: Scheme = "https" if reader.secure and not status else "http"
        if scheme:
            known = "https" if scheme == "https" else "http"
        predicates = self._estate.predicates
        return _Place(
            reader=reader,
            scheme=known,
            method=method,
            http=http,
            host=host,
            target=path + query,
            matches=matches,
            asked=(predicates.of_target(path), predicates.of_host(host)),
            decisions=reader.at(matches, path),
            ambiguous=ambiguous,
            sent=[0],
        )

    def _by_backend(self, upstream: str, path: str) -> tuple[HostReader, PathMatches, bool]:
        """The first host that passes a path on to a backend, and whether there are others."""
        if upstream in ("", DEFAULT_UPSTREAM):
            raise NoRequest("neither a host nor a backend of the estate")
        first: tuple[HostReader, PathMatches] | None = None
        for reader in self._estate.hosts_of(upstream):
            matches = reader.paths.matches(path)
            if reader.at(matches, path).upstream == upstream:
                if first is not None:
                    return *first, True
                first = reader, matches
        if first is None:
            raise NoRequest("no host of the estate has this backend for the path")
        return *first, False

    def _telling(
        self, place: _Place, headers: tuple[tuple[str, str], ...]
    ) -> tuple[tuple[str, str], ...]:
        """The headers that some decision looks at; of cookies, and for findings, no more."""
        decisions = place.decisions
        telling = [field for field in headers if field[0] in decisions.headers]
        asked = self._estate.predicates.headers - decisions.headers - {"cookie"}
        telling += [(name, _PRESENT) for name, _ in headers if name in asked]
        if decisions.cookies:
            pairs = [
                pair.strip()
                for name, text in headers
                if name == "cookie"
                for pair in text.split(";")
                if pair.partition("=")[0].strip() in decisions.cookies
            ]
            telling += [("cookie", "; ".join(pairs))] if pairs else []
        return tuple(sorted(telling))

    def _flush(self) -> None:
        for place in self._places.values():
            if place.sent[0]:
                self._count(place, place.sent[0], "", ())
        self._places.clear()

    def _count(
        self, place: _Place, count: int, source: str, headers: tuple[tuple[str, str], ...]
    ) -> None:
        inside = place.decisions.inside(source) if source and place.decisions.networks else ()
        nginx, istio, written = place.matches
        name = place.reader.key
        key = TrafficKey(
            host=name,
            scheme=place.scheme,
            method=place.method,
            http=place.http,
            nginx=tuple(sorted(nginx)),
            istio=tuple(sorted(istio)),
            written=tuple(sorted(written)),
            ending=(place.target.endswith("/"), "?" in place.target),
            asked=place.asked,
            inside=inside,
            headers=headers,
        )
        if headers and key not in self._traffic.classes:
            self._values[name, place.matches] += 1
            if self._values[name, place.matches] > _MOST_VALUES:
                self._count(place, count, source, ())
                return
        self._traffic.add(key, place.host, place.target, source if inside else "", count)
