"""A hostile API server on loopback."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Answer:
    """How the server answers: bytes that ``write`` sends until it returns or the client goes."""

    def __init__(self, handler: BaseHTTPRequestHandler, stop: threading.Event):
        self.path = handler.path
        self.accept = handler.headers.get("Accept", "")
        self.stop = stop
        self._handler = handler

    def json(self, body: Any, status: int = 200) -> None:
        self.text(body if isinstance(body, str) else json.dumps(body), status)

    def text(self, text: str, status: int = 200) -> None:
        self.head(status)
        self.send(text.encode())

    def head(self, status: int = 200) -> None:
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", "application/json")
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        self._handler.wfile.write(data)
        self._handler.wfile.flush()


Behaviour = Callable[[Answer], None]


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """The URL of a server that answers each GET by ``behaviour``."""
    stop = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with suppress(OSError):  # the client has gone
                behaviour(Answer(self, stop))

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def silent() -> Iterator[str]:
    """An https URL whose server accepts connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


def kubeconfig(folder: Path, url: str, user: dict[str, Any] | None = None) -> Path:
    """A kubeconfig for a server."""
    file = folder / "kubeconfig"
    context = {"cluster": "c", "user": "u", "namespace": "shop"}
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
        "contexts": [{"name": "x", "context": context}],
    }
    file.write_text(json.dumps(body))
    return file
