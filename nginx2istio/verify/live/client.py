"""One request sent to a gateway whose address, name in the handshake and Host differ."""

from __future__ import annotations

import hashlib
import http.client
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from nginx2istio.base.outcome import Request
from nginx2istio.inputs.redact import certificate_names
from nginx2istio.verify.live.address import GatewayAddress

MOST_BODY = 1 << 20
"""Bytes of a body that are read; a longer one is not compared."""
_PIECE = 1 << 16


class Unsendable(ValueError):
    """A request that can't be written as HTTP/1.1, or to a port that was not named."""


@dataclass(frozen=True, slots=True)
class ServedCertificate:
    """What a certificate says of itself; nothing is secret in it."""

    names: tuple[str, ...]
    issuer: str


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """What came back; ``status`` is 0 and ``error`` set when nothing did.

    ``whole`` is whether the body came to its end within time and size, ``connected`` whether
    somebody took the connection.
    """

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    whole: bool = True
    error: str = ""
    connected: bool = True
    certificate: ServedCertificate | None = None

    def header(self, name: str) -> str:
        """The first value of a header, "" without it."""
        return next((v for n, v in self.headers if n.lower() == name), "")

    @property
    def digest(self) -> str | None:
        """The SHA-256 of the body; None where it is not whole."""
        return hashlib.sha256(self.body).hexdigest() if self.whole else None


def send(gateway: GatewayAddress, request: Request, timeout: float) -> GatewayAnswer:
    """The answer of a gateway within ``timeout`` seconds. Raises Unsendable.

    The certificate is shown to the caller, not checked here: it has to be one for the name in the
    handshake, while the address is any.
    """
    port = gateway.port(request.scheme)
    if port is None:
        raise Unsendable(f"no port for {request.scheme}")
    ends = time.monotonic() + timeout
    try:
        wire: socket.socket = socket.create_connection((gateway.host, port), timeout)
    except OSError as error:
        return GatewayAnswer(error=_words(error), connected=False)
    served = None
    try:
        if request.scheme == "https":
            wire = _context().wrap_socket(wire, server_hostname=request.sni or None)
            served = _certificate(wire.getpeercert(binary_form=True) or b"")
        return _exchanged(wire, request, ends, served)
    except http.client.InvalidURL as error:
        raise Unsendable(str(error)) from None
    except (OSError, http.client.HTTPException) as error:
        return GatewayAnswer(error=_words(error), certificate=served)
    except ValueError as error:  # a name or a header that has no text
        raise Unsendable(str(error)) from None
    finally:
        wire.close()


def listens(gateway: GatewayAddress, timeout: float) -> bool:
    """Whether somebody takes connections at a port of a gateway."""
    for port in filter(None, (gateway.http, gateway.https)):
        with suppress(OSError):
            socket.create_connection((gateway.host, port), timeout).close()
            return True
    return False


def _exchanged(
    wire: socket.socket, request: Request, ends: float, served: ServedCertificate | None
) -> GatewayAnswer:
    connection = http.client.HTTPConnection("unused")
    connection.sock = wire
    # Target, Host and Accept-Encoding are the request's own: urllib3 and http.client would
    # spell the one anew and add the others.
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    if request.host:
        connection.putheader("Host", request.host)
    sent = {name.lower() for name, _ in request.headers}
    if "user-agent" not in sent:
        connection.putheader("User-Agent", "nginx2istio")
    for name, value in request.headers:
        connection.putheader(name, value)
    body = b"x" * request.body_bytes
    if body or request.method in ("POST", "PUT", "PATCH"):
        connection.putheader("Content-Length", str(len(body)))
    connection.putheader("Connection", "close")
    connection.endheaders(body or None)
    response = connection.getresponse()
    content, whole = _body(wire, response, ends)
    headers = tuple(response.getheaders())
    return GatewayAnswer(response.status, headers, content, whole, certificate=served)


def _body(
    wire: socket.socket, response: http.client.HTTPResponse, ends: float
) -> tuple[bytes, bool]:
    """The body, and whether it is whole: an endless one (server-sent events) is left."""
    pieces: list[bytes] = []
    size = 0
    try:
        while size <= MOST_BODY:
            wire.settimeout(max(0.001, ends - time.monotonic()))
            piece = response.read1(_PIECE)
            if not piece:
                return b"".join(pieces), True
            pieces.append(piece)
            size += len(piece)
    except (OSError, http.client.HTTPException):
        pass
    return b"".join(pieces), False


@lru_cache(maxsize=1)
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


@lru_cache(maxsize=4096)
def _certificate(der: bytes) -> ServedCertificate | None:
    from cryptography import x509

    if not der:
        return None
    names = certificate_names(ssl.DER_cert_to_PEM_cert(der), plain=True)
    issuer = x509.load_der_x509_certificate(der).issuer.rfc4514_string()
    return ServedCertificate(tuple(sorted(names)), issuer)


def _words(error: Exception) -> str:
    """What went wrong, without what changes from run to run."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or error.strerror or 'the handshake failed'}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "the connection ended without an answer"
