"""Whether all requests of an estate are answered alike, or announced: class by class."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from nginx2istio.base.outcome import EVERYTHING_READY, Outcome, Request, World
from nginx2istio.istio.serve.gateway_config import GatewayConfig, most_specific
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.istio.serve.policies import pattern_fits
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.nested_locations import server_locations
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import DEFAULT_SERVER, Server, www_twin
from nginx2istio.nginx.serve import NOWHERE
from nginx2istio.nginx.serve.choose import choose_location, choose_server
from nginx2istio.nginx.uri import BadTarget, normalized
from nginx2istio.verify.compared import compared
from nginx2istio.verify.dimensions import (
    Values,
    values_of_host,
    values_of_location,
    values_of_match,
    values_of_policy,
    values_of_route,
)
from nginx2istio.verify.judged.difference import Difference
from nginx2istio.verify.path_classes import PathClass, PathPattern, path_classes
from nginx2istio.verify.sides import Sides


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that is answered differently without a word in the report."""

    request: Request
    difference: Difference
    nginx: Outcome
    istio: Outcome


@dataclass(slots=True)
class Proof:
    """What was compared, counted in classes of requests.

    ``alike`` in all aspects; ``silent`` differ unannounced (``unannounced`` has each difference);
    ``announced`` by code; ``unknown`` by aspect. ``by_pairs`` counts paths at which not all
    combinations of values were tried, ``skipped`` are patterns that are no regular expressions.
    """

    classes: int = 0
    silent: int = 0
    hosts: int = 0
    alike: int = 0
    announced: Counter[str] = field(default_factory=Counter)
    unannounced: list[Counterexample] = field(default_factory=list)
    unknown: Counter[str] = field(default_factory=Counter)
    by_pairs: int = 0
    skipped: list[str] = field(default_factory=list)


def prove(
    sides: Sides, hosts: Iterable[str] | None = None, world: World = EVERYTHING_READY
) -> Proof:
    """Compares both sides on each class of requests of each host (of ``hosts`` only, if given)."""
    proof = Proof()
    chosen = None if hosts is None else set(hosts)
    for server in sides.config.servers:
        if chosen is None or server.host in chosen:
            proof.hosts += 1
    for server, name in asked_hosts(sides, chosen):
        for request in requests_of(sides, server, name, proof):
            _compare(proof, sides, request, world)
    return proof


def asked_hosts(sides: Sides, chosen: Set[str] | None = None) -> Iterator[tuple[Server, str]]:
    """Host names that are asked for, each with the server that nginx has for it.

    Under a star also one of more labels, which nginx gives to another server, and, where objects
    are judged that are not the conversion's own, what they alone name.
    """
    for server in sides.config.servers:
        if chosen is not None and server.host not in chosen:
            continue
        for name in host_names(server):
            yield server, name
        if server.wildcard:
            deeper = server.host.replace("*", "any.any", 1)
            yield choose_server(sides.config, deeper)[0] or NOWHERE, deeper
    if sides.converted is not None and chosen is None:
        for name in sorted(_named(sides.gateway) - _named(sides.converted)):
            host = name.replace("*", "any", 1)
            yield choose_server(sides.config, host)[0] or NOWHERE, host


def _named(gateway: GatewayConfig) -> set[str]:
    """The hosts that the routes and servers of a gateway name."""
    hosts = {host.lower() for each in gateway.services for host in each["spec"].get("hosts", ())}
    hosts |= {host.lower() for server in gateway.servers for _, host in server.hosts}
    return {host for host in hosts if host != "*"}


def host_names(server: Server) -> Iterator[str]:
    """A host name for each way in which the server is asked."""
    if server.host == DEFAULT_SERVER:
        yield "unknown.invalid"
        return
    for name in (server.host, *server.aliases):
        if not name.startswith("~"):  # a regular expression, of which no member is made
            yield name.replace("*", "any", 1) if name.startswith("*.") else name
    if server.www:
        yield www_twin(server.host)


def requests_of(sides: Sides, server: Server, name: str, proof: Proof) -> Iterator[Request]:
    """A request of each class, for one name of a host. Notes in ``proof`` what is left out."""
    gateways = [sides.gateway, *filter(None, [sides.converted])]
    routes = [route for gateway in gateways for route in _routes(gateway, name)]
    policies = [policy for gateway in gateways for policy in _policies(gateway, name)]
    patterns = [*_of_nginx(sides.config, server), *_of_istio(routes, policies)]
    reached = path_classes(patterns)
    proof.skipped += reached.skipped
    redirects = any("redirect" in route for route in routes)
    spelled = _hosts_compared(routes, policies) or (sides.converted is not None and redirects)
    for path in reached.classes:
        values = _values(sides.config, server, path, routes, policies)
        if spelled:
            values_of_host(values, name)
        for scheme in SCHEMES:
            plain = Request(
                scheme=scheme, host=name, sni=name, target=path.target, backend_headers=_JSON
            )
            requests, whole = values.requests(plain)
            proof.by_pairs += not whole
            yield from requests


SCHEMES: tuple[Literal["http"], Literal["https"]] = ("http", "https")


_JSON = (("content-type", "application/json"),)


def _of_nginx(config: NginxConfig, server: Server) -> Iterator[PathPattern]:
    for location in server.locations:
        match location.match:
            case "regex":
                yield PathPattern("nginx", "regex", "^" + location.path, False, True)
            case kind:
                yield PathPattern("nginx", kind, location.path)
    for block in server_locations(config, server):
        if block.match in ("exact", "prefix"):
            yield PathPattern("nginx", block.match, block.path)
    yield from _compared_by_snippets(config, server)


def _compared_by_snippets(config: NginxConfig, server: Server) -> Iterator[PathPattern]:
    """The patterns that snippets compare paths with."""
    texts = {
        setting.text
        for location in server.locations
        for level in ("server", "location")
        for _, setting in snippets(config, server, location, level)
    }
    for text in sorted(texts):
        for directive in parse_snippet(text).directives:
            for inner in directive.all():
                match inner.name, list(inner.args):
                    case "if", [name, "~" | "~*" | "!~" | "!~*" as how, pattern]:
                        if name.strip("${}") in ("uri", "document_uri", "request_uri"):
                            yield _searched(pattern, "*" in how)
                    case "rewrite", [pattern, *_]:
                        yield _searched(pattern, False)


def _searched(pattern: str, any_case: bool) -> PathPattern:
    """A pattern that nginx searches for in a path."""
    text = pattern if pattern.startswith("^") else f".*(?:{pattern})"
    return PathPattern("nginx", "regex", text, False, any_case)


def _routes(config: GatewayConfig, name: str) -> list[Mapping[str, Any]]:
    hosts = config.hosts_at(config.servers)
    chosen = most_specific(hosts, name)
    return list(hosts[chosen].routes) if chosen else []


def _policies(config: GatewayConfig, name: str) -> list[Mapping[str, Any]]:
    def about(policy: Mapping[str, Any]) -> bool:
        for rule in policy["spec"].get("rules", ()):
            for operation in rule.get("to", [{"operation": {}}]):
                hosts = operation["operation"].get("hosts")
                if not hosts or any(pattern_fits(h, name) for h in hosts):
                    return True
        return False

    return [policy for policy in config.policies if about(policy)]


def _hosts_compared(
    routes: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]
) -> bool:
    """Whether a route or a policy looks at the host as the client wrote it."""
    return any("authority" in m for route in routes for m in route.get("match", ())) or any(
        {"hosts", "notHosts"} & operation["operation"].keys()
        for policy in policies
        for rule in policy["spec"].get("rules", ())
        for operation in rule.get("to", ())
    )


def _of_istio(
    routes: Iterable[Mapping[str, Any]], policies: Iterable[Mapping[str, Any]]
) -> Iterator[PathPattern]:
    unique: dict[PathPattern, None] = {}
    for route in routes:
        for match in route.get("match", ()):
            for kind, text in match.get("uri", {}).items():
                any_case = kind != "regex" and bool(match.get("ignoreUriCase"))
                unique[PathPattern("istio", kind, text, True, any_case)] = None
            for side in ("headers", "withoutHeaders"):
                for kind, text in match.get(side, {}).get(":path", {}).items():
                    unique[PathPattern("istio", kind, text)] = None
    for policy in policies:
        for rule in policy["spec"].get("rules", ()):
            for operation in rule.get("to", ()):
                for key in ("paths", "notPaths"):
                    for text in operation["operation"].get(key, ()):
                        unique[_of_policy(text)] = None
    yield from unique


def _of_policy(text: str) -> PathPattern:
    if text.endswith("*"):
        return PathPattern("istio", "prefix", text[:-1])
    if text.startswith("*"):
        return PathPattern("istio", "regex", ".*" + re.escape(text[1:]))
    return PathPattern("istio", "exact", text)


def _values(
    config: NginxConfig,
    server: Server,
    path: PathClass,
    routes: Sequence[Mapping[str, Any]],
    policies: Sequence[Mapping[str, Any]],
) -> Values:
    """What the decisions about the paths of a class look at."""
    values = Values()
    try:
        decoded = normalized(path.target.encode("latin-1", "replace")).decode("latin-1")
        location = choose_location(server, decoded)
    except BadTarget:
        location = None
    if location is not None:
        values_of_location(values, config, server, location)
    for route in routes:
        matches = route.get("match", ())
        near = [m for m in matches if "uri" not in m or string_fits(m["uri"], path.target)]
        for match in near:
            values_of_match(values, match)
        if near or not matches:
            values_of_route(values, route)
    for policy in policies:
        values_of_policy(values, policy)
    return values


def _compare(proof: Proof, sides: Sides, request: Request, world: World) -> None:
    """One class: what differs, and who announces it."""
    proof.classes += 1
    both = compared(sides, request, world)
    proof.unknown.update(both.unknown)
    silent = len(proof.unannounced)
    for difference in both.unforeseen:
        proof.unannounced.append(Counterexample(request, difference, both.nginx, both.istio))
    differences = both.differences
    if both.unknown and any(difference.what == "answer" for difference, _ in differences):
        differences = ()
    elif not (differences or both.unforeseen or both.unknown):
        proof.alike += 1
    for difference, findings in differences:
        if findings:
            proof.announced.update({str(finding["code"]) for finding in findings})
        else:
            counterexample = Counterexample(request, difference, both.nginx, both.istio)
            proof.unannounced.append(counterexample)
    proof.silent += len(proof.unannounced) > silent
