"""Hosts that Istio's star takes and nginx's does not: ``a.b.x`` beside ``*.x``.

nginx gives them to the server with an alias ``*.x``, else to the default server. Envoy has chosen
the routes of ``*.x`` by then, so these hold what the other server answers, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nginx2istio.bridge.protection import unavailable
from nginx2istio.findings.beyond_stars import BEYOND_CLOSED, BEYOND_REFUSED
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio.assemble.virtual_host import RouteSource, VirtualHost, within_star
from nginx2istio.istio.edits import Edit, ExtraObject, GatewayField
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Requests


def with_beyond(
    virtual_hosts: Sequence[VirtualHost], config: NginxConfig, findings: list[PlacedFinding]
) -> list[VirtualHost]:
    """The virtual hosts, those with a narrow star with what answers beyond it.

    A policy can't tell ``a.b.x`` from ``b.x``. Where the other server has one, its paths are closed
    there; that of the star holds there, too. Appends to ``findings`` what differs.
    """
    whole = {each.host for each in virtual_hosts}
    closed: dict[str, VirtualHost] = {}
    result = []
    for each in virtual_hosts:
        taken = any(name in whole for name in each.narrow_stars if name != each.host)
        beyond = None if taken or not each.narrow_stars else _beyond(each, virtual_hosts)
        if beyond is None:
            result.append(each)
            continue
        if beyond.host not in closed:
            closed[beyond.host] = _without_policies(beyond)
        result.append(replace(each, beyond=closed[beyond.host]))
        findings += _differences(each, beyond, closed[beyond.host], config)
    return result


def _beyond(star: VirtualHost, virtual_hosts: Sequence[VirtualHost]) -> VirtualHost | None:
    """The server that nginx chooses: by the longest alias with a star, else the default one."""
    best: tuple[int, VirtualHost | None] = 0, None
    for other in virtual_hosts:
        if other is star:
            continue
        names = ["*"] if other.host == "*" else []
        names += [a.name for a in other.aliases if a.name.startswith("*") and not a.pattern]
        fits = [len(n) for n in names if all(within_star(n, own) for own in star.narrow_stars)]
        if fits and max(fits) > best[0]:
            best = max(fits), other
    return best[1]


def _without_policies(beyond: VirtualHost) -> VirtualHost:
    """The same, closed where a policy or the TLS of the host decides who gets in."""
    guarded = _guarded(beyond.edits)
    sources = tuple(
        replace(source, name=f"{source.name} closed", edits=(unavailable(),))
        if guarded or _guarded(source.edits)
        else source
        for source in beyond.route_sources
    )
    return replace(beyond, route_sources=sources)


def _guarded(edits: Sequence[Edit]) -> bool:
    policy = any(
        isinstance(e, ExtraObject) and e.body["kind"] == "AuthorizationPolicy" for e in edits
    )
    return policy or any(
        isinstance(e, GatewayField) and e.field in ("mode", "caCertCredentialName") for e in edits
    )


def _differences(
    star: VirtualHost, beyond: VirtualHost, closed: VirtualHost, config: NginxConfig
) -> Iterator[PlacedFinding]:
    name = star.narrow_stars[0]
    rest = re.escape(name[1:]).replace(r"\-", "-")
    requests = (Requests(host=rf"(?i)^[^.]*\..*{rest}"),)
    origins = {server.host: server.ingresses for server in config.servers}
    of_star = next(iter(origins.get(star.host, ())), Origin())
    other = "the default server" if beyond.host == "*" else beyond.host
    facts = {"key": name, "other": other}
    if closed.route_sources != beyond.route_sources:
        finding = placed(BEYOND_CLOSED, of_star, (name,), **facts)
        yield replace(finding, requests=requests)
    if any(_policy_of(source) for source in star.route_sources):
        finding = placed(BEYOND_REFUSED, of_star, (name,), **facts)
        yield replace(finding, requests=requests)


def _policy_of(source: RouteSource) -> bool:
    return any(
        isinstance(e, ExtraObject) and e.body["kind"] == "AuthorizationPolicy" for e in source.edits
    )
