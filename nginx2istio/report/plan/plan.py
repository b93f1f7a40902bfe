"""The cut-over as ordered steps: what to do, why, and the commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from nginx2istio.base.credentials import mask_all
from nginx2istio.base.shell import shell_word, shell_words
from nginx2istio.convert.convert import Conversion
from nginx2istio.istio.objects import MANAGED_BY, WORKLOAD_VERSIONS, managed
from nginx2istio.report.plan.around import concerns, owners
from nginx2istio.report.plan.auth_service import auth_service
from nginx2istio.report.plan.filters import envoy_filters
from nginx2istio.report.plan.gateways import address_commands, further_addresses, gateway_pods
from nginx2istio.report.plan.neighbours import cert_manager, external_dns, network_policies
from nginx2istio.report.plan.probes import Probe, probed, probes
from nginx2istio.report.plan.step import Remade, Step

_BEFORE_ROUTES = ("ServiceEntry", "DestinationRule", "AuthorizationPolicy", "EnvoyFilter")
"""Kinds in the order in which they are applied; routes and Gateways follow."""
_OF_A_PROBE = tuple(each.name for each in fields(Probe))


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts of a conversion that the steps need; ``label`` is a shell word.

    ``gateways`` are the shell words that name the pods of each gateway, by the variable of its
    address.
    """

    conversion: Conversion
    label: str
    gateways: Mapping[str, str]
    actions: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def plan(conversion: Conversion) -> list[dict[str, Any]]:
    """The steps as data, in order; fields without a value are left out. Their tests are Remade."""
    if not conversion.objects:
        return []
    options = conversion.options
    actions: dict[str, list[Mapping[str, Any]]] = {}
    for action in conversion.actions:
        actions.setdefault(action["kind"], []).append(action)
    facts = _Facts(
        conversion,
        shell_word(f"{MANAGED_BY}={managed(options.trial)[MANAGED_BY]}"),
        gateway_pods(options),
        actions,
    )
    steps = _trial(facts) if options.trial else _cut_over(facts)
    return [_data(step) for step in steps]


def _data(step: Step) -> dict[str, Any]:
    values = {each.name: getattr(step, each.name) for each in fields(step)}
    shown = {k: v for k, v in values.items() if v or k in ("id", "title")}
    return {k: list(v) if isinstance(v, tuple) else v for k, v in shown.items()}


def _cut_over(facts: _Facts) -> Iterator[Step]:
    yield _prepare(facts)
    yield from _surroundings(facts)
    yield from cert_manager(facts.conversion)
    yield from _applying(facts)
    yield _tests(facts)
    yield external_dns(facts.conversion)
    yield _dns(facts)
    yield _rollback(facts)
    yield from owners(facts.conversion)
    yield _remove(facts)


def _trial(facts: _Facts) -> Iterator[Step]:
    yield Step(
        "trial",
        "know what the trial covers",
        "The hosts run under other names beside the live ones. Objects, routes and subsets have "
        "names of their own. Backends see the real host names. The trial does not test "
        "certificates, nor how clients and backends treat the names. Istio merges all "
        "DestinationRules of a Service. The trial's have only subsets that nothing else uses, but "
        "the traffic policy of a live DestinationRule also applies to them. The mesh "
        "configuration applies to everything. The names need no DNS: see the tests of the hosts.",
        hosts=tuple(sorted(facts.conversion.trial.values())),
    )
    yield _prepare(facts)
    yield from _surroundings(facts)
    yield from _applying(facts)
    yield _tests(facts)
    yield _end_of_trial(facts)


def _prepare(facts: _Facts) -> Step:
    others = further_addresses(facts.conversion.options)
    return Step(
        "prepare",
        "set the variables of the commands",
        "OUT is the folder that convert -o wrote. GATEWAY is the address of the new gateway, which "
        f"must be running. {others}Nothing changes yet. Lower the TTL of the hosts' DNS "
        "records to one minute now: the old TTL must have passed when the records move.",
        (
            "OUT=istio",
            *address_commands(facts.conversion.options),
            *(f"kubectl get pods {pods}" for pods in dict.fromkeys(facts.gateways.values())),
        ),
    )


def _surroundings(facts: _Facts) -> Iterator[Step]:
    """The steps before the objects are applied."""
    actions = facts.actions
    for action in actions.get("mesh-config", ()):
        yield Step(
            "mesh-config",
            "set the mesh configuration",
            "Without this some objects do not work, and some protections can be bypassed. Merge "
            "the YAML into meshConfig of your Helm values or IstioOperator, where the next upgrade "
            "keeps it. The command shows the configuration in force. It applies to the whole mesh.",
            ("kubectl get configmap istio -n istio-system -o jsonpath='{.data.mesh}'",),
            yaml=str(action["yaml"]),
        )
    copied = actions.get("copy-secret", ())
    if copied:
        copies: dict[str, list[str]] = {}
        for namespace, _, name in sorted(a["to"].partition("/") for a in copied):
            copies.setdefault(namespace, []).append(name)
        yield Step(
            "secrets",
            "copy Secrets to the gateway's namespace",
            "The gateway reads only the Secrets of its own namespace. The commands print no "
            "Secret. A copy is not renewed with its original: run the commands after each "
            "renewal, until an automatic copy replaces them.",
            (
                *(str(a["command"]) for a in copied),
                *(
                    f"kubectl get secret -n {shell_word(namespace)} -o name {shell_words(names)}"
                    for namespace, names in copies.items()
                ),
            ),
        )
    labels = actions.get("label-service", ())
    if labels:
        yield Step(
            "services",
            "label Services",
            "Istio chooses the protocol to these Services by their labels.",
            tuple(_label(a) for a in labels if a.get("labels")),
            yaml="---\n".join(str(a["yaml"]) for a in labels if a.get("yaml")),
        )
    for kind in sorted(actions.keys() - {"mesh-config", "copy-secret", "label-service"}):
        for action in actions[kind]:
            commands = (str(action["command"]),) if action.get("command") else ()
            yield Step(kind, action["text"], "", commands, str(action.get("yaml", "")))
    yield from envoy_filters(facts.conversion)
    yield from concerns(facts.conversion, facts.conversion.options.trial)
    yield network_policies(facts.conversion)


def _label(action: Mapping[str, Any]) -> str:
    namespace, _, name = action["service"].partition("/")
    labels = shell_words(f"{k}={v}" for k, v in sorted(action["labels"].items()))
    return f"kubectl label service -n {shell_word(namespace)} {shell_word(name)} {labels}"


def _applying(facts: _Facts) -> Iterator[Step]:
    kinds = {str(o["kind"]) for o in facts.conversion.objects}
    yield Step(
        "check",
        "let the cluster check the objects",
        "The API server and Istio's webhook check every object and store nothing. The second "
        "command shows the changes.",
        ('kubectl apply --dry-run=server -k "$OUT"', 'kubectl diff -k "$OUT"'),
    )
    yield from auth_service(facts.conversion)
    first = [k for k in _BEFORE_ROUTES if k in kinds]
    if first:
        yield Step(
            "apply-policies",
            "apply the objects that routes need: " + ", ".join(first),
            "Subsets must exist before routes name them. Protections must be in force before "
            "anything can be reached. DestinationRules also act on clients in the mesh, at once.",
            tuple(_apply(kind) for kind in first),
        )
    yield Step(
        "apply-routes",
        "apply VirtualServices and Gateways",
        "The new gateway answers for the hosts from now on. No client uses it while DNS points at "
        "ingress-nginx.",
        ('kubectl apply -k "$OUT"', "istioctl proxy-status"),
    )


def _apply(kind: str) -> str:
    """One kind out of the folder: its files begin with the kind's name (``istio/objects.py``)."""
    files = f"find \"$OUT\" -name '{kind.lower()}-*' -exec"
    return f"{files} awk 'FNR == 1 {{ print \"---\" }} {{ print }}' {{}} + | kubectl apply -f -"


def _tests(facts: _Facts) -> Step:
    conversion = facts.conversion
    hosts = dict.fromkeys(host for part in conversion.parts for host in probed(part.objects))

    def tests() -> Iterator[Mapping[str, Any]]:
        for variable, part in zip(facts.gateways, conversion.parts, strict=True):
            for probe in probes(part.objects, conversion.options.trial, variable):
                yield mask_all({name: getattr(probe, name) for name in _OF_A_PROBE})

    return Step(
        "test-hosts",
        "test the hosts at the new gateway, before DNS moves",
        "curl asks the new gateway, whatever DNS says. A certain response stands above its "
        "command. Compare any other response with today's: run the command without --resolve. "
        "Also test what matters to you: sign-in, uploads, WebSockets.",
        hosts=tuple(hosts),
        tests=Remade(tests) if hosts else None,
    )


def _dns(facts: _Facts) -> Step:
    return Step(
        "dns",
        "move DNS, a few hosts first",
        "Point one host's record at $GATEWAY and watch it, then move the rest. Leave ingress-nginx "
        "as it is: both answer alike, and clients with either address are served. Clients that "
        "keep connections open or cache addresses use ingress-nginx for longer than the TTL.",
        tuple(
            f"kubectl logs {pods} --tail=100 --prefix"
            for pods in dict.fromkeys(facts.gateways.values())
        ),
    )


def _rollback(facts: _Facts) -> Step:
    return Step(
        "rollback",
        "go back, if need be",
        "Point the DNS records at ingress-nginx again. No request is lost, because the gateway "
        "still answers. Delete the objects only after the TTL has passed: Gateways and routes "
        "first, protections last.",
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
        yield f"kubectl delete secret -n {shell_word(namespace)} {shell_word(name)}"
    for action in facts.actions.get("label-service", ()):
        if action.get("labels"):
            namespace, _, name = action["service"].partition("/")
            keys = shell_words(f"{key}-" for key in sorted(action["labels"]))
            where = f"-n {shell_word(namespace)} {shell_word(name)}"
            yield f"kubectl label service {where} {keys}"


_OTHER_GROUPS = {"networkpolicy": "networkpolicies.networking.k8s.io"}
"""Kubernetes' own kinds whose plain name another kind may have, too."""


def _full(kind: str) -> str:
    """A kind by its full name: a cluster may have another kind Gateway."""
    if kind in map(str.lower, WORKLOAD_VERSIONS):
        return _OTHER_GROUPS.get(kind, f"{kind}s")
    group = "security" if kind.endswith("policy") else "networking"
    plural = f"{kind[:-1]}ies" if kind.endswith("y") and kind != "gateway" else f"{kind}s"
    return f"{plural}.{group}.istio.io"


def _remove(facts: _Facts) -> Step:
    return Step(
        "remove",
        "remove ingress-nginx, when it gets no more requests",
        "Its access log shows the requests. Keep a copy of the Ingresses. When an Ingress is "
        "deleted, external-dns deletes its records, unless another source keeps them, and the "
        "cluster deletes its cert-manager Certificate: see those steps first. Delete the admission "
        "webhook with the controller: without the controller it refuses every Ingress.",
        (
            "kubectl get ingress -A -o yaml > ingresses-before.yaml",
            "kubectl get validatingwebhookconfiguration -o name | grep nginx",
        ),
    )


def _end_of_trial(facts: _Facts) -> Step:
    return Step(
        "end-of-trial",
        "end the trial",
        "The objects of the trial have a label of their own, which no live object has. Secrets and "
        "mesh configuration stay: the cut-over needs them.",
        tuple(c for c in _deleting(facts) if not c.startswith("kubectl delete secret")),
    )
