"""Gateways: one for the hosts of each namespace, hosts of one certificate in one server."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nginx2istio.istio.assemble.virtual_host import GatewayRef, VirtualHost
from nginx2istio.istio.edits import Alias, GatewayField, OtherHost, TlsRoute
from nginx2istio.istio.fields import frozen, merge_field
from nginx2istio.istio.objects import Noted, Object, new_object, short_hash


def names_of(virtual_host: VirtualHost) -> list[tuple[str, bool]]:
    """(name, whether it is served on https) of a host and its other names."""
    tls = 443 in virtual_host.ports
    others = [edit for edit in virtual_host.edits if isinstance(edit, Alias | OtherHost)]
    return [(virtual_host.host, tls), *((edit.name, tls and edit.tls) for edit in others)]


def gateways(virtual_hosts: Sequence[VirtualHost], target: GatewayRef) -> Iterable[Noted]:
    """The Gateway objects. A TLS host stands in one server only: pilot skips a second one."""
    spaces: dict[tuple[str, str], list[VirtualHost]] = {}
    for virtual_host in virtual_hosts:
        spaces.setdefault((virtual_host.namespace, virtual_host.gateway), []).append(virtual_host)
    claimed: set[str] = set()
    for namespace, gateway in sorted(spaces):
        plain: list[str] = []
        secure: dict[Any, tuple[Object, list[str]]] = {}
        for virtual_host in spaces[namespace, gateway]:
            settings: Object = {"mode": "SIMPLE", "credentialName": virtual_host.credential}
            for edit in virtual_host.edits:
                if isinstance(edit, GatewayField):
                    settings.pop(edit.field.split(".")[0], None)
                    merge_field(settings, edit.field, edit.value)
            if any(isinstance(edit, TlsRoute) for edit in virtual_host.edits):
                whole: Object = {"mode": "PASSTHROUGH"}
                claimed.add(virtual_host.host)
                group = secure.setdefault(frozen(whole), (whole, []))
                group[1].append(f"{namespace}/{virtual_host.host}")
            for name, tls in names_of(virtual_host):
                plain.append(f"{namespace}/{name}")
                if tls and name not in claimed:
                    claimed.add(name)
                    group = secure.setdefault(frozen(settings), (settings, []))
                    group[1].append(f"{namespace}/{name}")
        servers: list[Object] = [
            {
                "port": {"number": 80, "name": "http", "protocol": "HTTP"},
                "hosts": sorted(dict.fromkeys(plain)),
            }
        ]
        for key in sorted(secure, key=lambda k: (secure[k][0].get("credentialName", ""), repr(k))):
            settings, hosts = secure[key]
            label = settings.get("credentialName") or short_hash(repr(key))
            name = f"https-{short_hash(label + repr(key))}"
            protocol = "TLS" if settings["mode"] == "PASSTHROUGH" else "HTTPS"
            servers.append(
                {
                    "port": {"number": 443, "name": name, "protocol": protocol},
                    "hosts": sorted(hosts),
                    "tls": settings,
                }
            )
        sources = sorted(
            {s for virtual_host in spaces[namespace, gateway] for s in virtual_host.sources}
        )
        spec = {"selector": dict(target.selector), "servers": servers}
        yield new_object("Gateway", target.namespace, gateway, spec, sources)
