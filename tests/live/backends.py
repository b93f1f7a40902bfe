"""Backends that answer with their name, and one that answers at random."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answering = Callable[[BaseHTTPRequestHandler], tuple[int, bytes]]


def named(name: str) -> Answering:
    """Answers with the backend's name and the target."""
    return lambda handler: (200, f"{name} has {handler.path}\n".encode())


STATUSES = (200, 202, 203, 400, 402, 403, 404, 409, 410, 418, 500, 501)
"""So many that one hardly comes as often by chance as a difference is asked for."""


def at_random(seed: int) -> Answering:
    """Answers now so, now so."""
    chance = random.Random(seed)

    def answer(handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        return chance.choice(STATUSES), chance.randbytes(4).hex().encode()

    return answer


@contextmanager
def backend(answering: Answering) -> Iterator[int]:
    """The port of a backend on loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            status, body = answering(self)
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_OPTIONS = answer

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
