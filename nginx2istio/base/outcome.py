"""A request, and what becomes of it: the words in which both proxies are compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from fractions import Fraction
from typing import Literal, get_args

from nginx2istio.base.records import record

Aspect = Literal[
    "routing",
    "path",
    "host",
    "request-headers",
    "status",
    "redirect",
    "response-headers",
    "cors",
    "cookies",
    "affinity",
    "body",
    "body-limit",
    "rate-limit",
    "auth",
    "access",
    "timeout",
    "retries",
    "balancing",
    "buffering",
    "tls",
    "protocol",
    "mirror",
    "logging",
    "waf",
]
"""What of an answer may differ: the closed vocabulary of findings."""
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
WHO_ANSWERS: frozenset[Aspect] = frozenset({"routing", "status", "access", "auth", "redirect"})
"""The aspects in which it shows who gives an answer, and which one."""
OF_LOCATION: frozenset[Aspect] = WHO_ANSWERS | {
    *("path", "host", "request-headers", "response-headers", "cors", "cookies", "affinity"),
    "body-limit",
}
"""The aspects in which it shows which location a request came to."""

SOME_REQUEST_ID = "<request-id>"
"""Stands for an X-Request-ID that a proxy makes."""
SOME_CERTIFICATE = "<pem>"
"""Stands for the certificate that a client shows."""
SOME_ISSUER = "<issuer>"
"""Stands for the name of who signed it."""
SOME_COOKIE_VALUE = "<value>"
"""Stands for the value of a session cookie that a proxy makes."""
PER_CONNECTION = frozenset(
    [
        "host",
        "connection",
        "keep-alive",
        "te",
        "expect",
        "content-length",
        "transfer-encoding",
        "upgrade",
    ]
)
"""Request headers of a connection, which a proxy does not just pass on."""
Headers = tuple[tuple[str, str], ...]
"""Names and values in their order; names as they were written."""


@record(frozen=True, slots=True)
class Request:
    """A request as it reaches a gateway, with what other parties would say of it.

    ``target`` is the raw request target, ``host`` the Host header as sent ("" for none), ``sni``
    the name in the handshake (None: none was sent). ``certificate`` is the client's: "none",
    "valid" (signed by the CA in question) or "other", ``subject`` its distinguished name.
    ``credentials`` is what the user file says of the Authorization header. ``auth_status`` and
    ``auth_headers`` are what an external authentication service would answer, ``backend_status``
    and ``backend_headers`` what the backend would. ``source`` is the address of the peer.
    """

    method: str = "GET"
    scheme: Literal["http", "https"] = "http"
    host: str = ""
    target: str = "/"
    headers: Headers = ()
    body_bytes: int = 0
    chunked: bool = False
    http: str = "1.1"
    source: str = "192.0.2.1"
    sni: str | None = None
    certificate: Literal["none", "valid", "other"] = "none"
    subject: str = ""
    credentials: Literal["none", "valid", "wrong"] = "none"
    auth_status: int = 200
    auth_headers: Headers = ()
    backend_status: int = 200
    backend_headers: Headers = ()

    @property
    def shows_certificate(self) -> bool:
        """Whether the client shows a certificate of its own, good or not."""
        return self.scheme == "https" and self.certificate != "none"

    def header(self, name: str) -> str | None:
        """The values of a header, joined by ", "; None where it was not sent."""
        values = [v for n, v in self.headers if n.lower() == name.lower()]
        return ", ".join(values) if values else None


BackendState = Literal["ready", "none", "dead"]
"""Whether a Service's port has pods that are ready, none, or only some that refuse connections."""


@record(frozen=True, slots=True)
class World:
    """What is not in any manifest and decides answers all the same.

    ``backends`` tells the state of a Service's port by ``namespace/name:port``, "ready" where it is
    not listed. ``plain`` are those that are known to speak no TLS, ``http1`` no HTTP/2,
    ``untrusted`` those whose certificate nobody signed who is trusted. ``missing_secrets`` are
    those that do not exist, or lack what is asked of them. ``certificates`` are the names in the
    certificates of TLS Secrets, by ``namespace/name``; None where they are not known.
    """

    backends: Mapping[str, BackendState] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()
    http1: frozenset[str] = frozenset()
    untrusted: frozenset[str] = frozenset()
    missing_secrets: frozenset[str] = frozenset()
    certificates: Mapping[str, tuple[str, ...]] | None = None


EVERYTHING_READY = World()
"""All backends have ready pods, all Secrets exist."""


@record(frozen=True, slots=True)
class TraceStep:
    """One decision on the way: the phase, what was decided, and what said so."""

    phase: str
    text: str
    by: str = ""


@record(frozen=True, slots=True)
class Outcome:
    """What becomes of a request.

    ``status`` is that of the proxy's own answer, None where a backend answers, 0 where the
    connection ends without an answer. ``aspect`` is what an answer of the proxy's own is about.
    ``location`` is where a redirect leads. ``backends`` are those that may answer, with the share
    of each; then ``method``, ``target``, ``host`` and ``request_headers`` are what it gets, and the
    request's body where ``body`` says so.
    ``response_headers`` are those that the client gets. ``unknown`` are the aspects of which the
    evaluator can't tell. ``self_signed``: the answer came over TLS with a certificate that no
    client trusts. ``settings`` are what no single answer shows of the way that the request took,
    as text: timeouts, retries, mirrors, the certificate.
    """

    status: int | None = None
    aspect: Aspect = "routing"
    location: str = ""
    backends: Mapping[str, Fraction] = field(default_factory=dict)
    method: str = ""
    target: str = ""
    host: str = ""
    request_headers: Headers = ()
    body: bool = True
    response_headers: Headers = ()
    trace: tuple[TraceStep, ...] = ()
    self_signed: bool = False
    unknown: frozenset[Aspect] = frozenset()
    settings: Mapping[Aspect, str] = field(default_factory=dict)
