"""What a gateway with the emitted objects does with a request, by Istio's documentation.

It reads the objects alone. A field that it does not know is an error, so no route or policy counts
as something that it is not.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import re2  # type: ignore[import-untyped]

RBAC = "nginx2istio.addresses"
LUA = "envoy.filters.http.lua"
Body = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """A request. ``accepted``: an authentication service would say yes to it.

    ``host`` may end in a port. ``subject`` is that of a valid client certificate, "" without one.
    """

    host: str
    path: str
    port: int = 80
    method: str = "GET"
    address: str = "203.0.113.7"
    headers: tuple[tuple[str, str], ...] = ()
    accepted: bool = False
    subject: str = ""

    @property
    def name(self) -> str:
        return self.host.partition(":")[0]

    @property
    def spelled(self) -> str:
        """The path as Envoy compares it; ``path`` is the decoded one."""
        return quote(self.path.replace("\\", "/"), safe="/!$&'()*+,;=:@[]~-._")


@dataclass(frozen=True)
class Answer:
    """``served`` by a Service; else denied, or answered by the gateway. ``route`` is its name."""

    served: bool
    what: str
    route: str = ""


@dataclass
class Gateway:
    """The emitted objects, sorted by what they are for."""

    objects: Sequence[Body]
    policies: list[Body] = field(default_factory=list)
    hosts: dict[str, list[Body]] = field(default_factory=dict)
    ports: set[tuple[str, int]] = field(default_factory=set)
    filters: dict[str, list[Body]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for body in self.objects:
            spec = body["spec"]
            match body["kind"]:
                case "AuthorizationPolicy":
                    assert spec["action"] in ("DENY", "CUSTOM"), spec
                    self.policies.append(spec)
                case "VirtualService":
                    for host in self._intersection(spec, body["metadata"]["namespace"]):
                        self.hosts.setdefault(host, []).extend(spec.get("http", ()))
                case "Gateway":
                    for server in spec["servers"]:
                        for host in server["hosts"]:
                            self.ports.add((host.partition("/")[2], server["port"]["number"]))
                case "EnvoyFilter":
                    self._filter(spec)

    def _intersection(self, virtual_service: Body, namespace: str) -> set[str]:
        """The virtual hosts of a VirtualService: the narrower of its and the Gateway's names.

        Names that the Gateway lists for another namespace do not count
        (``pickMatchingGatewayHosts``).
        """
        named = {f"{o['metadata']['namespace']}/{o['metadata']['name']}": o for o in self.objects}
        names = set()
        for gateway in virtual_service["gateways"]:
            for server in named[gateway]["spec"]["servers"]:
                for space, _, listed in (host.partition("/") for host in server["hosts"]):
                    for host in virtual_service["hosts"]:
                        if space != namespace:
                            continue
                        if listed == host or _below(listed, host):
                            names.add(listed)
                        elif _below(host, listed):
                            names.add(host)
        return names

    def _filter(self, spec: Body) -> None:
        for patch in spec["configPatches"]:
            if patch["applyTo"] != "HTTP_ROUTE":
                continue
            route = patch["match"]["routeConfiguration"]["vhost"].get("route", {})
            self.filters.setdefault(route.get("name", ""), []).append(patch)

    def answer(self, request: Request) -> Answer:
        """What the gateway does with a request."""
        host = self._host(request.name)
        if host is None or (host, request.port) not in self.ports:
            return Answer(False, "no such host")
        for policy in self.policies:
            if any(_rule(rule, request) for rule in policy["rules"]):
                if policy["action"] == "DENY":
                    return Answer(False, "denied by policy")
                if not request.accepted:
                    return Answer(False, "refused by service")
        for route in self.hosts[host]:
            matches = route.get("match", [{}])
            if any(_match(match, request) for match in matches):
                return self._routed(route, request)
        return Answer(False, "no route")

    def _host(self, name: str) -> str | None:
        if name in self.hosts:
            return name
        stars = [h for h in self.hosts if h.startswith("*.") and name.endswith(h[1:])]
        return max(stars, key=len) if stars else ("*" if "*" in self.hosts else None)

    def _routed(self, route: Body, request: Request) -> Answer:
        name = route.get("name", "")
        if "directResponse" in route or "redirect" in route:
            return Answer(False, "answered by the gateway", name)
        for patch in self.filters.get(name, ()):
            port = patch["match"]["routeConfiguration"].get("portNumber", request.port)
            if port != request.port:
                continue
            value = patch["patch"]["value"]
            own = value.get("typed_per_filter_config", {}).get(RBAC)
            if own and _rbac(own["rbac"]["rules"], request):
                return Answer(False, "denied by filter", name)
            asks = value.get("metadata", {}).get("filter_metadata", {}).get(LUA)
            if asks and not request.accepted:
                return Answer(False, "refused by service", name)
        return Answer(True, "served", name)


def _below(name: str, star: str) -> bool:
    """Whether a name is among those of a name with a star, in Istio's eyes."""
    return star.startswith("*") and name.lower().endswith(star[1:].lower())


def _rbac(rules: Body, request: Request) -> bool:
    assert rules["action"] == "DENY"
    policies = rules["policies"].values()
    return any(_principal(p, request.address) for policy in policies for p in policy["principals"])


def _principal(principal: Body, address: str) -> bool:
    ((kind, value),) = principal.items()
    match kind:
        case "remote_ip":
            return _within([f"{value['address_prefix']}/{value['prefix_len']}"], address)
        case "not_id":
            return not _principal(value, address)
        case "or_ids":
            return any(_principal(part, address) for part in value["ids"])
    raise AssertionError(principal)


def _rule(rule: Body, request: Request) -> bool:
    assert rule.keys() <= {"from", "to", "when"}, rule
    sources = [part["source"] for part in rule.get("from", ())]
    operations = [part["operation"] for part in rule.get("to", ())]
    return (
        (not sources or any(_source(s, request) for s in sources))
        and (not operations or any(_operation(o, request) for o in operations))
        and all(_condition(c, request) for c in rule.get("when", ()))
    )


def _source(source: Body, request: Request) -> bool:
    assert source.keys() <= {"remoteIpBlocks", "notRemoteIpBlocks"}, source
    inside = source.get("remoteIpBlocks")
    outside = source.get("notRemoteIpBlocks")
    return (inside is None or _within(inside, request.address)) and (
        outside is None or not _within(outside, request.address)
    )


def _within(blocks: Iterable[str], address: str) -> bool:
    own = ipaddress.ip_address(address)
    return any(own in ipaddress.ip_network(block, strict=False) for block in blocks)


def _operation(operation: Body, request: Request) -> bool:
    known = {"hosts": request.host.lower(), "paths": request.spelled, "methods": request.method}
    for key, texts in operation.items():
        name = key if key in known else key[3:].lower()
        text = known[name]
        patterns = [t.lower() for t in texts] if name == "hosts" else texts
        if any(_text(pattern, text) for pattern in patterns) is (key != name):
            return False
    return True


def _text(pattern: str, text: str) -> bool:
    if pattern == "*":
        return bool(text)
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern


def _condition(condition: Body, request: Request) -> bool:
    key = condition["key"]
    if key == "connection.sni":
        value = request.name if request.port == 443 else ""
    else:
        assert key.startswith("request.headers["), key
        value = _headers(request).get(key[len("request.headers[") : -1], "")
    if "values" in condition:
        return any(_text(p, value) for p in condition["values"])
    return not any(_text(p, value) for p in condition["notValues"])


def _headers(request: Request) -> dict[str, str]:
    headers = {name.lower(): value for name, value in request.headers}
    headers["x-forwarded-proto"] = "https" if request.port == 443 else "http"
    if request.subject and request.port == 443:
        headers["x-forwarded-client-cert"] = f'Hash=0;Subject="{request.subject}";URI='
    return headers


def _match(match: Body, request: Request) -> bool:
    headers = _headers(request)
    for key, value in match.items():
        match key:
            case "uri":
                good = _string(value, request.spelled)
            case "method":
                good = _string(value, request.method)
            case "authority":
                good = _string(value, request.host)
            case "port":
                good = value == request.port
            case "headers":
                good = all(n in headers and _string(s, headers[n]) for n, s in value.items())
            case "withoutHeaders":
                good = not any(n in headers and _string(s, headers[n]) for n, s in value.items())
            case "queryParams":
                good = False  # requests have no query
            case _:
                raise AssertionError(match)
        if not good:
            return False
    return True


def _string(value: Body, text: str) -> bool:
    if not value:
        return True
    ((kind, pattern),) = value.items()
    match kind:
        case "exact":
            return bool(text == pattern)
        case "prefix":
            return text.startswith(str(pattern))
        case "regex":
            return bool(re2.fullmatch(pattern, text))
    raise AssertionError(value)
