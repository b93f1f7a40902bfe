"""NetworkPolicies by what they select: whether the gateway reaches what ingress-nginx does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.findings.around.estate import Backend, Estate, Pods
from nginx2istio.findings.around.selectors import Answer, either, every, selects
from nginx2istio.findings.collisions import origin_of
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.rule import Message

CUT_OFF = Message(
    "N2I081",
    "approximated",
    "error",
    "Network policy without the new gateway",
    "This NetworkPolicy selects the pods of Service {key}, and no policy of theirs lets the "
    "gateway's pods of namespace {namespace} in{how}. The gateway answers 503.",
    "Let the gateway's pods in beside those of ingress-nginx before DNS moves: see the plan.",
    frozenset({"status", "timeout"}),
)
UNSURE = Message(
    "N2I082",
    "approximated",
    "warning",
    "Network policy that may stop the gateway",
    "This NetworkPolicy selects the pods of Service {key}. It lets ingress-nginx in, and it "
    "depends on addresses or labels that were not read whether it lets the gateway in.",
    "Check that the policy takes the gateway's pods.",
    frozenset({"status", "timeout"}),
)
NO_WAY_OUT = Message(
    "N2I083",
    "approximated",
    "error",
    "Network policy that keeps the gateway in",
    "This NetworkPolicy limits what the gateway's pods reach, and no policy of theirs lets them "
    "reach the pods of Service {key}. The gateway answers 503.",
    "Let the gateway's pods reach the backend, in a policy of their namespace, before DNS moves.",
    frozenset({"status", "timeout"}),
)
NO_WAY_IN = Message(
    "N2I084",
    "approximated",
    "error",
    "Network policy that keeps clients out",
    "This NetworkPolicy selects the gateway's pods, and no policy of theirs lets all clients in. "
    "Clients outside of the cluster may get no connection.",
    "Let the addresses of the clients, or of the load balancer, in on the gateway's ports.",
    frozenset({"status", "timeout"}),
)
MESSAGES = (CUT_OFF, UNSURE, NO_WAY_OUT, NO_WAY_IN)

_HBONE = "15008"
"""The port on which ztunnel takes the gateway's traffic to pods in ambient mode."""
_EVERYBODY = ("0.0.0.0/0", "::/0")


def findings(estate: Estate) -> Iterator[PlacedFinding]:
    """Of each policy that leaves the gateway out: the backends that it can't reach."""
    of_gateway = estate.within("NetworkPolicy", estate.gateway.namespace)
    for backend in estate.backends:
        policies = estate.within("NetworkPolicy", backend.namespace)
        for pods in backend.pods:
            problems = list(_way_in(policies, pods, backend, estate))
            problems += _way_out(of_gateway, pods, backend, estate)
            yield from problems
            if problems:
                break
    if of_gateway and estate.backends:
        yield from _clients(of_gateway, estate)


def _way_in(
    policies: Iterable[Resource], pods: Pods, backend: Backend, estate: Estate
) -> Iterator[PlacedFinding]:
    here = _selecting(policies, pods, "Ingress")
    if not here:
        return
    today = _allowed(here, "ingress", "from", estate.nginx, backend.ports, estate)
    if not estate.choice.workload and today is False:
        today = None  # it may be elsewhere, under other labels
    tomorrow = _allowed(
        here, "ingress", "from", estate.gateway, _ports(pods, backend, estate), estate
    )
    if today is False or tomorrow:
        return
    how = f" on port {_HBONE} (ambient mode)" if estate.ambient(pods) else ""
    message = CUT_OFF if tomorrow is False else UNSURE
    if message is UNSURE and not (today or estate.nginx.host_network):
        return
    for policy, _ in here:
        yield from _at(message, policy, backend, estate, how)


def _way_out(
    policies: Iterable[Resource], pods: Pods, backend: Backend, estate: Estate
) -> Iterator[PlacedFinding]:
    here = _selecting(policies, estate.gateway, "Egress")
    ports = _ports(pods, backend, estate)
    if here and _allowed(here, "egress", "to", pods, ports, estate) is False:
        for policy, _ in here:
            yield from _at(NO_WAY_OUT, policy, backend, estate, "")


def _ports(pods: Pods, backend: Backend, estate: Estate) -> frozenset[str]:
    """Where the gateway connects to: ztunnel takes HBONE for the pods of ambient mode."""
    return frozenset((_HBONE,)) if estate.ambient(pods) else backend.ports


def _at(
    message: Message, policy: Resource, backend: Backend, estate: Estate, how: str
) -> Iterator[PlacedFinding]:
    facts = {"key": backend.key, "namespace": estate.options.gateway_namespace, "how": how}
    for path, hosts in backend.places.items():
        yield placed(message, origin_of(policy), hosts, path, **facts)


def _clients(policies: Iterable[Resource], estate: Estate) -> Iterator[PlacedFinding]:
    here = _selecting(policies, estate.gateway, "Ingress")
    rules = [r for p, _ in here for r in mappings(mapping(p.body.get("spec")).get("ingress"))]
    if here and not any(_takes_everybody(rule) for rule in rules):
        for policy, _ in here:
            yield placed(NO_WAY_IN, origin_of(policy), ("*",))


def _takes_everybody(rule: Mapping[str, Any]) -> bool:
    """Whether a rule is also for clients outside of the cluster; blocks may be a balancer's."""
    peers = [mapping(peer) for peer in rule.get("from") or ()]
    return not peers or any(peer.get("ipBlock") for peer in peers)


def _selecting(
    policies: Iterable[Resource], pods: Pods, direction: str
) -> list[tuple[Resource, Answer]]:
    """The policies that select some pods, surely (True) or perhaps (None), in a direction."""
    selecting: list[tuple[Resource, Answer]] = []
    for policy in policies:
        spec = mapping(policy.body.get("spec"))
        # Without policyTypes it is Ingress, and Egress where there are such rules.
        usual = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
        if direction in (spec.get("policyTypes") or usual):
            answer = selects(spec.get("podSelector"), pods.labels, pods.complete)
            if answer is not False:
                selecting.append((policy, answer))
    return selecting


def _allowed(
    policies: Sequence[tuple[Resource, Answer]],
    rules: str,
    peers: str,
    other: Pods,
    ports: frozenset[str],
    estate: Estate,
) -> Answer:
    """Whether the policies of some pods let other pods through: one suffices."""
    answers = [
        every((_takes(rule, peers, other, policy, estate), _on_ports(rule, ports), selected))
        for policy, selected in policies
        for rule in mappings(mapping(policy.body.get("spec")).get(rules))
    ]
    through = either(answers)
    surely = any(selected for _, selected in policies)
    return through if surely or through else None


def _takes(
    rule: Mapping[str, Any], peers: str, other: Pods, policy: Resource, estate: Estate
) -> Answer:
    listed = list(mappings(rule.get(peers)))
    return either(_is(p, other, policy, estate) for p in listed) if listed else True


def _is(peer: Mapping[str, Any], other: Pods, policy: Resource, estate: Estate) -> Answer:
    block = mapping(peer.get("ipBlock"))
    if block:
        return True if block.get("cidr") in _EVERYBODY and not block.get("except") else None
    by_namespace, by_pod = peer.get("namespaceSelector"), peer.get("podSelector")
    if by_namespace is None:
        answers: list[Answer] = [policy.namespace == other.namespace]
    else:
        answers = [selects(by_namespace, *estate.namespace_labels(other.namespace))]
    answers.append(selects(by_pod, other.labels, other.complete))
    answer = every(answers)
    # Pods in the network of their node have its address; network plugins differ.
    return None if other.host_network and answer else answer


def _on_ports(rule: Mapping[str, Any], ports: frozenset[str]) -> Answer:
    listed = list(mappings(rule.get("ports")))
    if not listed:
        return True
    if not ports:
        return None
    return every(either(_on_port(entry, port) for entry in listed) for port in sorted(ports))


def _on_port(entry: Mapping[str, Any], port: str) -> Answer:
    if str(entry.get("protocol") or "TCP").upper() != "TCP":
        return False
    first = entry.get("port")
    if first is None or str(first) == port:
        return True
    if not (str(first).isdigit() and port.isdigit()):
        return None  # a name of a container's port
    last = int(entry.get("endPort") or first)
    return int(first) <= int(port) <= last
