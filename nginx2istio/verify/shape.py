"""The shape of a host: what its proof depends on, but for the names of things.

Two hosts of one shape differ in nothing but the names of the host, of namespaces, Ingresses,
Services and Secrets. Names are replaced only where they are names (``_NAMED``), whole, and each by
one number; paths, headers and methods stay what they are. Where something could look into a name,
or look for other objects by it, a host has no shape and is proved by itself.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.base.outcome import Request
from nginx2istio.istio.serve.connection import chosen_server
from nginx2istio.istio.serve.gateway_config import GatewayConfig, RoutedHost
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server, Settings, Upstream
from nginx2istio.verify.judged.announce import finding_covers
from nginx2istio.verify.judged.predicates import predicates
from nginx2istio.verify.record import request_record
from nginx2istio.verify.sides import Sides

_LOOKING = re.compile("snippet|secret|backend$|custom-headers|auth-|mirror|x-forwarded-prefix")
"""Settings that name other objects, or that look at the host as a text."""
_OF_ALL = ("http-snippet", "server-snippet", "location-snippet", "global-auth-url")
_NAMED = frozenset(
    {
        *("name", "namespace", "hosts", "gateways", "host", "subset", "authority", "regex"),
        *("credentialName", "credentialNames", "caCertCredentialName", "cluster", "ingress"),
        *("service", "key", "Location"),
    }
)
"""The fields of objects in which names are replaced; ``regex`` only below ``authority``."""


def host_shape(sides: Sides, server: Server) -> str | None:
    """The shape of a host; None for one that is proved by itself."""
    config, name = sides.config, server.host
    if server.host == DEFAULT_SERVER or server.wildcard or server.www or server.aliases:
        return None
    if server.passthrough or server.denied or sides.auth_service:
        return None
    if any(config.controller.config.get(key) for key in _OF_ALL):
        return None
    if sides.declared.hosts_of(name) != {name}:
        return None
    settings = (server.settings, *(each.settings for each in server.locations))
    if any(_LOOKING.search(key) for each in settings for key in each):
        return None
    names = _Names(config, server)
    istio = [_istio(each, name, names) for each in sides.gateways]
    if None in istio or any(each.patches.opaque for each in sides.gateways):
        return None
    shape = (_nginx(config, server, names), istio, tuple(_findings(sides, name)))
    return hashlib.sha256(repr(shape).encode("utf-8", "surrogatepass")).hexdigest()


class _Names:
    """The names of a host's things, each with a number."""

    def __init__(self, config: NginxConfig, server: Server):
        names: dict[str, int] = {}
        for text in (server.host, re.escape(server.host), *_names(config, server)):
            if text:
                names.setdefault(text, len(names))
        self.numbers = names
        longest_first = sorted(names, key=lambda text: (-len(text), text))
        either = "|".join(map(re.escape, longest_first))
        self.pattern = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])")

    def text(self, text: str) -> str:
        """A text with numbers in place of names."""
        return self.pattern.sub(lambda match: f"\0{self.numbers[match[0]]}\0", text)

    def value(self, value: Any, field: str = "") -> Any:
        """A part of an object with numbers in place of names."""
        if isinstance(value, Mapping):
            inside = "authority" if field == "authority" else ""
            return [
                (key, self.value(inner, inside or ("" if key == "regex" else key)))
                for key, inner in sorted(value.items())
            ]
        if isinstance(value, list | tuple):
            return [self.value(inner, field) for inner in value]
        return self.text(value) if isinstance(value, str) and field in _NAMED else value


def _names(config: NginxConfig, server: Server) -> Iterator[str]:
    """The namespaces, Ingresses, Services and the Secret, in the order of the host's locations."""
    for location in server.locations:
        yield location.ingress.namespace
        yield location.ingress.name
        upstream = config.upstreams.get(location.upstream)
        for each in (upstream, *upstream.alternatives) if upstream else ():
            yield each.namespace
            yield each.service
    if server.certificate:
        yield server.certificate.namespace
        yield server.certificate.secret
        yield f"{server.certificate.namespace}--{server.certificate.secret}"  # the gateway's copy
    yield server.namespace


def _nginx(config: NginxConfig, server: Server, names: _Names) -> tuple[object, ...]:
    certificate = server.certificate
    return (
        server.regex,
        _settings(server.settings, names),
        certificate
        and (
            names.text(certificate.namespace),
            names.text(certificate.secret),
            certificate.guessed,
            certificate.read,
            tuple(names.text(each) for each in certificate.names),
        ),
        tuple(_location(config, server, each, names) for each in server.locations),
    )


def _location(
    config: NginxConfig, server: Server, location: Location, names: _Names
) -> tuple[object, ...]:
    upstream = config.upstreams.get(location.upstream)
    return (
        *(location.path, location.match, location.declared, location.path_type),
        *(location.denied, location.implicit, location.slash_redirect),
        names.text(f"{location.ingress.namespace}/{location.ingress.name}"),
        _settings(location.settings, names),
        _upstream(upstream, server, names) if upstream else location.upstream,
    )


def _upstream(upstream: Upstream, server: Server, names: _Names) -> tuple[object, ...]:
    affinity = upstream.affinity
    return (
        names.text(f"{upstream.namespace}/{upstream.service}"),
        *(upstream.port, upstream.declared_port, upstream.known, upstream.external_name),
        *(upstream.external_port, upstream.refused, upstream.port_name, upstream.app_protocol),
        _settings(upstream.settings, names),
        tuple(_upstream(each, server, names) for each in upstream.alternatives),
        affinity
        and (
            affinity.mode,
            _settings(affinity.settings, names),
            sorted(path for host, path in affinity.places if host == server.host),
        ),
    )


def _settings(settings: Settings, names: _Names) -> tuple[object, ...]:
    return tuple(
        (key, repr(setting.value), names.text(setting.origin.namespace))
        for key, setting in sorted(settings.items())
    )


def _istio(gateway: GatewayConfig, name: str, names: _Names) -> tuple[object, ...] | None:
    """What the gateway looks at, by http and by https; None where it is not the host's own."""
    plain = gateway.plain_hosts.get(name)
    server = chosen_server(gateway, Request(scheme="https", host=name, sni=name))
    secure = gateway.hosts_of(server).get(name) if server else None
    if plain is None or (server and secure is None):
        return None
    policies = [
        (action, names.value([policy["spec"] for policy in index.about(name)]))
        for action, index in sorted(gateway.policies_of.items())
    ]
    routes = _routes(gateway, plain, 80, names)
    same = secure is not None and secure.routes is plain.routes
    policies.append(("to https", plain.to_https))
    return (
        *(names.value(server.tls, "tls") if server else None, policies, routes),
        _routes(gateway, secure, 443, names) if secure and not same else None,
        _patches(gateway, secure, 443, names) if secure else None,
    )


def _routes(
    gateway: GatewayConfig, host: RoutedHost, port: int, names: _Names
) -> tuple[object, ...]:
    destinations = [
        _policies_of(gateway, each["destination"])
        for route in host.routes
        for each in route.get("route", ())
    ]
    return (
        names.value(host.routes),
        names.value(destinations),
        _patches(gateway, host, port, names),
    )


def _policies_of(gateway: GatewayConfig, destination: Mapping[str, Any]) -> list[object]:
    """The traffic policies of a destination: its Service's and its subset's."""
    rule = gateway.destination_rules.get(destination["host"], {})
    subsets = [s for s in rule.get("subsets", ()) if s["name"] == destination.get("subset")]
    return [each.get("trafficPolicy") for each in (rule, *subsets)]


def _patches(gateway: GatewayConfig, host: RoutedHost, port: int, names: _Names) -> object:
    """What EnvoyFilters add to the host's routes at a port."""
    counting = {each.name for each in gateway.patches.first if each.kind == "limits"}
    added = []
    for route in host.routes:
        for action in ("ROUTE", "REDIRECT", "DIRECT_RESPONSE"):
            patch = gateway.patches.at(str(route.get("name", "")), port, action, host.domain)
            metadata = {n: v for n, v in patch.metadata.items() if n not in counting}
            added.append([patch.per_filter, metadata, patch.route])
    return names.value(added)


def _findings(sides: Sides, name: str) -> Iterable[object]:
    """What the report announces for the host: how, for which paths and requests."""
    record = request_record(Request(host=name))
    yield sorted((path, sorted(types)) for path, types in sides.declared.paths[name].items())
    yield name in sides.declared.regex
    for finding in sides.findings_about(name):
        whole = {key: value for key, value in finding.items() if key not in ("paths", "requests")}
        how = finding_covers(sides.declared, whole, record)
        if how:
            requests = [_of_host(each, name) for each in predicates(finding)]
            aspects = sorted(finding.get("aspects") or ())
            yield how, finding["code"], aspects, finding.get("paths"), requests


def _of_host(predicate: Mapping[str, Any], name: str) -> list[tuple[str, object]]:
    """A predicate in which an expression for hosts is whether it is about this one's spellings."""
    spellings = (name, f"{name}:8080", name.upper())
    return [
        (key, [bool(re.search(value, s)) for s in spellings] if key == "host" else value)
        for key, value in sorted(predicate.items())
    ]
