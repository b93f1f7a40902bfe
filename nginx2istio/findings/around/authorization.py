"""AuthorizationPolicies that let ingress-nginx through and not the gateway, or the reverse.

A rule is looked at twice: does it take requests of the controller's pods, and those of the
gateway's? What it asks else (paths, methods, ...) is the same for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from nginx2istio.findings.around.estate import Backend, Estate, Pods
from nginx2istio.findings.around.policies import (
    CONDITIONS,
    IDENTITY,
    action_of,
    applies,
    policies_for,
)
from nginx2istio.findings.around.selectors import Answer, either, every, matches_pattern
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.fields import frozen
from nginx2istio.rule import Message

GATEWAY_REFUSED = Message(
    "N2I070",
    "approximated",
    "error",
    "Policy that refuses the new gateway",
    "This AuthorizationPolicy lets ingress-nginx reach Service {key}, and refuses pods of "
    "namespace {namespace}. The backend's proxy answers the gateway with 403.",
    "Add the gateway to the policy beside ingress-nginx before DNS moves: see the plan.",
    frozenset({"access", "status"}),
)
NOT_REFUSED = Message(
    "N2I071",
    "approximated",
    "error",
    "Policy that no longer denies requests",
    "This AuthorizationPolicy denies requests of ingress-nginx to Service {key}, and no requests "
    "of namespace {namespace}. Clients can get through the gateway what they can't get today.",
    "Add the gateway to the policy beside ingress-nginx before DNS moves: see the plan.",
    frozenset({"access", "status"}),
)
BY_ADDRESS = Message(
    "N2I072",
    "approximated",
    "warning",
    "Policy that names addresses of pods",
    "This AuthorizationPolicy looks at the addresses of the pods that send requests to Service "
    "{key}. The gateway's pods have other addresses than those of ingress-nginx.",
    "Check that the policy takes the addresses of the gateway's pods.",
    frozenset({"access", "status"}),
)
MESSAGES = (GATEWAY_REFUSED, NOT_REFUSED, BY_ADDRESS)

_ADDRESSES = ("ipBlocks", "notIpBlocks")
_TRUST_DOMAIN = "cluster.local"


class _Grant(NamedTuple):
    """One source of a rule: whether it takes each of the two, and what else the rule asks."""

    nginx: Answer
    gateway: Answer
    rest: Any
    addresses: bool


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each policy: the backends before which it treats the gateway in another way."""
    for backend in estate.backends:
        # Without a proxy nothing enforces a policy.
        pods = [p for p in backend.pods if estate.in_mesh(p) is not False]
        here = [
            (policy, _grants(policy, estate))
            for policy in policies_for(backend.namespace, estate)
            if any(applies(policy, p) is not False for p in pods)
        ]
        yield from _before(here, backend, estate)


def _before(
    policies: Sequence[tuple[Resource, list[_Grant]]], backend: Backend, estate: Estate
) -> Iterator[PlacedFinding]:
    allowed = [g for p, grants in policies if action_of(p) == "ALLOW" for g in grants]
    all_of_gateway = any(g.gateway is not False and not _asks(g.rest) for g in allowed)
    of_gateway = [g.rest for g in allowed if g.gateway is not False]
    for policy, grants in policies:
        messages = []
        match action_of(policy):
            case "ALLOW":
                lost = [g for g in grants if g.nginx is not False and g.gateway is False]
                if not all_of_gateway and any(g.rest not in of_gateway for g in lost):
                    messages.append(GATEWAY_REFUSED)
            case "DENY":
                if any(g.nginx is False and g.gateway is not False for g in grants):
                    messages.append(GATEWAY_REFUSED)
                same = [g.rest for g in grants if g.gateway is not False]
                gone = [g for g in grants if g.nginx is not False and g.gateway is False]
                if any(g.rest not in same for g in gone):
                    messages.append(NOT_REFUSED)
            case _:
                continue
        if not messages and any(g.addresses for g in grants):
            messages.append(BY_ADDRESS)
        facts = {"key": backend.key, "namespace": estate.options.gateway_namespace}
        for message in messages:
            for path, hosts in backend.places.items():
                yield placed(message, origin_of(policy), hosts, path, **facts)


def _asks(rest: Any) -> bool:
    return bool(rest != _rest({}, {}, ()))


def _grants(policy: Resource, estate: Estate) -> list[_Grant]:
    grants = []
    for rule in mappings(mapping(policy.body.get("spec")).get("rules")):
        when = list(mappings(rule.get("when")))
        conditions = [
            {plural: c.get("values"), _negated(plural): c.get("notValues")}
            for c in when
            if (plural := CONDITIONS.get(str(c.get("key"))))
        ]
        others = [c for c in when if c.get("key") not in (*CONDITIONS, "source.ip")]
        by_ip = any(c.get("key") == "source.ip" for c in when)
        for source in [mapping(f.get("source")) for f in mappings(rule.get("from"))] or [{}]:
            asked = (source, *conditions)
            grants.append(
                _Grant(
                    every(_takes(s, estate.nginx, policy.namespace, estate) for s in asked),
                    every(_takes(s, estate.gateway, policy.namespace, estate) for s in asked),
                    _rest(source, rule, others),
                    by_ip or any(source.get(key) for key in _ADDRESSES),
                )
            )
    return grants


def _rest(source: Mapping[str, Any], rule: Mapping[str, Any], when: Sequence[Any]) -> Any:
    """What a rule asks besides the identity of the sender."""
    named = {*IDENTITY, *map(_negated, IDENTITY), *_ADDRESSES}
    more = {key: value for key, value in source.items() if key not in named and value}
    return frozen([more, list(rule.get("to") or ()), list(when)])


def _negated(key: str) -> str:
    return f"not{key[0].upper()}{key[1:]}"


def _takes(source: Mapping[str, Any], pods: Pods, namespace: str, estate: Estate) -> Answer:
    """Whether a source takes requests of some pods, by their identity."""
    answers: list[Answer] = []
    for kind in IDENTITY:
        for key, yes in ((kind, True), (_negated(kind), False)):
            values = [str(value) for value in source.get(key) or ()]
            if values:
                one_is = either(_is(kind, value, pods, namespace, estate) for value in values)
                answers.append(one_is if yes or one_is is None else not one_is)
    return every(answers)


def _is(kind: str, value: str, pods: Pods, namespace: str, estate: Estate) -> Answer:
    """Whether a value names some pods; without their service account it may be theirs."""
    if not estate.choice.workload and pods is estate.nginx and _may_be_nginx(value):
        return None
    if kind == "namespaces":
        return matches_pattern(value, pods.namespace)
    if kind == "serviceAccounts":
        space, slash, account = value.rpartition("/")
        if (space if slash else namespace) != pods.namespace:
            return False
        return account == pods.account if pods.account else None
    domains = {_TRUST_DOMAIN, str(estate.mesh.get("trustDomain") or _TRUST_DOMAIN)}
    return either(_is_principal(value, f"{d}/ns/{pods.namespace}/sa/", pods) for d in domains)


def _may_be_nginx(value: str) -> bool:
    """Whether a name may be that of a controller that is not among the input."""
    return "nginx" in value or "ingress" in value


def _is_principal(value: str, start: str, pods: Pods) -> Answer:
    if pods.account:
        return matches_pattern(value, start + pods.account)
    if value.startswith("*"):
        return True if value == "*" else None
    if value.endswith("*"):
        return True if start.startswith(value[:-1]) else (value.startswith(start) and None)
    return None if value.startswith(start) else False
