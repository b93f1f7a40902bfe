"""The least rights that a scan needs, as Roles and ClusterRoles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.cluster.kinds import (
    CLUSTER_ISSUER,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    INGRESS,
    INGRESS_CLASS,
    ISTIO,
    NAMESPACE,
    NEIGHBOURS,
    POD,
    SECRET,
    SERVICE,
    STATEFUL_SET,
    Kind,
)
from nginx2istio.cluster.scan import ScanScope, homes
from nginx2istio.istio.objects import ROOT_NAMESPACE
from nginx2istio.istio.yaml import document

ROLE_NAME = "nginx2istio-scan"
PolicyRule = tuple[Kind, tuple[str, ...]]

INGRESSES: tuple[PolicyRule, ...] = (
    (INGRESS, ("list",)),
    (SERVICE, ("list",)),
    (ENDPOINT_SLICE, ("list",)),
    (CONFIG_MAP, ("get",)),
)
SECRETS: tuple[PolicyRule, ...] = ((SECRET, ("get", "list")),)
_WORKLOADS: tuple[PolicyRule, ...] = tuple(
    (kind, ("list",)) for kind in (DEPLOYMENT, DAEMON_SET, STATEFUL_SET)
)
CONTROLLER: tuple[PolicyRule, ...] = (
    *_WORKLOADS,
    (CONFIG_MAP, ("get",)),
    (NAMESPACE, ("get",)),
    (SERVICE, ("list",)),
)
AROUND: tuple[PolicyRule, ...] = (
    *_WORKLOADS,
    *((kind, ("list",)) for kind in (*ISTIO, *NEIGHBOURS)),
)
_MESH: tuple[PolicyRule, ...] = (*AROUND, (NAMESPACE, ("get",)), (CONFIG_MAP, ("get",)))
PODS: tuple[PolicyRule, ...] = ((POD, ("list",)),)


def roles(scope: ScanScope, options: Options, dry_run: bool = False) -> Iterator[dict[str, Any]]:
    """The roles for a scope.

    For all of the cluster it is one ClusterRole, and a Role for the gateway's pods. Else it is
    Roles, and a ClusterRole for kinds that have no namespace.
    ``dry_run`` adds what ``--live-validate`` needs: to create the kinds that a conversion makes.
    """
    own = (*INGRESSES, *(SECRETS if scope.secrets else ()), *AROUND)
    new = tuple((kind, ("create",)) for kind in ISTIO) if dry_run else ()
    whole: tuple[PolicyRule, ...] = ((INGRESS_CLASS, ("list",)), (CLUSTER_ISSUER, ("list",)))
    if not scope.namespaces:
        yield _role("", (*whole, (NAMESPACE, ("list",)), *own, *CONTROLLER, *new))
        for namespace in dict.fromkeys(each.gateway_namespace for each in options.each):
            yield _role(namespace, PODS)
        return
    yield _role("", whole)
    by_namespace: dict[str, tuple[PolicyRule, ...]] = {
        name: ((NAMESPACE, ("get",)), *own, *new) for name in scope.namespaces
    }
    for namespace, rules in (
        *((home, CONTROLLER) for home in homes(options)),
        *((each.gateway_namespace, (*_MESH, *PODS, *new)) for each in options.each),
        *((e.gateway.partition("/")[0], (*_MESH, *PODS)) for e in options.each if e.gateway),
        (ROOT_NAMESPACE, _MESH),
    ):
        by_namespace[namespace] = (*by_namespace.get(namespace, ()), *rules)
    for namespace, rules in by_namespace.items():
        yield _role(namespace, rules)


def manifest(scope: ScanScope, options: Options, dry_run: bool = False) -> str:
    """The roles as YAML, with the commands that give them to a user."""
    documents = list(roles(scope, options, dry_run))
    head = [
        "# What `nginx2istio scan` needs: it sends no verb but get and list"
        + (", and with --live-validate create as a dry run." if dry_run else "."),
        "# Give it to a user, a group or a service account (--serviceaccount=NS:NAME):",
    ]
    for role in documents:
        space = role["metadata"].get("namespace")
        what = (
            f"rolebinding {ROLE_NAME} -n {space} --role"
            if space
            else f"clusterrolebinding {ROLE_NAME} --clusterrole"
        )
        head.append(f"#   kubectl create {what}={ROLE_NAME} --user=NAME")
    return "\n".join(head) + "\n" + "---\n".join(document(role) for role in documents)


def _role(namespace: str, rules: Iterable[PolicyRule]) -> dict[str, Any]:
    metadata = {"name": ROLE_NAME, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": metadata,
        "rules": list(_policy_rules(rules)),
    }


def _policy_rules(rules: Iterable[PolicyRule]) -> Iterator[dict[str, Any]]:
    """One rule for all resources of a group with the same verbs."""
    verbs: dict[tuple[str, str], set[str]] = {}
    for kind, some in rules:
        verbs.setdefault((kind.group, kind.plural), set()).update(some)
    same: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, plural), each in verbs.items():
        same.setdefault((group, tuple(sorted(each))), []).append(plural)
    for (group, each_verb), plurals in same.items():
        yield {"apiGroups": [group], "resources": plurals, "verbs": list(each_verb)}
