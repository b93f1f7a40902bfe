"""A backend that keeps the bytes it receives, and answers in every odd way that HTTP has."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass

LOOPBACK = "127.0.0.1"
GONE = 0.6  # seconds for which a slow answer looks whether its client is still there

OK = b"HTTP/1.1 200 OK\r\nX-Pod: web-0\r\n"
SHORT = OK + b"Content-Length: 2\r\n\r\nok"
ANSWERS = {
    "early": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + SHORT,
    "continue": b"HTTP/1.1 100 Continue\r\n\r\n" + SHORT,
    "old": b"HTTP/1.0 200 OK\r\nX-Pod: web-0\r\n\r\nok",
    "until-closed": OK + b"Connection: close\r\n\r\nok",
    "trailers": OK + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\n"
    b"X-Sum: 1\r\n\r\n",
    "range": b"HTTP/1.1 206 Partial Content\r\nX-Pod: web-0\r\nContent-Range: bytes 0-1/9\r\n"
    b"Content-Length: 2\r\n\r\nok",
    "gzip": OK + b"Content-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-Length: 2\r\n\r\nok",
    "head": OK + b"Content-Length: 1000\r\n\r\n",
    "no-content": b"HTTP/1.1 204 No Content\r\nX-Pod: web-0\r\n\r\n",
    "not-modified": b'HTTP/1.1 304 Not Modified\r\nX-Pod: web-0\r\nETag: "a"\r\n\r\n',
    "hop": OK + b"Connection: X-Hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\n"
    b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nok",
    "twice": OK + b"X-A: 1\r\nX-A: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
    b"Content-Length: 2\r\n\r\nok",
    "cut": OK + b"Content-Length: 100\r\n\r\nok",
    "nothing": b"",
    "both-lengths": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
    b"0\r\n\r\n",
    "two-lengths": OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "bad-header": OK + b"Bad Name: 1\r\nContent-Length: 2\r\n\r\nok",
    "empty-value": OK + b"X-Empty:\r\nContent-Length: 2\r\n\r\nok",
    "latin-1": OK + b"X-Name: gr\xf6\xdfe\r\nContent-Length: 2\r\n\r\nok",
    "long-reason": b"HTTP/1.1 299 Quite So\r\nX-Pod: web-0\r\nContent-Length: 2\r\n\r\nok",
    "not-http": b"hello\r\n",
    "large-header": OK + b"X-Big: " + b"a" * 5000 + b"\r\nContent-Length: 2\r\n\r\nok",
}
"""What is answered to a target that ends in ``/NAME``."""


@dataclass(slots=True)
class Received:
    """A request as its bytes came; ``gone``: the proxy hung up before the answer."""

    head: bytes
    body: bytes = b""
    trailers: bytes = b""
    gone: bool = False

    def headers(self) -> list[list[str]]:
        """Name and value of each header line, as they came."""
        pairs = (line.decode("latin-1").partition(":") for line in self.head.split(b"\r\n")[1:])
        return [[name, value.strip()] for name, _, value in pairs if name]

    def first(self, name: str) -> str:
        """The value of a header, "" without it."""
        return next((v for n, v in self.headers() if n.lower() == name), "")


class Pod:
    """A listener on a port of its own; ``received`` has what came, in order."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port = int(self._listener.getsockname()[1])
        self.received: list[Received] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Listens no more."""
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            stream = connection.makefile("rb")
            while True:
                head = _head(stream)
                if not head:
                    return
                request = Received(head)
                if request.first("expect").lower() == "100-continue":
                    connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                _read_body(stream, request)
                self.received.append(request)
                if not self._answer(connection, request):
                    return

    def _answer(self, connection: socket.socket, request: Received) -> bool:
        """Answers; whether another request may follow."""
        target = request.head.split(b" ")[1].split(b"?")[0].rstrip(b"/")
        name = target.rpartition(b"/")[2].decode("latin-1")
        if name == "slow":
            request.gone = _hangs_up(connection)
            connection.sendall(SHORT)
            return False
        answer = ANSWERS.get(name, SHORT)
        if request.head.startswith(b"HEAD "):
            answer = answer[: answer.index(b"\r\n\r\n") + 4]
        connection.sendall(answer)
        if not answer or (b"Content-Length" not in answer and b"chunked" not in answer):
            return b"204 No" in answer or b"304 Not" in answer
        return name not in ("cut", "not-http", "two-lengths", "both-lengths")


def _head(stream: object) -> bytes:
    lines = bytearray()
    while line := stream.readline(1 << 20):  # type: ignore[attr-defined]
        if line in (b"\r\n", b"\n"):
            if lines:
                break
            continue
        lines += line
    return bytes(lines).rstrip(b"\r\n")


def _read_body(stream: object, request: Received) -> None:
    if "chunked" in request.first("transfer-encoding").lower():
        body = bytearray()
        while size := int(stream.readline().split(b";")[0] or b"0", 16):  # type: ignore[attr-defined]
            body += stream.read(size)  # type: ignore[attr-defined]
            stream.readline()  # type: ignore[attr-defined]
        request.body, request.trailers = bytes(body), _trailers(stream)
    elif re.fullmatch(r"\d+", length := request.first("content-length")):
        request.body = stream.read(int(length))  # type: ignore[attr-defined]


def _trailers(stream: object) -> bytes:
    lines = bytearray()
    while (line := stream.readline()) not in (b"\r\n", b"\n", b""):  # type: ignore[attr-defined]
        lines += line
    return bytes(lines)


def _hangs_up(connection: socket.socket) -> bool:
    end = time.monotonic() + GONE
    connection.settimeout(0.05)
    while time.monotonic() < end:
        try:
            if connection.recv(1, socket.MSG_PEEK) == b"":
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False
