"""One TLS connection with HTTP/2 on which several hosts are asked for, as a browser does."""

from __future__ import annotations

import contextlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection
from types import TracebackType

import h2.config
import h2.connection
import h2.events

from .client import TIMEOUT
from .ports import LOOPBACK

CHUNK = 65536


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: its status, the Service that gave it ("" for the gateway)."""

    status: int
    pod: str = ""


class Connection:
    """A connection that was opened for the host `sni`; requests on it may be for any other."""

    def __init__(self, port: int, sni: str | None, certificate: Path | None = None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        if certificate:
            context.load_cert_chain(certificate)
        with contextlib.ExitStack() as stack:
            wire = stack.enter_context(create_connection((LOOPBACK, port), TIMEOUT))
            self._wire = stack.enter_context(context.wrap_socket(wire, server_hostname=sni))
            self._stack = stack.pop_all()
        self.certificate = self._wire.getpeercert(binary_form=True)
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
        self._h2.initiate_connection()

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def get(self, host: str, path: str = "/") -> Reply:
        """The answer to a GET for a host."""
        stream = self._h2.get_next_available_stream_id()
        headers = [
            (":method", "GET"),
            (":scheme", "https"),
            (":authority", host),
            (":path", path),
        ]
        self._h2.send_headers(stream, headers, end_stream=True)
        self._wire.sendall(self._h2.data_to_send())
        status, pod = 0, ""
        while data := self._wire.recv(CHUNK):
            for event in self._h2.receive_data(data):
                match event:
                    case h2.events.ResponseReceived(headers=got):
                        fields = {str(name): str(value) for name, value in got or ()}
                        status, pod = int(fields[":status"]), fields.get("x-pod", "")
                    case h2.events.StreamEnded() | h2.events.ConnectionTerminated():
                        return Reply(status, pod)
                    case h2.events.StreamReset():
                        return Reply(0)
            self._wire.sendall(self._h2.data_to_send())
        return Reply(0)
