"""Whether a request fits an HTTPMatchRequest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from nginx2istio.base.outcome import SOME_REQUEST_ID, Request
from nginx2istio.base.records import record
from nginx2istio.istio.serve.filters.shapes import Json


@record(frozen=True, slots=False)
class Arrived:
    """A request as Envoy's filters see it: the target is normalized.

    ``headers`` are the request's own by lower-case name, several values joined by commas.
    ``source`` is the client's address, behind proxies that are trusted (``trusts``) that of
    X-Forwarded-For. ``certificate`` is the x-forwarded-client-cert that the gateway sets, as it
    sets x-request-id (``keeps_id``: if the client did not).
    """

    request: Request
    target: str
    port: int
    source: str = ""
    trusts: bool = False
    certificate: str = ""
    keeps_id: bool = True

    @property
    def path(self) -> str:
        """The path without the query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query."""
        return self.target.partition("?")[2]

    @cached_property
    def authority(self) -> str:
        """The host as the client wrote it; that of an absolute target comes first."""
        absolute = re.match(r"(?i)https?://([^/?#]*)", self.request.target)
        return absolute[1] if absolute else self.request.host

    @cached_property
    def host(self) -> str:
        """The host that picks the virtual host: lower case, without what follows the last colon.

        What follows need not be a port (``HeaderUtility::getPortStart``).
        """
        name, _, port = self.authority.lower().rpartition(":")
        return name if name and "]" not in port else self.authority.lower()

    @cached_property
    def headers(self) -> dict[str, str]:
        """Header values by lower-case name."""
        joined: dict[str, str] = {}
        for name, value in self.request.headers:
            lower, mark = name.lower(), "; " if name.lower() == "cookie" else ","
            joined[lower] = (
                f"{joined[lower]}{mark}{value.strip()}" if lower in joined else value.strip()
            )
        request = self.request
        if not request.chunked and (
            request.body_bytes or request.method in ("POST", "PUT", "PATCH")
        ):
            joined.setdefault("content-length", str(request.body_bytes))
        joined |= {":authority": self.authority, ":method": request.method, ":path": self.target}
        joined[":scheme"] = request.scheme
        if not self.trusts or "x-forwarded-proto" not in joined:
            joined["x-forwarded-proto"] = request.scheme
        if not self.keeps_id or not joined.get("x-request-id"):
            joined["x-request-id"] = SOME_REQUEST_ID
        joined.pop("x-forwarded-client-cert", None)
        if self.certificate:
            joined["x-forwarded-client-cert"] = self.certificate
        return joined

    def values(self, name: str) -> tuple[str, ...]:
        """The values of a header by its lower-case name, as matchers look at them: one by one.

        Envoy compares them as one text before 1.39 (``match_headers_individually``).
        """
        whole = self.headers.get(name)
        if whole is None:
            return ()
        if name not in _JOINED and not name.startswith(":"):
            sent = tuple(v.strip() for n, v in self.request.headers if n.lower() == name)
            if len(sent) > 1 and ("; " if name == "cookie" else ",").join(sent) == whole:
                return sent
        return (whole,)


_JOINED = frozenset(
    {
        *("accept", "accept-encoding", "access-control-request-headers", "authorization"),
        *("access-control-request-method", "cache-control", "content-encoding", "content-type"),
        *("grpc-timeout", "if-none-match", "origin", "pragma", "referer", "user-agent", "via"),
        *("x-forwarded-for", "x-forwarded-host", "x-forwarded-port"),
    }
)
"""Headers of which the codec makes one value, joined by commas (``CustomInlineHeaderRegistry``)."""


class RefusedByEnvoy(ValueError):
    """A pattern or a rewrite for which Envoy refuses all routes of the gateway."""


@lru_cache(maxsize=8192)
def matcher(pattern: str) -> Any:
    """A pattern as Envoy compiles it. Raises RefusedByEnvoy."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise RefusedByEnvoy(f"{pattern}: {error}") from None


def string_fits(match: Json, text: str | None, any_case: bool = False) -> bool:
    """Whether a text fits a StringMatch; an absent one (None) fits none."""
    if text is None:
        return False
    for kind, value in ((kind, str(value)) for kind, value in match.items()):
        if kind == "exact":
            return text.lower() == value.lower() if any_case else text == value
        if kind == "prefix":
            return text.lower().startswith(value.lower()) if any_case else text.startswith(value)
        if kind == "regex":
            return bool(matcher(value).fullmatch(text))
    return True


def fits(match: Json, arrived: Arrived) -> bool:
    """Whether all fields of a match fit a request."""
    if match.get("port") not in (None, arrived.port):
        return False
    if "uri" in match and not string_fits(
        match["uri"], arrived.path, bool(match.get("ignoreUriCase"))
    ):
        return False
    if "method" in match and not string_fits(match["method"], arrived.request.method):
        return False
    if "authority" in match and not string_fits(match["authority"], arrived.authority):
        return False
    if "scheme" in match and not string_fits(match["scheme"], arrived.request.scheme):
        return False
    for name, header in match.get("headers", {}).items():
        if not any(string_fits(header, value) for value in arrived.values(name.lower())):
            return False
    for name, header in match.get("withoutHeaders", {}).items():
        if any(string_fits(header, value) for value in arrived.values(name.lower())):
            return False
    return all(
        string_fits(parameter, _parameter(arrived.query, name))
        for name, parameter in match.get("queryParams", {}).items()
    )


def _parameter(query: str, name: str) -> str | None:
    for part in query.split("&"):
        key, _, value = part.partition("=")
        if key == name:
            return value
    return None


def matched_headers(route: Json) -> Iterator[str]:
    """The headers that the matches of a route look at."""
    for match in route.get("match", ()):
        yield from match.get("headers", ())
        yield from match.get("withoutHeaders", ())


def route_fits(route: Json, arrived: Arrived) -> bool:
    """Whether one of a route's matches fits; a route without any fits all."""
    matches = route.get("match")
    return not matches or any(fits(match, arrived) for match in matches)
