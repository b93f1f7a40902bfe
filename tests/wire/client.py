"""Sends bytes to a proxy, and reads all of the answer, interim answers included."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"
PATIENCE = 2.0  # seconds for an answer
SOON = 0.25  # seconds after which a client hangs up


@dataclass(slots=True)
class Answer:
    """An answer as a client reads it; ``status`` 0: the connection ended without one."""

    status: int = 0
    interim: list[int] = field(default_factory=list)
    headers: list[list[str]] = field(default_factory=list)
    body: bytes = b""
    trailers: bytes = b""
    whole: bool = True
    """Whether the body came to its end."""

    def first(self, name: str) -> str:
        """The value of a header, "" without it."""
        return next((v for n, v in self.headers if n.lower() == name), "")


def send(port: int, text: bytes, rest: bytes = b"", hang_up: bool = False) -> Answer:
    """Sends ``text``; ``rest`` after an interim answer, or a second without one.

    With ``hang_up`` the connection is closed at once, without waiting for the answer.
    """
    with socket.create_connection((LOOPBACK, port), PATIENCE) as connection:
        connection.settimeout(PATIENCE)
        answer = Answer()
        with contextlib.suppress(OSError, ValueError):
            connection.sendall(text)
            if hang_up:
                time.sleep(SOON)
                return answer
            reader = connection.makefile("rb")
            if rest:
                _read_interim(connection, reader, answer)
                connection.sendall(rest)
            _read(reader, answer, text.startswith(b"HEAD "))
        return answer


def _read_interim(connection: socket.socket, reader: object, answer: Answer) -> None:
    connection.settimeout(1)
    with contextlib.suppress(OSError):
        line = reader.readline()  # type: ignore[attr-defined]
        if b" 100 " in line:
            answer.interim.append(100)
            while reader.readline() not in (b"\r\n", b""):  # type: ignore[attr-defined]
                pass
    connection.settimeout(PATIENCE)


def _read(reader: object, answer: Answer, no_body: bool) -> None:
    while line := reader.readline(1 << 20):  # type: ignore[attr-defined]
        match = re.match(rb"HTTP/1\.[01] (\d+)", line)
        if not match:
            return
        answer.status, answer.headers = int(match[1]), _headers(reader)
        if answer.status != 101 and answer.status < 200:
            answer.interim.append(answer.status)
            continue
        break
    if answer.status in (0, 101, 204, 304) or no_body:
        return
    if "chunked" in answer.first("transfer-encoding"):
        answer.whole = False
        while size := int(reader.readline().split(b";")[0] or b"x", 16):  # type: ignore[attr-defined]
            answer.body += reader.read(size)  # type: ignore[attr-defined]
            reader.readline()  # type: ignore[attr-defined]
        while (line := reader.readline()) not in (b"\r\n", b""):  # type: ignore[attr-defined]
            answer.trailers += line
        answer.whole = line != b""
    elif length := answer.first("content-length"):
        answer.body = reader.read(int(length))  # type: ignore[attr-defined]
        answer.whole = len(answer.body) == int(length)
    else:
        answer.body = reader.read()  # type: ignore[attr-defined]


def _headers(reader: object) -> list[list[str]]:
    fields = []
    while (line := reader.readline(1 << 20)) not in (b"\r\n", b"\n", b""):  # type: ignore[attr-defined]
        name, _, value = line.decode("latin-1").partition(":")
        fields.append([name.strip(), value.strip()])
    return fields
