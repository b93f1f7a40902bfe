"""Where a gateway listens."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ADDRESS = re.compile(
    r"(?P<host>\[[\w:.%]+\]|[^\s:\[\],/@]+)(?P<ports>:(?P<http>\d*)(?:,(?P<https>\d*))?)?"
)


class BadAddress(ValueError):
    """A text that names no gateway."""


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """A host name or address, and its ports: None where nothing is to be sent by that scheme."""

    host: str
    http: int | None = 80
    https: int | None = 443

    def port(self, scheme: str) -> int | None:
        """The port for a scheme."""
        return self.https if scheme == "https" else self.http

    def __str__(self) -> str:
        """The address as it is read."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.http or ''},{self.https or ''}"


def gateway_address(text: str) -> GatewayAddress:
    """The gateway at ``HOST``, ``HOST:HTTP`` or ``HOST:HTTP,HTTPS``. Raises BadAddress."""
    match = _ADDRESS.fullmatch(text)
    if not match:
        raise BadAddress(f"{text!r} is not HOST or HOST:HTTP-PORT,HTTPS-PORT")
    host = match["host"].strip("[]")
    if not match["ports"]:
        return GatewayAddress(host)
    ports = [int(match[name]) if match[name] else None for name in ("http", "https")]
    if not any(ports) or any(port is not None and not 0 < port < 65536 for port in ports):
        raise BadAddress(f"{text!r} has no usable port")
    return GatewayAddress(host, *ports)
