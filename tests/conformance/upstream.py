"""The pods of the recorded cases: one process with a port for each of them."""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from h2.exceptions import ProtocolError

from .certificates import make_pair
from .http2_pod import PREFACE, serve_http2
from .reply import Malformed, Received, accepted_upgrade, read_request, reply_to

NOT_HTTP = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
NOT_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Pod:
    """Who listens at a port. A pod speaks plain HTTP/1 and 2, or HTTP/1 over TLS.

    ``calls``: over TLS it speaks HTTP/2, too, to clients that offer it.
    """

    service: str  # "namespace/name:port"
    name: str
    tls: bool = False
    calls: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that a pod received; `seq` counts them all."""

    seq: int
    pod: Pod
    request: Received


def _refuse(connection: socket.socket, answer: bytes) -> None:
    """Answers without a look at the request; unread, it would make the close a reset."""
    connection.sendall(answer)
    connection.recv(65536)


class Upstream:
    """Answers for the pods of one case; `serve` replaces them."""

    def __init__(self) -> None:
        self._pods: dict[int, Pod] = {}
        self._listeners: dict[int, socket.socket] = {}
        self._log: list[Entry] = []
        self._seq = 0
        self._lock = threading.Lock()
        self._tls: dict[bool, ssl.SSLContext] = {}
        self._selector = selectors.DefaultSelector()
        self._wake_up, self._wake = socket.socketpair()
        self._selector.register(self._wake_up, selectors.EVENT_READ, None)
        self._closed = False
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def serve(self, pods: dict[int, Pod]) -> None:
        """Makes `pods`, by port, all there is, and forgets what was received. Open ports stay."""
        with self._lock:
            self._pods, self._log = dict(pods), []
        for port in self._listeners.keys() - pods.keys():
            listener = self._listeners.pop(port)
            self._selector.unregister(listener)
            listener.close()
        for port in pods.keys() - self._listeners.keys():
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((LOOPBACK, port))
            listener.listen(256)
            listener.setblocking(False)
            self._listeners[port] = listener
            self._selector.register(listener, selectors.EVENT_READ, port)
        self._wake.send(b"x")

    def close(self) -> None:
        """Closes all listeners."""
        self._closed = True
        self.serve({})
        self._acceptor.join(5)
        self._selector.close()
        self._wake.close()
        self._wake_up.close()

    def take(self) -> list[Entry]:
        """The requests received since the last call."""
        with self._lock:
            taken, self._log = self._log, []
        return taken

    def _accept(self) -> None:
        while not self._closed:
            try:
                ready = self._selector.select()
            except OSError:  # a listener was closed meanwhile
                time.sleep(0.01)
                continue
            for event, _ in ready:
                if event.data is None:
                    self._wake_up.recv(64)
                    continue
                with contextlib.suppress(OSError):
                    connection, _ = event.fileobj.accept()  # type: ignore[union-attr]
                    connection.setblocking(True)
                    threading.Thread(
                        target=self._connection, args=(connection, event.data), daemon=True
                    ).start()

    def _connection(self, plain: socket.socket, port: int) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(OSError, ValueError, IndexError, ProtocolError))
            connection = stack.enter_context(plain)
            connection.settimeout(120)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pod = self._pods.get(port)
            first = connection.recv(1, socket.MSG_PEEK)
            if pod is None or not first:
                return
            if pod.tls:
                if first != b"\x16":
                    _refuse(connection, NOT_TLS)
                    return
                secure = stack.enter_context(
                    self._context(pod.calls).wrap_socket(connection, server_side=True)
                )
                if secure.selected_alpn_protocol() == "h2":
                    serve_http2(secure, pod.name, lambda r: self._enter(pod, r))
                    return
                connection = secure
            elif not (first.isalpha() or first in b"\r\n"):  # TLS, FastCGI ... at a plain port
                _refuse(connection, NOT_HTTP)
                return
            elif connection.recv(len(PREFACE), socket.MSG_PEEK) == PREFACE:
                serve_http2(connection, pod.name, lambda r: self._enter(pod, r))
                return
            stream: Any = stack.enter_context(connection.makefile("rb", 65536))
            try:
                while self._answer(connection, stream, pod):
                    pass
            except Malformed:
                connection.sendall(NOT_HTTP)

    def _answer(self, connection: socket.socket, stream: Any, pod: Pod) -> bool:
        """Answers the next request; whether another may follow."""
        request = read_request(stream, connection.sendall)
        if request is None:
            return False
        body = self._enter(pod, request)
        upgrade = accepted_upgrade(pod.name, request)
        if upgrade:
            connection.sendall(upgrade)
            while data := stream.read1(65536):
                connection.sendall(b"echo:" + data)
            return False
        reply = reply_to(request)
        if reply.close:
            return False
        if reply.wait:
            time.sleep(reply.wait)
        connection.sendall(reply.written(pod.name, request, body))
        return request.keeps_alive

    def _enter(self, pod: Pod, request: Received) -> dict[str, Any]:
        """Notes a request; what the pod says of it."""
        with self._lock:
            self._seq += 1
            entry = Entry(self._seq, pod, request)
            self._log.append(entry)
        return {
            "pod": pod.name,
            "seq": entry.seq,
            "method": request.method,
            "target": request.target,
            "version": request.version,
            "tls": pod.tls,
            "headers": request.headers,
            "body_bytes": request.body_bytes,
        }

    def _context(self, calls: bool) -> ssl.SSLContext:
        """TLS with a certificate of no known authority, open to old clients as the recording's."""
        with self._lock:
            if calls not in self._tls:
                pair = make_pair(["upstream"])
                context = self._tls[calls] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                    file.write(pair.certificate_pem + pair.key_pem)
                    file.flush()
                    context.load_cert_chain(file.name)
                context.set_ciphers("ALL:@SECLEVEL=0")
                if calls:
                    context.set_alpn_protocols(["h2", "http/1.1"])
            return self._tls[calls]
