"""What a pod of the recorded cases answers: to any request, JSON of what it received."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import unquote, unquote_plus

REASONS = {
    **{200: "OK", 204: "No Content", 301: "Moved Permanently", 302: "Found", 304: "Not Modified"},
    **{400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"},
    **{500: "Internal Server Error", 503: "Service Unavailable"},
}
LINE = 65536
WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455


@dataclass(frozen=True, slots=True)
class Received:
    """A request as a pod received it, headers in order and as they were written."""

    method: str
    target: str
    version: str
    headers: list[list[str]]
    body_bytes: int

    def header(self, name: str) -> str:
        """The last value of a header, "" when there is none. The name is in lower case."""
        return next((v for n, v in reversed(self.headers) if n.lower() == name), "")

    @property
    def keeps_alive(self) -> bool:
        """Whether another request may follow on the connection."""
        return self.version == "1.1" and "close" not in self.header("connection").lower()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: status, headers of the request's own choosing, seconds to wait; or no answer."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0.0
    close: bool = False

    def written(self, pod: str, request: Received, entry: dict[str, Any]) -> bytes:
        """The answer on the wire, with the JSON of `entry` as its body."""
        body = json.dumps(entry).encode()
        fields = [("X-Pod", pod), *self.headers]
        if self.status in (204, 304):
            body = b""
        else:
            fields.insert(0, ("Content-Length", str(len(body))))
        if not any(name.lower() == "content-type" for name, _ in self.headers):
            fields.insert(0, ("Content-Type", "application/json"))
        if not request.keeps_alive:
            fields.append(("Connection", "close"))
        clean = [tuple(t.replace("\r", "").replace("\n", "") for t in field) for field in fields]
        head = f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in clean if name)
        return (
            head.encode("latin-1", "replace")
            + b"\r\n"
            + (b"" if request.method == "HEAD" else body)
        )


class Malformed(ValueError):
    """Not a request that a pod understands."""


def read_request(stream: BinaryIO, write: Callable[[bytes], object]) -> Received | None:
    """The next request of a connection; None at its end. `write` sends a 100 Continue."""
    line = stream.readline(LINE)
    while line in (b"\r\n", b"\n"):
        line = stream.readline(LINE)
    if not line.endswith(b"\n"):
        return None
    words = line.decode("latin-1").rstrip("\r\n").split(" ")
    if len(words) < 3 or not words[-1].startswith("HTTP/1."):
        raise Malformed
    headers = []
    while (field := stream.readline(LINE)) not in (b"\r\n", b"\n"):
        if not field:
            return None
        name, _, value = field.decode("latin-1").rstrip("\r\n").partition(":")
        headers.append([name, value.strip()])
    request = Received(words[0], " ".join(words[1:-1]), words[-1][5:], headers, 0)
    if request.header("expect").lower() == "100-continue":
        write(b"HTTP/1.1 100 Continue\r\n\r\n")
    size = _read_body(stream, request)
    return None if size is None else dataclasses.replace(request, body_bytes=size)


def _read_body(stream: BinaryIO, request: Received) -> int | None:
    """The size of the body, read to its end; None when it breaks off."""
    size = 0
    if "chunked" in request.header("transfer-encoding").lower():
        while length := int(stream.readline().split(b";")[0], 16):
            size += len(stream.read(length))
            stream.readline()
        while stream.readline() not in (b"\r\n", b"\n", b""):
            pass
        return size
    left = int(request.header("content-length") or 0)
    while left > 0:
        part = stream.read(min(left, 1 << 20))
        if not part:
            return None
        left -= len(part)
        size += len(part)
    return size


def reply_to(request: Received) -> Reply:
    """What the target and the headers of a request ask to be answered.

    ``?status=N`` or ``/status/N``; ``?sleep=S``, ``/sleep/S`` or ``/delay/S``; ``/response-headers?
    K=V`` and ``?hdr=K:V`` for headers; ``/basic-auth/U/P`` and ``/auth`` check; ``?close=1``.
    """
    path, _, query = _origin_form(request.target).partition("?")
    pairs = [
        (unquote_plus(name), unquote_plus(value))
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    ]
    first = dict(reversed(pairs))
    segments = [unquote(part) for part in path.split("/")[1:]]
    if first.get("close"):
        return Reply(close=True)
    status, wait, headers = 200, _number(first.get("sleep", "0")), []
    if first.get("status", "").isdigit():
        status = int(first["status"])
    match segments:
        case ["sleep" | "delay", seconds]:
            wait = _number(seconds)
        case ["status", code] if code.isdigit():
            status = int(code)
        case ["response-headers"]:
            headers += pairs
    for name, value in pairs:
        if name == "hdr" and ":" in value:
            field, _, text = value.partition(":")
            headers.append((field.strip(), text.strip()))
    match segments:
        case ["basic-auth", user, password]:
            expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            if request.header("authorization") != expected:
                status = 401
                headers.append(("WWW-Authenticate", 'Basic realm="Fake Realm"'))
        case ["auth", *rest] if not "".join(rest):
            if request.header("x-token") == "ok":
                headers.append(("X-Auth-User", "alice"))
            else:
                code = request.header("x-auth-code")
                status = int(code) if code.isdigit() else 401
    return Reply(status if 100 < status < 1000 else 200, tuple(headers), min(wait, 60.0))


def accepted_upgrade(pod: str, request: Received) -> bytes:
    """The 101 on the wire where a request asks for a WebSocket, with ``?ws=`` in its target."""
    _, _, query = request.target.partition("?")
    asks = any(part.startswith("ws=") for part in query.split("&"))
    if not asks or request.header("upgrade").lower() != "websocket":
        return b""
    digest = hashlib.sha1((request.header("sec-websocket-key") + WEBSOCKET).encode()).digest()
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Accept: " + base64.b64encode(digest).decode(),
        "X-Pod: " + pod,
    ]
    protocol = request.header("sec-websocket-protocol").split(",")[0].strip()
    lines += ["Sec-WebSocket-Protocol: " + protocol] if protocol else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _origin_form(target: str) -> str:
    """A target without scheme and authority."""
    if not target.startswith(("http://", "https://")):
        return target
    parts = target.split("/", 3)
    return "/" + parts[3] if len(parts) > 3 else "/"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
