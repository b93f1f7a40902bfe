"""Sends one recorded request over a fresh connection, byte for byte, and reads the answer.

It does what the recording's client did: the same headers, no redirect is followed, ALPN for HTTP/2
only. After a 101 it sends a recorded ``ws`` text; what comes back is the header ``x-tunnel``.
"""

from __future__ import annotations

import contextlib
import io
import ipaddress
import re
import select
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .http2 import Exchange2
from .jar import Jar, cookie
from .records import Request

TIMEOUT = 20  # seconds
ECHO_TIMEOUT = 3  # seconds that a tunnel may take to say something
CHUNK = 65536
INTERIM = (b"HTTP/1.1 1", b"HTTP/1.0 1")
WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
UNRECORDED = {
    *("date", "content-length", "connection", "transfer-encoding", "keep-alive"),
    *("server", "x-pod", "set-cookie"),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0 and an error when nothing did. `certificate` is DER."""

    status: int
    headers: list[list[str]]
    body: bytes
    error: str = ""
    certificate: bytes | None = None

    def recorded(self, by_upstream: bool) -> dict[str, Any]:
        """The answer in the record format; `by_upstream` says whether a pod gave it."""
        headers = [
            [name.lower(), value]
            for name, value in self.headers
            if name.lower() not in UNRECORDED
            and not (name.lower() == "content-type" and not by_upstream)
        ]
        response: dict[str, Any] = {
            "status": self.status,
            "headers": headers,
            "cookies": [cookie(v) for n, v in self.headers if n.lower() == "set-cookie"],
            "by": "upstream" if by_upstream else "proxy",
        }
        return response | ({"error": self.error} if self.error else {})


def send(
    request: Request,
    address: tuple[str, int],
    jar: Jar | None = None,
    client_certificate: Path | None = None,
) -> Answer:
    """Sends a recorded request to `address`; the jar's cookies are sent and kept."""
    served = None
    source = (request.get("from") or "127.0.0.1", 0)
    try:
        with contextlib.ExitStack() as stack:
            wire: socket.socket = stack.enter_context(
                socket.create_connection(address, TIMEOUT, source_address=source)
            )
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if request["scheme"] == "https":
                secured = stack.enter_context(_secure(wire, request, client_certificate))
                served = secured.getpeercert(binary_form=True)
                wire = secured
            cookies = jar.give(request) if jar is not None else []
            if request.get("http") == "2" and isinstance(wire, ssl.SSLSocket):
                status, headers, body = Exchange2(wire, request, cookies).answer()
            else:
                status, headers, body = _plain(wire, request, cookies)
    except (OSError, ValueError) as error:
        return Answer(0, [], b"", f"{type(error).__name__}: {error}", served)
    if jar is not None:
        jar.take(request, headers)
    return Answer(status, headers, body, "", served)


def _plain(
    wire: socket.socket, request: Request, cookies: list[str]
) -> tuple[int, list[list[str]], bytes]:
    """The answer over HTTP/1."""
    early = b""
    # An answer that comes early (413) may close the connection: it is there to be read.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        wire.sendall(_head(request, cookies))
        early = _send_body(wire, request)
    stream = io.BufferedReader(_Incoming(wire, early))
    status, headers, body = _read(stream, request["method"])
    if status == 101 and request.get("ws"):
        headers.append(["x-tunnel", _echo(wire, stream, request["ws"])])
    return status, headers, body


def _echo(wire: socket.socket, stream: BinaryIO, text: str) -> str:
    """What comes back through a tunnel."""
    wire.settimeout(ECHO_TIMEOUT)
    try:
        wire.sendall(text.encode())
        return stream.read1(CHUNK).decode("latin-1")  # type: ignore[attr-defined, no-any-return]
    except OSError as error:
        return type(error).__name__


def _secure(plain: socket.socket, request: Request, certificate: Path | None) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if certificate:
        context.load_cert_chain(certificate)
    if request.get("http") == "2":
        context.set_alpn_protocols(["h2", "http/1.1"])
    name = request["sni"] if "sni" in request else re.sub(r":\d+$", "", request["host"])
    with contextlib.suppress(ValueError, AttributeError):
        ipaddress.ip_address(name.strip("[]"))
        name = None  # an address is no server name
    return context.wrap_socket(plain, server_hostname=name or None)


def _head(request: Request, cookies: list[str]) -> bytes:
    fields = [list(field) for field in request["headers"]]
    names = {name.lower() for name, _ in fields}
    if request["host"] is not None and "host" not in names:
        fields.insert(0, ["Host", request["host"]])
    if cookies:
        own = next((field for field in fields if field[0].lower() == "cookie"), None)
        if own:
            own[1] += "; " + "; ".join(cookies)
        else:
            fields.append(["Cookie", "; ".join(cookies)])
    size = request.get("body_bytes") or 0
    if request.get("chunked"):
        fields.append(["Transfer-Encoding", "chunked"])
    elif (size or request["method"] in ("POST", "PUT", "PATCH")) and "content-length" not in names:
        fields.append(["Content-Length", str(size)])
    lines = [f"{request['method']} {request['target']} HTTP/{request.get('http') or '1.1'}"]
    lines += [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _send_body(wire: socket.socket, request: Request) -> bytes:
    """Sends the body, or what of it is taken before the answer. Returns what came meanwhile.

    One thread reads and writes: a connection of OpenSSL is not made for two.
    """
    rest, early = memoryview(_body(request)), b""
    wire.setblocking(False)
    try:
        while rest and (not early or early.startswith(INTERIM)):
            try:
                rest = rest[wire.send(rest[:CHUNK]) :]
            except WOULD_BLOCK:
                if not any(select.select([wire], [wire], [], TIMEOUT)):
                    raise TimeoutError("the body is not taken") from None
            with contextlib.suppress(*WOULD_BLOCK):
                part = wire.recv(CHUNK)
                if not part:
                    break
                early += part
    except (BrokenPipeError, ConnectionResetError):
        if not early:
            raise
    finally:
        wire.settimeout(TIMEOUT)
    return early


def _body(request: Request) -> bytes:
    size, chunked = request.get("body_bytes") or 0, request.get("chunked")
    if not chunked:
        return b"x" * size
    sizes = [min(CHUNK, size - at) for at in range(0, size, CHUNK)]
    return b"".join(b"%x\r\n%s\r\n" % (size, b"x" * size) for size in (*sizes, 0))


class _Incoming(io.RawIOBase):
    """What comes over a connection, after what was read of it before."""

    def __init__(self, wire: socket.socket, early: bytes) -> None:
        super().__init__()
        self.wire, self.early = wire, early

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.early:
            return self.wire.recv_into(buffer)
        size = min(len(buffer), len(self.early))
        buffer[:size], self.early = self.early[:size], self.early[size:]
        return size


def _read(stream: BinaryIO, method: str) -> tuple[int, list[list[str]], bytes]:
    """Status, headers and body of the final (not 1xx) answer."""
    while True:
        line = stream.readline(CHUNK)
        if not line:
            raise ConnectionError("closed without an answer")
        status, headers = int(line.split()[1]), []
        while field := stream.readline(CHUNK).strip(b"\r\n"):
            name, _, value = field.decode("latin-1").partition(":")
            headers.append([name.strip(), value.strip()])
        if status >= 200 or status == 101:
            break
    if method == "HEAD" or status in (101, 204, 304):
        return status, headers, b""
    fields = {name.lower(): value for name, value in headers}
    if "chunked" in fields.get("transfer-encoding", "").lower():
        return status, headers, b"".join(_chunks(stream))
    if "content-length" in fields:
        return status, headers, stream.read(int(fields["content-length"]))
    return status, headers, stream.read()


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while size := int(stream.readline().split(b";")[0] or b"0", 16):
        yield stream.read(size)
        stream.readline()
