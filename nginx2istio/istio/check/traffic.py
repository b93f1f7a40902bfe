"""What of the kinds around the routes Istio's webhook refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from nginx2istio.istio.check import values
from nginx2istio.istio.check.fault import Reasons
from nginx2istio.istio.check.schema import misfits, spec_schema

PORT_PROTOCOLS = frozenset({"HTTP", "HTTPS", "TLS", "TCP", "HTTP2", "GRPC"})
CONDITION = re.compile(
    r"request\.headers\[[^\[\]]+\]|request\.auth\.\w+(\[.+\])*|(source|remote|destination)\.ip"
    r"|source\.(namespace|principal|serviceAccount|trustDomain)|destination\.port|connection\.sni"
    r"|experimental\.envoy\.filters\..+"
)
"""The keys of conditions that Istio knows (security.ValidateAttribute)."""
LARGEST_TABLE = 5_000_011
"""The size of a table of Maglev: validateLoadBalancer, MaglevLbConfig."""


def destination_rule_faults(spec: Mapping[str, Any]) -> Reasons:
    """ValidateDestinationRule."""
    wrong = list(misfits(spec_schema("DestinationRule"), spec))
    if wrong:
        yield from wrong
        return
    yield values.domain(spec["host"])
    names = [subset["name"] for subset in spec.get("subsets", ())]
    if len(names) > len({*names}):
        yield "two subsets of one name"
    for subset in spec.get("subsets", ()):
        yield values.label(subset["name"])
        if "trafficPolicy" in subset:
            yield from _traffic_policy(subset["trafficPolicy"])
    if "trafficPolicy" in spec:
        yield from _traffic_policy(spec["trafficPolicy"])


def _traffic_policy(policy: Mapping[str, Any]) -> Reasons:
    if not policy:
        yield "an empty trafficPolicy"
    for settings in (policy, *policy.get("portLevelSettings", ())):
        if "port" in settings:
            yield values.port(settings["port"].get("number", 0))
        yield from _connection_pool(settings.get("connectionPool"))
        yield from _consistent_hash(settings.get("loadBalancer", {}).get("consistentHash", {}))
        outlier = settings.get("outlierDetection", {})
        for field in ("maxEjectionPercent", "minHealthPercent"):
            if not 0 <= outlier.get(field, 0) <= 100:
                yield f"{field} is {outlier[field]}"


def _connection_pool(pool: Mapping[str, Any] | None) -> Reasons:
    if pool is None:
        return
    if not pool:
        yield "an empty connectionPool"
    for settings in pool.values():
        for field, value in settings.items():
            if type(value) is int and value < 0:
                yield f"{field} is {value}"
        if settings.get("useClientProtocol") and settings.get("h2UpgradePolicy") == "UPGRADE":
            yield "useClientProtocol beside h2UpgradePolicy"


def _consistent_hash(consistent: Mapping[str, Any]) -> Reasons:
    cookie = consistent.get("httpCookie")
    if cookie is not None:
        if not cookie["name"]:
            yield "a cookie without a name"
        if "ttl" in cookie and values.seconds(cookie["ttl"]) is None:
            yield f"{values.shown(cookie['ttl'])} is no lifetime of a cookie"
        attributes = [attribute["name"] for attribute in cookie.get("attributes", ())]
        if len(attributes) > len({*attributes}) or "" in attributes:
            yield "two attributes of a cookie with one name"
        for text in (v for a in cookie.get("attributes", ()) for v in a.values()):
            if values.octets(text) > values.LONGEST_HEADER or any(c in text for c in "\0\r\n"):
                yield f"{values.shown(text)} in a cookie"
    if "httpHeaderName" in consistent:
        yield values.matched_header(consistent["httpHeaderName"])
    if not consistent.get("httpQueryParameterName", "x"):
        yield "an empty query parameter to hash"
    size = consistent.get("maglev", {}).get("tableSize", 3)
    if not 0 < size < LARGEST_TABLE or any(not size % n for n in range(2, int(size**0.5) + 1)):
        yield f"{size} is no prime, as the size of a table has to be"


def service_entry_faults(spec: Mapping[str, Any], namespace: str) -> Reasons:
    """ValidateServiceEntry."""
    wrong = list(misfits(spec_schema("ServiceEntry"), spec))
    if wrong:
        yield from wrong
        return
    for host in spec["hosts"]:
        yield values.domain(host)
        if spec.get("resolution") == "DNS" and not spec.get("endpoints"):
            yield values.domain(host, star=False)
    ports = spec.get("ports", ())
    for field in ("name", "number"):
        if len(ports) > len({port[field] for port in ports}):
            yield f"two ports with one {field}"
    for port in ports:
        yield values.port(port["number"])
        yield values.label(port["name"])
        if port.get("protocol") not in PORT_PROTOCOLS:
            yield f"{values.shown(port.get('protocol'))} is no protocol"
    for endpoint in spec.get("endpoints", ()):
        if spec.get("resolution") == "STATIC" and not values.address(endpoint["address"]):
            yield f"{values.shown(endpoint['address'])} is no address"
    yield from _export_to(spec.get("exportTo", ()), namespace)


def _export_to(spaces: Sequence[str], namespace: str) -> Reasons:
    named = [namespace if space == "." else space for space in spaces]
    if len(named) > len({*named}) or (len(named) > 1 and {"*", "~"} & {*named}):
        yield "exportTo says a namespace twice"
    for space in named:
        if space not in ("*", "~"):
            yield values.label(space)


def policy_faults(spec: Mapping[str, Any]) -> Reasons:
    """ValidateAuthorizationPolicy."""
    wrong = list(misfits(spec_schema("AuthorizationPolicy"), spec))
    if wrong:
        yield from wrong
        return
    custom = spec.get("action") == "CUSTOM"
    if custom != bool(spec.get("provider", {}).get("name")):
        yield "a provider without the action CUSTOM, or the action without a provider"
    if not spec.get("rules") and spec.get("action") in ("CUSTOM", "DENY"):
        yield "no rules, so it never acts"
    for rule in spec.get("rules", ()):
        for field, part in (("from", "source"), ("to", "operation")):
            if field in rule and not rule[field]:
                yield f"a rule with an empty {field}"
            for entry in rule.get(field, ()):
                yield from _entry(entry.get(part) or {}, part)
        for condition in rule.get("when", ()):
            some = [*condition.get("values", ()), *condition.get("notValues", ())]
            if not condition["key"] or not some:
                yield f"a condition {values.shown(condition['key'])} without values"
            if not CONDITION.fullmatch(condition["key"]):
                yield f"{values.shown(condition['key'])} is no condition of a policy"
            if condition["key"] in ("source.ip", "remote.ip"):
                yield from map(values.network, some)


def _entry(entry: Mapping[str, Sequence[str]], part: str) -> Reasons:
    if not any(entry.values()):
        yield f"an empty {part}"
    for field, texts in entry.items():
        if "" in texts:
            yield f"an empty text in {field}"
        if field.lower().endswith("ipblocks"):
            yield from map(values.network, texts)
        elif field.lower().endswith("paths"):
            yield from map(values.path_template, texts)
        elif field.lower().endswith("ports"):
            for text in texts:
                if not text.isdigit() or int(text) > 65_535:
                    yield f"{values.shown(text)} is no port"
