"""What the assembly starts from: hosts, their places, and the Services behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.edit import Edit


@dataclass(frozen=True, slots=True)
class Service:
    """What an upstream is in Istio: a host name, and its port (None to leave it to Istio)."""

    host: str
    namespace: str
    port: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """One location: how its path matches, which Service answers, and what is wished of it.

    ``uri`` is an Istio StringMatch. Without a service the place answers 404.
    """

    name: str
    uri: Mapping[str, str]
    service: str
    edits: tuple[Edit, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A host, or ``*`` for all others; ``credential`` is its TLS secret's name at the gateway.

    ``tls_names`` are those of its names that the certificate covers.
    """

    host: str
    namespace: str
    places: tuple[Place, ...]
    edits: tuple[Edit, ...] = ()
    ports: tuple[int, ...] = (80,)
    credential: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """Where the gateway is: its namespace and the labels of its pods."""

    namespace: str
    selector: Mapping[str, str]


def gateway_name(namespace: str) -> str:
    """The name of the Gateway for the hosts whose VirtualServices are in a namespace."""
    return f"nginx2istio-{namespace}"[:63].rstrip("-")
