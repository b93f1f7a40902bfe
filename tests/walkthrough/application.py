"""The walkthrough's application on loopback: a page, and the three replicas that it calls."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ..conformance.pods import Given
from ..conformance.ports import LOOPBACK

FRONT, BACK = "istio-gin-test/istio-gin-test-fe:80", "istio-gin-test/istio-gin-test:8080"
PODS = {FRONT: ["istio-gin-test-fe-0"], BACK: [f"istio-gin-test-{n}" for n in range(3)]}
PAGE = Path(__file__).with_name("page.html").read_bytes()
VERSION = re.compile(r"/api/(v[123])/version")


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that a pod received."""

    service: str
    pod: str
    method: str
    path: str


class Application:
    """All pods, each a server at a port of its own; `given` says which."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: list[Hit] = []
        self._servers: list[ThreadingHTTPServer] = []
        self.given: Given = {
            service: [(pod, self._start(service, pod)) for pod in pods]
            for service, pods in PODS.items()
        }

    def take(self) -> list[Hit]:
        """The requests received since the last call."""
        with self._lock:
            taken, self._hits = self._hits, []
        return taken

    def close(self) -> None:
        """Stops all servers."""
        for server in self._servers:
            server.shutdown()
            server.server_close()

    def _start(self, service: str, pod: str) -> int:
        def answer(method: str, path: str) -> tuple[int, str, bytes]:
            with self._lock:
                self._hits.append(Hit(service, pod, method, path))
            return front(method, path) if service == FRONT else back(method, path, pod)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, kind, body = answer(self.command, self.path.partition("?")[0])
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = handle_one

            def log_message(self, format: str, *args: object) -> None:
                pass

        server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self._servers.append(server)
        return int(server.server_address[1])


def front(method: str, path: str) -> tuple[int, str, bytes]:
    """The front end: one page."""
    if method in ("GET", "HEAD") and path in ("/", "/index.html"):
        return 200, "text/html; charset=utf-8", PAGE
    return 404, "text/plain", b"no such page"


def back(method: str, path: str, pod: str) -> tuple[int, str, bytes]:
    """The back end: it tells its version and where it runs."""
    version = VERSION.fullmatch(path)
    if method == "GET" and version:
        text = f"Current API version: {version[1]}, Current hostname is: {pod}"
        return 200, "application/json; charset=utf-8", json.dumps({"message": text}).encode()
    return 404, "text/plain", b"404 page not found"
