"""A recorded request over HTTP/2: TLS, ALPN h2, one stream of a connection of its own."""

from __future__ import annotations

import ssl

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    ResponseReceived,
    StreamEnded,
    StreamReset,
    TrailersReceived,
)
from h2.exceptions import ProtocolError

from .records import Request

STREAM = 1
CHUNK = 65536
GRPC_PREFIX = 5  # bytes before a gRPC message


class Exchange2:
    """Sends a request on a connection that speaks HTTP/2, and reads the answer."""

    def __init__(self, wire: ssl.SSLSocket, request: Request, cookies: list[str]):
        if wire.selected_alpn_protocol() != "h2":
            raise ConnectionError(f"ALPN {wire.selected_alpn_protocol()}")
        # What the client sends is the recording's business, not the library's.
        config = H2Configuration(header_encoding="utf-8", validate_outbound_headers=False)
        self._wire, self._connection = wire, H2Connection(config)
        self._left = request.get("body_bytes") or 0
        self._status, self._done = 0, False
        self._headers: list[list[str]] = []
        self._body = b""
        self._connection.initiate_connection()
        fields = _fields(request, cookies)
        self._connection.send_headers(STREAM, fields, end_stream=not self._left)
        self._push()

    def answer(self) -> tuple[int, list[list[str]], bytes]:
        """Status, headers (trailers as ``trailer-NAME``) and body."""
        while not self._done:
            data = self._wire.recv(CHUNK)
            if not data:
                break
            try:
                for event in self._connection.receive_data(data):
                    self._take(event)
            except ProtocolError as error:
                raise ConnectionError(str(error)) from None
            self._push()
        if not self._status:
            raise ConnectionError("reset without an answer")
        is_grpc = self._body[:1] == b"\0"
        return self._status, self._headers, self._body[GRPC_PREFIX if is_grpc else 0 :]

    def _push(self) -> None:
        """Sends what the other side has room for."""
        connection = self._connection
        while self._left and not self._done:
            size = min(
                *(self._left, connection.max_outbound_frame_size),
                connection.local_flow_control_window(STREAM),
            )
            if size <= 0:
                break
            self._left -= size
            connection.send_data(STREAM, b"x" * size, end_stream=not self._left)
        self._wire.sendall(connection.data_to_send())

    def _take(self, event: Event) -> None:
        match event:
            case ResponseReceived(headers=headers):
                for name, value in _texts(headers):
                    if name == ":status":
                        self._status = int(value)
                    else:
                        self._headers.append([name, value])
            case TrailersReceived(headers=headers):
                self._headers += [["trailer-" + name, value] for name, value in _texts(headers)]
            case DataReceived(data=data, flow_controlled_length=length):
                self._body += data or b""
                self._connection.acknowledge_received_data(length or 0, STREAM)
            case StreamEnded() | StreamReset() | ConnectionTerminated():
                self._done = True


def _fields(request: Request, cookies: list[str]) -> list[tuple[str, str]]:
    fields = [
        (":method", request["method"]),
        (":scheme", request["scheme"]),
        (":authority", request["host"]),
        (":path", request["target"]),
    ]
    fields += [(name.lower(), value) for name, value in request["headers"]]
    return fields + ([("cookie", "; ".join(cookies))] if cookies else [])


def _texts(headers: object) -> list[tuple[str, str]]:
    return [(str(name), str(value)) for name, value in headers]  # type: ignore[attr-defined]
