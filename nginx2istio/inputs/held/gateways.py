"""Istio's gateways among the input: their pods, and Gateways that are there already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from nginx2istio.base.options import ControllerOptions, Options
from nginx2istio.base.records import record
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource

GATEWAY_LABEL = "istio"
"""The label by which the charts of Istio tell the pods of gateways apart."""
NOT_FOR_INGRESS = frozenset({"pilot", "egressgateway", "eastwestgateway"})
OF_PODS = ("Deployment", "DaemonSet", "StatefulSet", "Pod")
PROXY = "istio-proxy"


@record(frozen=True, slots=True)
class GatewayPods:
    """The pods of a gateway: their namespace and their labels."""

    namespace: str
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        """The value of their label ``istio``."""
        return self.labels[GATEWAY_LABEL]

    def selected(self, selector: Mapping[str, str]) -> bool:
        """Whether a selector is for them."""
        return selector.items() <= self.labels.items()


def gateway_workloads(resources: Iterable[Resource]) -> list[GatewayPods]:
    """The gateways for requests from outside, each namespace and label once, in order."""
    every: dict[tuple[str, str], GatewayPods] = {}
    for resource in resources:
        if resource.kind not in OF_PODS:
            continue
        body: Mapping[str, object] = resource.body
        if resource.kind != "Pod":
            body = mapping(mapping(body.get("spec")).get("template"))
        given = mapping(mapping(body.get("metadata")).get("labels"))
        labels = {str(key): str(value) for key, value in given.items()}
        name = labels.get(GATEWAY_LABEL, "")
        containers = mappings(mapping(body.get("spec")).get("containers"))
        proxies = any(container.get("name") == PROXY for container in containers)
        if name and name not in NOT_FOR_INGRESS and proxies:
            every.setdefault((resource.namespace, name), GatewayPods(resource.namespace, labels))
    return [every[key] for key in sorted(every)]


def lacks_pods(options: Options, workloads: Sequence[GatewayPods]) -> bool:
    """Whether there are gateways, and none is the one that the options name."""
    return bool(workloads) and not any(
        pods.namespace == options.gateway_namespace and pods.selected(options.gateway_selector)
        for pods in workloads
    )


def with_gateways(options: Options, resources: Sequence[Resource]) -> Options:
    """The options with the labels and the namespace of gateways that are there.

    Those of an existing Gateway (--gateway) are what it selects. Where nothing names a gateway and
    there is one only, it is this one.
    """
    workloads = gateway_workloads(resources)
    first, *others = (_of_existing(each, resources, workloads) for each in options.each)
    usual = Options()
    named = (first.gateway_namespace, first.gateway_selector) != (
        usual.gateway_namespace,
        usual.gateway_selector,
    )
    if not named and not others and len(workloads) == 1 and lacks_pods(first, workloads):
        (pods,) = workloads
        selector = {GATEWAY_LABEL: pods.name}
        first = replace(first, gateway_namespace=pods.namespace, gateway_selector=selector)
    further = (
        ControllerOptions(
            each.ingress_class,
            each.controller_config,
            each.gateway_selector,
            each.gateway_namespace,
            each.gateway,
        )
        for each in others
    )
    return replace(first, others=tuple(further))


def _of_existing(
    options: Options, resources: Iterable[Resource], workloads: Iterable[GatewayPods]
) -> Options:
    """The options with what the existing Gateway selects, if it is among the input."""
    namespace, _, name = options.gateway.partition("/")
    for resource in resources if name else ():
        if (resource.kind, resource.namespace, resource.name) != ("Gateway", namespace, name):
            continue
        selector = mapping(mapping(resource.body.get("spec")).get("selector"))
        labels = {str(key): str(value) for key, value in selector.items()}
        if labels:
            spaces = [pods.namespace for pods in workloads if pods.selected(labels)]
            home = spaces[0] if len(spaces) == 1 else options.gateway_namespace
            return replace(options, gateway_selector=labels, gateway_namespace=home)
    return options
