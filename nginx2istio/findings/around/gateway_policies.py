"""AuthorizationPolicies in force at the gateway, whose clients have no identity in the mesh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nginx2istio.findings.around.estate import Estate
from nginx2istio.findings.around.policies import (
    CONDITIONS,
    IDENTITY,
    action_of,
    applies,
    policies_for,
)
from nginx2istio.findings.around.selectors import matches_pattern
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.rule import Message

HOST_REFUSED = Message(
    "N2I073",
    "approximated",
    "error",
    "Policy that refuses hosts at the gateway",
    "This AuthorizationPolicy is in force at the gateway, and no ALLOW policy there takes "
    "requests for {key}. The gateway answers them with 403.",
    "Add the host to a policy of the gateway, or convert to a gateway of its own "
    "(--gateway-selector).",
    frozenset({"access", "status"}),
)
AT_GATEWAY = Message(
    "N2I074",
    "approximated",
    "warning",
    "Policy that acts on the gateway's hosts",
    "This AuthorizationPolicy ({action}) is in force at the gateway and may refuse requests for "
    "{key} that nginx answers.",
    "Check whether the policy should hold for these hosts.",
    frozenset({"access", "status", "auth"}),
)
MESSAGES = (HOST_REFUSED, AT_GATEWAY)


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each policy that is in force at the gateway: the hosts whose requests it may refuse."""
    home = estate.options.gateway_namespace
    here = [p for p in policies_for(home, estate) if applies(p, estate.gateway) is not False]
    hosts = [
        name
        for server in estate.config.servers
        if server.host != "_"
        for name in (server.host, *server.aliases)
    ]
    rules = [(policy, action_of(policy), _rules(policy)) for policy in here]
    for host in hosts:
        naming = [(p, action, [r for r in own if _names_host(r, host)]) for p, action, own in rules]
        allowing = [rule for _, action, named in naming if action == "ALLOW" for rule in named]
        wholly = not all(map(_is_narrow, allowing))
        for policy, action, named in naming:
            facts = {"key": host, "action": action}
            if action == "ALLOW" and not allowing:
                yield placed(HOST_REFUSED, origin_of(policy), (host,), **facts)
            elif named and (action in ("DENY", "CUSTOM") or (action == "ALLOW" and not wholly)):
                yield placed(AT_GATEWAY, origin_of(policy), (host,), **facts)


def _rules(policy: Resource) -> list[Mapping[str, Any]]:
    """The rules that can take requests of clients from outside."""
    rules = mappings(mapping(policy.body.get("spec")).get("rules"))
    return [outside for rule in rules if (outside := _of_clients(rule)) is not None]


def _of_clients(rule: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """A rule with the sources that can be clients from outside; None where there is none."""
    sources = [mapping(f.get("source")) for f in mappings(rule.get("from"))]
    outside = [s for s in sources if not any(s.get(key) for key in IDENTITY)]
    conditions = mappings(rule.get("when"))
    if any(c.get("key") in CONDITIONS and c.get("values") for c in conditions):
        return None
    return None if sources and not outside else {**rule, "from": outside}


def _names_host(rule: Mapping[str, Any], host: str) -> bool:
    """Whether a rule is also for a host; policies name hosts with or without a port."""
    operations = [mapping(t.get("operation")) for t in mappings(rule.get("to"))]
    return not operations or any(_takes_host(o, host) for o in operations)


def _takes_host(operation: Mapping[str, Any], host: str) -> bool:
    name = host.lower().removeprefix("*")
    named = [str(text).lower() for text in operation.get("hosts") or ()]
    others = [str(text).lower() for text in operation.get("notHosts") or ()]
    return (not named or any(matches_pattern(text, name) for text in named)) and not any(
        matches_pattern(text, name) for text in others
    )


def _is_narrow(rule: Mapping[str, Any]) -> bool:
    """Whether a rule takes only some requests of a host."""
    operations = [mapping(t.get("operation")) for t in mappings(rule.get("to"))]
    narrow = bool(operations) and all(o.keys() - {"hosts"} for o in operations)
    sources = list(mappings(rule.get("from")))
    return narrow or bool(rule.get("when")) or (bool(sources) and all(sources))
