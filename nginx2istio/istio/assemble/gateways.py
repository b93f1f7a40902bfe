"""Gateways: one for the hosts of a namespace, or of all; one server for shared connections."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from nginx2istio.istio.assemble.tls_servers import TlsNames, names_of
from nginx2istio.istio.assemble.virtual_host import GatewayRef, VirtualHost
from nginx2istio.istio.fields import frozen
from nginx2istio.istio.objects import Noted, Object, new_object, short_hash


def gateway_names(
    virtual_hosts: Iterable[VirtualHost], secure: Iterable[TlsNames]
) -> dict[str, str]:
    """The Gateway of each host: that of its TLS server, else its own."""
    names = {host.host: host.gateway for host in virtual_hosts}
    return names | {at.virtual_host.host: at.server.gateway for at in secure if at.server}


def gateways(
    virtual_hosts: Sequence[VirtualHost],
    secure: Sequence[TlsNames],
    names: Mapping[str, str],
    target: GatewayRef,
) -> Iterable[Noted]:
    """The Gateway objects; ``names`` are their names by host."""
    hosts_of: dict[str, list[VirtualHost]] = {}
    for virtual_host in virtual_hosts:
        hosts_of.setdefault(names[virtual_host.host], []).append(virtual_host)
    tls_of: dict[str, list[TlsNames]] = {}
    for at in secure:
        tls_of.setdefault(names[at.virtual_host.host], []).append(at)
    for gateway, virtual_hosts in hosts_of.items():
        plain = {f"{h.namespace}/{name}" for h in virtual_hosts for name, _ in names_of(h)}
        servers: list[Object] = [
            {
                "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": _listed(plain),
            },
            *_tls_servers(tls_of.get(gateway, ())),
        ]
        sources = sorted({s for virtual_host in virtual_hosts for s in virtual_host.sources})
        spec = {"selector": dict(target.selector), "servers": servers}
        yield new_object("Gateway", target.namespace, gateway, spec, sources)


def _tls_servers(secure: Iterable[TlsNames]) -> Iterable[Object]:
    servers: dict[int, tuple[Object, set[str]]] = {}
    whole: Object = {"mode": "PASSTHROUGH"}
    for at in secure:
        settings = whole if at.server is None else at.server.tls
        hosts = servers.setdefault(id(at.server), (settings, set()))[1]
        hosts.update(f"{at.virtual_host.namespace}/{name}" for name in at.names)
    for settings, hosts in sorted(
        servers.values(), key=lambda server: (_label(server[0]), repr(frozen(server[0])))
    ):
        key = repr(frozen(settings))
        name = f"https-{short_hash((_label(settings) or short_hash(key)) + key)}"
        protocol = "TLS" if settings["mode"] == "PASSTHROUGH" else "HTTPS"
        yield {
            "port": {"number": 443, "name": name, "protocol": protocol},
            "hosts": _listed(hosts),
            "tls": settings,
        }


def _label(settings: Object) -> str:
    return str(settings.get("credentialName") or "".join(settings.get("credentialNames", ())))


def _listed(hosts: set[str]) -> list[str]:
    """Hosts without those that a wildcard of their namespace takes in.

    Pilot adds the routes of a VirtualService for ``*.x`` to every host under it that the server
    names (``Names.Intersection``), and serves a VirtualService of ``a.x`` by a server for ``*.x``.
    """
    stars = [host for host in hosts if "*" in host]
    return sorted(
        host for host in hosts if not any(_within(host, star) for star in stars if star != host)
    )


def listed_as(host: str) -> Iterator[str]:
    """The names by which a server may list a host: its own, then those of wildcards above it."""
    yield host
    domain = host.removeprefix("*.")
    while "." in domain:
        domain = domain.partition(".")[2]
        yield f"*.{domain}"
    yield "*"


def _within(host: str, star: str) -> bool:
    namespace, _, name = star.partition("/")
    own, _, rest = host.partition("/")
    return own == namespace and rest.removeprefix("*").endswith(name[1:])
