"""The cut-over as ordered steps: what to do, why, and the commands."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.objects import MANAGED_BY, managed
from nginx2istio.report.plan.checks import checks
from nginx2istio.report.plan.neighbours import cert_manager, external_dns, network_policies
from nginx2istio.report.plan.step import Step

BEFORE_ROUTES = ("ServiceEntry", "DestinationRule", "AuthorizationPolicy", "EnvoyFilter")
"""Kinds in the order in which they are applied; routes and Gateways follow."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the steps are made of, as words for a shell."""

    conversion: Conversion
    label: str
    gateway: str
    actions: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def plan(conversion: Conversion) -> list[dict[str, Any]]:
    """The steps as data, in order; fields that a step doesn't need are left out."""
    if not conversion.objects:
        return []
    options = conversion.options
    actions: dict[str, list[Mapping[str, Any]]] = {}
    for action in conversion.actions:
        actions.setdefault(action["kind"], []).append(action)
    selector = ",".join(f"{k}={v}" for k, v in sorted(options.gateway_selector.items()))
    facts = _Facts(
        conversion,
        shlex.quote(f"{MANAGED_BY}={managed(options.trial)[MANAGED_BY]}"),
        f"-n {shlex.quote(options.gateway_namespace)} -l {shlex.quote(selector)}",
        actions,
    )
    steps = _trial(facts) if options.trial else _cut_over(facts)
    return [_data(step) for step in steps]


def _data(step: Step) -> dict[str, Any]:
    given = {k: v for k, v in asdict(step).items() if v}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}


def _cut_over(facts: _Facts) -> Iterator[Step]:
    yield _prepare(facts)
    yield from _surroundings(facts)
    yield from cert_manager(facts.conversion)
    yield from _applying(facts)
    yield _tests(facts)
    yield external_dns(facts.conversion)
    yield _dns(facts)
    yield _rollback(facts)
    yield _remove(facts)


def _trial(facts: _Facts) -> Iterator[Step]:
    yield Step(
        "trial",
        "what is tried",
        "Hosts under other names, beside whatever is live: objects, routes and subsets have names "
        "of their own, and back ends see the real host names. It does not show what certificates "
        "do, nor what clients and back ends make of the names. A Service's DestinationRules are "
        "one to Istio: those of the trial have subsets only, which nobody else asks for, and what "
        "a live one says for all its subsets holds for them as well. Mesh configuration is for "
        "all. The names need no DNS: see how to test the hosts below.",
        hosts=tuple(sorted(facts.conversion.trial.values())),
    )
    yield _prepare(facts)
    yield from _surroundings(facts)
    yield from _applying(facts)
    yield _tests(facts)
    yield _end_of_trial(facts)


def _prepare(facts: _Facts) -> Step:
    address = facts.conversion.options.gateway_address
    find = (
        f"kubectl get service {facts.gateway} -o jsonpath="
        "'{.items[0].status.loadBalancer.ingress[0].ip}"
        "{.items[0].status.loadBalancer.ingress[0].hostname}'"
    )
    asked = shlex.quote(address) if address else f'"$({find})"'
    return Step(
        "prepare",
        "set what the commands below use",
        "OUT is the folder that convert -o wrote, GATEWAY the address of the new gateway. It "
        "has to be running; nothing is changed yet. Lower the TTL of the hosts' DNS records to a "
        "minute now, so that the old one has passed when they move.",
        (
            "OUT=istio",
            f"GATEWAY=$(getent ahosts {asked} | awk 'NR == 1 {{ print $1 }}')",
            f"kubectl get pods {facts.gateway}",
        ),
    )


def _surroundings(facts: _Facts) -> Iterator[Step]:
    """What has to be there before the objects."""
    actions = facts.actions
    for action in actions.get("mesh-config", ()):
        yield Step(
            "mesh-config",
            "set the mesh configuration",
            "Without it some of the objects do not work, or protections can be passed by. Merge it "
            "into meshConfig of your Helm values or IstioOperator, so that the next upgrade keeps "
            "it; the command shows what is in force. It holds for the whole mesh.",
            ("kubectl get configmap istio -n istio-system -o jsonpath='{.data.mesh}'",),
            yaml=str(action["yaml"]),
        )
    copied = actions.get("copy-secret", ())
    if copied:
        there = facts.conversion.options.gateway_namespace
        names = shlex.join(sorted(a["to"].partition("/")[2] for a in copied))
        yield Step(
            "secrets",
            "copy Secrets to the gateway's namespace",
            "The gateway reads Secrets of its own namespace only. The commands print none of "
            "them. A copy is not renewed with its original: run the commands again after each "
            "renewal, until something else does it.",
            (
                *(str(a["command"]) for a in copied),
                f"kubectl get secret -n {shlex.quote(there)} -o name {names}",
            ),
        )
    labels = actions.get("label-service", ())
    if labels:
        yield Step(
            "services",
            "label Services",
            "Istio finds by these labels how to speak to them.",
            tuple(_label(a) for a in labels if a.get("labels")),
            yaml="---\n".join(str(a["yaml"]) for a in labels if a.get("yaml")),
        )
    for kind in sorted(actions.keys() - {"mesh-config", "copy-secret", "label-service"}):
        for action in actions[kind]:
            commands = (str(action["command"]),) if action.get("command") else ()
            yield Step(kind, action["text"], "", commands, str(action.get("yaml", "")))
    yield network_policies(facts.conversion)


def _label(action: Mapping[str, Any]) -> str:
    namespace, _, name = action["service"].partition("/")
    labels = shlex.join(f"{k}={v}" for k, v in sorted(action["labels"].items()))
    return f"kubectl label service -n {shlex.quote(namespace)} {shlex.quote(name)} {labels}"


def _applying(facts: _Facts) -> Iterator[Step]:
    kinds = {str(o["kind"]) for o in facts.conversion.objects}
    yield Step(
        "check",
        "let the cluster check the objects",
        "The API server and Istio's webhook check them all, and nothing is stored; the second "
        "command shows what would change.",
        ('kubectl apply --dry-run=server -k "$OUT"', 'kubectl diff -k "$OUT"'),
    )
    first = [k for k in BEFORE_ROUTES if k in kinds]
    if first:
        yield Step(
            "apply-policies",
            "apply what routes rely on: " + ", ".join(first),
            "Subsets are there before routes name them, and protections are in force before there "
            "is anything to reach. DestinationRules act on clients in the mesh, too, at once.",
            tuple(_apply(kind) for kind in first),
        )
    yield Step(
        "apply-routes",
        "apply VirtualServices and Gateways",
        "From here on the new gateway answers for the hosts. No client sees it, as long as the "
        "names lead to ingress-nginx.",
        ('kubectl apply -k "$OUT"', "istioctl proxy-status"),
    )


def _apply(kind: str) -> str:
    """One kind out of the folder: its files begin with the kind's name (``istio/objects.py``)."""
    files = f"find \"$OUT\" -name '{kind.lower()}-*' -exec"
    return f"{files} awk 'FNR == 1 {{ print \"---\" }} {{ print }}' {{}} + | kubectl apply -f -"


def _tests(facts: _Facts) -> Step:
    conversion = facts.conversion
    found = tuple(checks(conversion.objects, conversion.options.trial))
    return Step(
        "test-hosts",
        "test the hosts at the new gateway, before DNS moves",
        "curl asks the new gateway whatever DNS says. Where the answer is certain it stands "
        "behind; where it is the back end's, compare it with today's (leave --resolve out). Try "
        "what matters to you as well: logins, uploads, WebSockets.",
        hosts=tuple(dict.fromkeys(c.host for c in found)),
        tests=found,
    )


def _dns(facts: _Facts) -> Step:
    return Step(
        "dns",
        "move DNS, a few hosts first",
        "Point one host's record at $GATEWAY, watch it, then the rest. ingress-nginx stays as it "
        "is: both answer the same, so that clients with either address are served, and none is "
        "turned away. Clients that keep connections open or addresses cached stay with "
        "ingress-nginx for longer than the TTL.",
        (f"kubectl logs {facts.gateway} --tail=100 --prefix",),
    )


def _rollback(facts: _Facts) -> Step:
    return Step(
        "rollback",
        "how to go back",
        "Point the DNS records at ingress-nginx again: that is all that clients need, and it "
        "loses no request, as the gateway goes on answering. Take the objects away only after the "
        "TTL has passed; Gateways and routes go first, protections last.",
        tuple(_deleting(facts)),
    )


def _deleting(facts: _Facts) -> Iterator[str]:
    kinds = {str(o["kind"]) for o in facts.conversion.objects}
    first = [k.lower() for k in ("Gateway", "VirtualService") if k in kinds]
    last = sorted(k.lower() for k in kinds if k.lower() not in first)
    for group in (first, last):
        if group:
            yield f"kubectl delete {','.join(_full(k) for k in group)} -A -l {facts.label}"
    for action in facts.actions.get("copy-secret", ()):
        namespace, _, name = action["to"].partition("/")
        yield f"kubectl delete secret -n {shlex.quote(namespace)} {shlex.quote(name)}"
    for action in facts.actions.get("label-service", ()):
        if action.get("labels"):
            namespace, _, name = action["service"].partition("/")
            keys = shlex.join(f"{key}-" for key in sorted(action["labels"]))
            where = f"-n {shlex.quote(namespace)} {shlex.quote(name)}"
            yield f"kubectl label service {where} {keys}"


def _full(kind: str) -> str:
    """A kind by its full name: a cluster may know another Gateway."""
    group = "security" if kind.endswith("policy") else "networking"
    plural = f"{kind[:-1]}ies" if kind.endswith("y") and kind != "gateway" else f"{kind}s"
    return f"{plural}.{group}.istio.io"


def _remove(facts: _Facts) -> Step:
    return Step(
        "remove",
        "remove ingress-nginx, when nothing asks it any more",
        "Its access log says so. Keep a copy of the Ingresses. When an Ingress goes, external-dns "
        "deletes its records, unless another source keeps them, and the cluster its Certificate of "
        "cert-manager's: see those steps first. Delete the admission webhook with the controller, "
        "or no Ingress of any class can be written any more.",
        (
            "kubectl get ingress -A -o yaml > ingresses-before.yaml",
            "kubectl get validatingwebhookconfiguration -o name | grep nginx",
        ),
    )


def _end_of_trial(facts: _Facts) -> Step:
    return Step(
        "end-of-trial",
        "end the trial",
        "Its objects have a label of their own; nothing that is live carries it. Secrets and mesh "
        "configuration stay: the cut-over needs the same.",
        tuple(c for c in _deleting(facts) if not c.startswith("kubectl delete secret")),
    )
