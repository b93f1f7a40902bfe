"""Authentication services as Istio's extension providers: envoyExtAuthzHttp of the mesh config."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from nginx2istio.base.records import record
from nginx2istio.istio.objects import Object, short_hash

BEHIND = "?nginx2istio="
"""Ends the path of the question: Envoy appends the path and query of the request to it."""
# A single star is not allowed (buildExtAuthzHTTP), one behind each first character is.
FIRST_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
CERTIFICATE = "ssl-client-"
NO_UPGRADE = {
    name: f"%CEL('upgrade' in request.headers ? '{value}' : '')%"
    for name, value in (("connection", "keep-alive"), ("upgrade", "none"))
}
"""What is asked about a WebSocket must not ask the authentication service for one.

Envoy passes both headers on. Where the value is empty, it adds none.
"""
QUESTION_OPERATORS: Mapping[str, str] = {
    "http_host": "%REQ(:AUTHORITY)%",
    "best_http_host": "%REQ(:AUTHORITY)%",
    "scheme": "%REQ(X-FORWARDED-PROTO)%",
    "pass_access_scheme": "%REQ(X-FORWARDED-PROTO)%",
    "request_uri": "%REQ(:PATH)%",
    "request_method": "%REQ(:METHOD)%",
    "remote_addr": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "the_real_ip": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
    "request_id": "%REQ(X-REQUEST-ID)%",
    "req_id": "%REQ(X-REQUEST-ID)%",
    "ssl_client_verify": "%CEL(connection.mtls ? 'SUCCESS' : 'NONE')%",
    "ssl_client_s_dn": "%DOWNSTREAM_PEER_SUBJECT%",
    "ssl_client_i_dn": "%DOWNSTREAM_PEER_ISSUER%",
    "ssl_client_escaped_cert": "%DOWNSTREAM_PEER_CERT%",
}
"""nginx's variables, as far as Envoy has operators for them."""


@record(frozen=True, slots=True)
class Provider:
    """A service to ask: where it is, the path of the question, headers added to the request's own.

    ``headers`` are in Envoy's terms. Two routes with equal providers share one.
    """

    host: str
    port: int
    path: str
    headers: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """A name that the mesh configuration and policies call it by."""
        return _name(self)

    def _passed(self) -> list[str]:
        """Patterns for the client's headers: all, but for those that only the gateway may say."""
        if not any(name.lower().startswith(CERTIFICATE) for name, _ in self.headers):
            return [f"{char}*" for char in FIRST_CHARACTERS]
        patterns = []
        for i, known in enumerate(CERTIFICATE):
            others = FIRST_CHARACTERS if i == 0 else FIRST_CHARACTERS + "-_"
            patterns += [f"{CERTIFICATE[:i]}{char}*" for char in others if char != known]
        return patterns

    def config(self, identity: Iterable[str], cookies: bool) -> Object:
        """The extension provider.

        ``identity`` are headers of its answer that requests go on with; ``cookies`` are passed with
        refusals, too.
        """
        deny = ["www-authenticate", *(["set-cookie"] if cookies else [])]
        to_upstream = sorted({name.lower() for name in identity})
        config = {
            "service": self.host,
            "port": self.port,
            "pathPrefix": self.path + BEHIND,
            "timeout": "60s",
            "statusOnError": "500",
            "includeRequestHeadersInCheck": self._passed(),
            "includeAdditionalHeadersInCheck": NO_UPGRADE | dict(self.headers),
            "headersToUpstreamOnAllow": to_upstream,
            "headersToDownstreamOnAllow": ["set-cookie"],
            "headersToDownstreamOnDeny": deny,
        }
        shown = {key: value for key, value in config.items() if value}
        return {"name": self.name, "envoyExtAuthzHttp": shown}


def checking_provider(
    host: str, port: int, status: int, headers: Mapping[str, str], identity: Iterable[str]
) -> Object:
    """The provider of a service that is asked with the Host and the path of the request.

    ``headers`` are added to those of the client, in Envoy's terms; ``identity`` are headers of its
    answer that requests go on with. ``status`` is the answer where it gives none, or 5xx.
    """
    config = {
        "service": host,
        "port": port,
        "timeout": "60s",
        "statusOnError": str(status),
        "includeRequestHeadersInCheck": [f"{char}*" for char in FIRST_CHARACTERS],
        "includeAdditionalHeadersInCheck": dict(headers),
        "headersToUpstreamOnAllow": sorted(identity),
        "headersToDownstreamOnAllow": ["set-cookie"],
        "headersToDownstreamOnDeny": ["content-type", "set-cookie", "www-authenticate"],
    }
    shown = {key: value for key, value in config.items() if value}
    return {"name": f"nginx2istio-{short_hash(repr(shown))}", "envoyExtAuthzHttp": shown}


@lru_cache(maxsize=1024)
def _name(provider: Provider) -> str:
    return f"nginx2istio-{short_hash(repr(provider))}"


@lru_cache(maxsize=1024)  # the same few headers are added to every question
def operators(text: str) -> str | None:
    """A text with nginx's variables as a header value with Envoy's; None where one has no match."""
    all_known = True

    def operator(match: re.Match[str]) -> str:
        nonlocal all_known
        name = match[1] or match[2]
        if name.startswith("http_") and name not in QUESTION_OPERATORS:
            return f"%REQ({name[5:].replace('_', '-').upper()})%"
        all_known = all_known and name in QUESTION_OPERATORS
        return QUESTION_OPERATORS.get(name, "")

    value = re.sub(r"\$(?:(\w+)|\{(\w+)\})", operator, text.replace("%", "%%"))
    return value if all_known else None
