"""A proxy on loopback in front of the real API server, which spoils chosen answers."""

from __future__ import annotations

import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

from .api_server import ApiServer

BUSY = b'{"kind":"Status","status":"Failure","reason":"TooManyRequests","code":429}'
Fault = Callable[[str], str]
"""Of a request's path and query: "" to let it pass, "busy", "broken" or "cut"."""


class Proxy:
    """Passes requests on until ``fault`` says otherwise; ``spoiled`` notes what it said."""

    def __init__(self, kube: ApiServer, fault: Fault):
        self.spoiled: list[str] = []
        context = ssl.create_default_context(cafile=str(kube.authority))
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                failure = fault(self.path)
                if failure:
                    proxy.spoiled.append(failure)
                if failure in ("busy", "broken"):
                    self.answer(429 if failure == "busy" else 503, BUSY)
                    return
                headers = {n: self.headers[n] for n in ("Authorization", "Accept")}
                request = urllib.request.Request(kube.url + self.path, headers=headers)
                try:
                    with urllib.request.urlopen(request, context=context) as answer:
                        status, body = answer.status, answer.read()
                except urllib.error.HTTPError as error:
                    status, body = error.code, error.read()
                if failure == "cut":
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body[: len(body) // 2])
                    self.close_connection = True
                    return
                self.answer(status, body)

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                if status == 429:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Proxy:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
