"""The DestinationRule of a host, among those of several namespaces, as pilot chooses it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.pilot.scope import GatewayProxies, by_age

_SERVICE = re.compile(r"[^.]+\.([^.]+)\.svc\.cluster\.local")


class DestinationRules:
    """DestinationRules by host. Those of one host in a namespace are one rule."""

    def __init__(self, rules: Iterable[Json] = (), pods: GatewayProxies | None = None):
        self.pods = pods or GatewayProxies()
        in_order = by_age(rules)
        self.all = _Rules(in_order)
        self.of_namespace: dict[str, list[Json]] = {}
        for rule in in_order:
            self.of_namespace.setdefault(_namespace(rule), []).append(rule)
        self.groups: dict[tuple[str, bool], _Rules] = {}
        self.known: dict[str, Json] = {}

    def of(self, host: str) -> Json:
        """The spec of the rule for a host; empty without one."""
        if host not in self.known:
            specs = (rules.most_specific(host) for rules in self._in_turn(host))
            self.known[host] = next(filter(None, specs), {})
        return self.known[host]

    def _in_turn(self, host: str) -> Iterator[_Rules]:
        """The rules of one namespace after the other (``PushContext.destinationRule``)."""
        if not self.pods.pods:
            yield self.all
            return
        service = _SERVICE.fullmatch(host)
        for home in self.pods.namespaces:
            yield self._group(home, at_home=True)
        for namespace in (service[1] if service else "", self.pods.root):
            yield self._group(namespace, at_home=False)

    def _group(self, namespace: str, at_home: bool) -> _Rules:
        """The rules of a namespace: of the pods' own, or of another that exports them."""
        group = self.groups.get((namespace, at_home))
        if group is None:
            rules = self.of_namespace.get(namespace, ())
            if not at_home:
                homes = self.pods.namespaces
                rules = [r for r in rules if any(self.pods.exported(r, home) for home in homes)]
            elif namespace == self.pods.root:
                rules = [rule for rule in rules if _private(rule)]
            group = self.groups[namespace, at_home] = _Rules(rules)
        return group


class _Rules:
    """Some rules by their hosts and stars."""

    def __init__(self, rules: Iterable[Json]):
        self.by_host: dict[str, list[Json]] = {}
        for rule in rules:
            self.by_host.setdefault(_full_name(rule), []).append(rule["spec"])
        self.stars = [name for name in self.by_host if name.startswith("*")]

    def most_specific(self, host: str) -> Json:
        """The rule of a host itself, else of the longest star that covers it."""
        stars = [name for name in self.stars if host.endswith(name[1:])]
        name = host if host in self.by_host else max(stars, key=len, default="")
        return _joined(self.by_host.get(name, ()))


def _namespace(rule: Json) -> str:
    return str(rule["metadata"].get("namespace", ""))


def _private(rule: Json) -> bool:
    return rule["spec"].get("exportTo") in (["."], [_namespace(rule)])


def _full_name(rule: Json) -> str:
    host = str(rule["spec"]["host"])
    if "." in host or "*" in host:
        return host
    return f"{host}.{_namespace(rule)}.svc.cluster.local"


def _joined(specs: Sequence[Json]) -> Json:
    """One rule of several: the first policy, and all subsets (``mergeDestinationRule``)."""
    if len(specs) < 2:
        return specs[0] if specs else {}
    subsets: dict[str, Any] = {}
    for spec in specs:
        for subset in spec.get("subsets", ()):
            subsets.setdefault(subset["name"], subset)
    policies = (spec["trafficPolicy"] for spec in specs if "trafficPolicy" in spec)
    return {"trafficPolicy": next(policies, {}), "subsets": list(subsets.values())}


def policy_at_port(policy: Json, number: int | None) -> dict[str, Any]:
    """A policy's fields for a port, whose own stand for the whole (``MergeTrafficPolicy``)."""
    of_port = (
        each
        for each in policy.get("portLevelSettings", ())
        if each.get("port", {}).get("number") == number
    )
    fields = next(of_port, policy)
    return {k: v for k, v in fields.items() if k not in ("port", "portLevelSettings")}
