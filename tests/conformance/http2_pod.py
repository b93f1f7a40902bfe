"""A pod's side of HTTP/2 without TLS: what gRPC backends speak."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, DataReceived, Event, RequestReceived, StreamEnded

from .reply import Received, reply_to

PREFACE = b"PRI"  # no request over HTTP/1 begins so
CHUNK = 65536

Enter = Callable[[Received], dict[str, Any]]  # notes a request; what to answer in JSON


def serve_http2(wire: socket.socket, pod: str, enter: Enter) -> None:
    """Answers all requests of a connection, until its client ends it."""
    config = H2Configuration(
        client_side=False,
        header_encoding="utf-8",
        validate_inbound_headers=False,
        validate_outbound_headers=False,
    )
    connection = H2Connection(config)
    connection.initiate_connection()
    wire.sendall(connection.data_to_send())
    streams = _Streams(connection, pod, enter)
    while not streams.ended and (data := wire.recv(CHUNK)):
        for event in connection.receive_data(data):
            streams.take(event)
        wire.sendall(connection.data_to_send())


class _Streams:
    """The requests at hand on a connection."""

    def __init__(self, connection: H2Connection, pod: str, enter: Enter):
        self._connection, self._pod, self._enter = connection, pod, enter
        self._open: dict[int, tuple[list[tuple[str, str]], int]] = {}  # headers, bytes of body
        self.ended = False

    def take(self, event: Event) -> None:
        """Does what an event asks for."""
        match event:
            case RequestReceived(stream_id=int(stream), headers=headers):
                fields = [(str(n), str(v)) for n, v in headers or []]
                if (":method", "CONNECT") in fields:  # what Envoy makes of an upgrade
                    self._connection.reset_stream(stream, ErrorCodes.PROTOCOL_ERROR)
                else:
                    self._open[stream] = fields, 0
            case DataReceived(stream_id=int(stream), data=data, flow_controlled_length=length):
                if stream not in self._open:
                    return
                fields, size = self._open[stream]
                self._open[stream] = fields, size + len(data or b"")
                self._connection.acknowledge_received_data(length or 0, stream)
            case StreamEnded(stream_id=int(stream)) if stream in self._open:
                self._answer(stream, _received(*self._open.pop(stream)))
            case ConnectionTerminated():
                self.ended = True

    def _answer(self, stream: int, request: Received) -> None:
        body, send = json.dumps(self._enter(request)).encode(), self._connection.send_headers
        if request.header("content-type").startswith("application/grpc"):
            query = parse_qs(urlsplit(request.target).query)
            status = query.get("grpc-status", ["0"])[0]
            fields = [(":status", "200"), ("content-type", "application/grpc")]
            send(stream, [*fields, ("x-pod", self._pod)])
            message = b"\0" + len(body).to_bytes(4, "big") + body
            self._connection.send_data(stream, message)
            send(stream, [("grpc-status", status), ("grpc-message", "")], end_stream=True)
            return
        fields = [
            (":status", str(reply_to(request).status)),
            ("content-type", "application/json"),
            ("content-length", str(len(body))),
            ("x-pod", self._pod),
        ]
        send(stream, fields)
        self._connection.send_data(stream, body, end_stream=True)


def _received(fields: list[tuple[str, str]], size: int) -> Received:
    """A request as the other pods have it; its authority is a header host."""
    pseudo = {name: value for name, value in fields if name.startswith(":")}
    headers = [["host", pseudo.get(":authority", "")]]
    headers += [[name, value] for name, value in fields if not name.startswith(":")]
    method, path = pseudo.get(":method", ""), pseudo.get(":path", "")
    return Received(method, path, "2", headers, size)
