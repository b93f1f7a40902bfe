"""AuthorizationPolicies at the gateway: whose requests, to which hosts and paths, are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from nginx2istio.istio.assemble.virtual_host import GatewayRef, within_star
from nginx2istio.istio.objects import Noted, Object, dns_name, new_object, short_hash, told_apart
from nginx2istio.istio.policy.operations import operations
from nginx2istio.istio.policy.path_patterns import PolicyPaths

ODD_PORT = "[^:]+:([0-9]|[0-79][0-9]|8[1-9]|[0-35-9][0-9][0-9]|4[0-35-9][0-9]|44[0-24-9]|[0-9]{4,})"
"""Host headers with a port that is neither 80 nor 443, see ``host_patterns``."""

# A gateway's TLS servers are chosen by the name that the client asks for: over TLS there is one.
OVER: Mapping[str, Object] = {
    "tls": {"key": "connection.sni", "values": ["*"]},
    "https": {"key": "request.headers[x-forwarded-proto]", "notValues": ["http"]},
}


@dataclass(frozen=True, slots=True)
class Part:
    """Some routes of a host under one policy, and which of their requests it concerns.

    ``origins`` exempts OPTIONS requests from these origins (``*``: all OPTIONS). ``over`` is "tls"
    for requests over TLS only, "https" for those that no proxy in front took over plain HTTP.
    """

    names: tuple[str, ...]
    fits: tuple[PolicyPaths, ...]
    origins: tuple[str, ...] = ()
    over: Literal["", "tls", "https"] = ""


def host_patterns(name: str) -> list[str]:
    """What an AuthorizationPolicy calls a host. It compares the Host header, port and all.

    A pattern has one star only, so the ports are written out for ``*.x``; a route that
    matches ``ODD_PORT`` has to refuse the others.
    """
    if name == "*":
        return []
    if name.startswith("*"):
        return [name, f"{name}:80", f"{name}:443"]
    return [name, f"{name}:*"]


def origin_patterns(origins: Sequence[str]) -> list[str]:
    """Origins as a policy compares a header: exactly, or by the end after a star."""
    return [f"*{o.partition('*')[2]}" if "*" in o else o for o in origins]


def origin_regex(origins: Sequence[str]) -> str:
    """A regular expression for all that ``origin_patterns`` let through."""
    some = [re.escape(p.lstrip("*")).replace(r"\-", "-") for p in origin_patterns(origins)]
    stars = [".*" if p.startswith("*") else "" for p in origin_patterns(origins)]
    return "|".join(star + text for star, text in zip(stars, some, strict=True))


def rules(
    sources: Sequence[Mapping[str, Any]], parts: Sequence[Part], others: Sequence[str] = ()
) -> list[Object]:
    """Rules for requests from ``sources`` (all, if none) to the parts, not to ``others``."""
    policy_rules: list[Object] = []
    groups: dict[tuple[str, tuple[str, ...]], list[Part]] = {}
    for part in parts:
        groups.setdefault((part.over, part.origins), []).append(part)
    for (over, origins), alike in groups.items():
        tls = [dict(OVER[over])] if over else []
        if not origins:
            policy_rules.append(_rule(sources, alike, others, {}, tls))
            continue
        policy_rules.append(_rule(sources, alike, others, {"notMethods": ["OPTIONS"]}, tls))
        if origins != ("*",):
            foreign = {"key": "request.headers[origin]", "notValues": origin_patterns(origins)}
            policy_rules.append(
                _rule(sources, alike, others, {"methods": ["OPTIONS"]}, [*tls, foreign])
            )
    return policy_rules


def _rule(
    sources: Sequence[Mapping[str, Any]],
    parts: Sequence[Part],
    others: Sequence[str],
    methods: Object,
    when: Sequence[Object],
) -> Object:
    operations_of = list(_operations(parts, others, methods))
    rule: Object = {}
    if sources:
        rule["from"] = [{"source": dict(s)} for s in sources]
    if all(operations_of):
        rule["to"] = [{"operation": o} for o in operations_of]
    if when:
        rule["when"] = list(when)
    return rule


def _operations(parts: Sequence[Part], others: Sequence[str], methods: Object) -> Iterator[Object]:
    for part in parts:
        for names, excluded in _host_groups(part.names, others):
            hosts = [] if "*" in names else [p for name in names for p in host_patterns(name)]
            not_hosts = [p for name in excluded for p in host_patterns(name)]
            for paths in operations(part.fits):
                whole: Object = {"hosts": hosts} if hosts else {}
                if not_hosts:
                    whole["notHosts"] = not_hosts
                yield whole | paths | methods


def _host_groups(
    names: Sequence[str], others: Sequence[str]
) -> list[tuple[Sequence[str], Sequence[str]]]:
    """Names, and the hosts to exclude beside them: never one that takes in a name itself.

    ``others`` are hosts below the names. An alias may be below one of them in turn.
    """
    if not any(within_star(other, name) for name in names for other in others):
        return [(names, others)]
    return [([name], [other for other in others if within_star(name, other)]) for name in names]


def policy(
    target: GatewayRef,
    title: str,
    action: str,
    rules: Sequence[Object],
    provider: str = "",
    sources: Sequence[str] = (),
) -> Noted:
    """An AuthorizationPolicy for the gateway's pods; what it says is part of its name."""
    spec: Object = {"selector": {"matchLabels": dict(target.selector)}, "action": action}
    if provider:
        spec["provider"] = {"name": provider}
    spec["rules"] = list(rules)
    name = dns_name(told_apart(f"{title}-{short_hash(repr(spec))}", target.controller))
    return new_object("AuthorizationPolicy", target.namespace, name, spec, list(sources))
