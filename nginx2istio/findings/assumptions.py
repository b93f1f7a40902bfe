"""What a conversion takes for granted, as nothing among the input tells it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from nginx2istio.base.options import Options
from nginx2istio.nginx.build.choose_controller import ControllerChoice
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Assumed
from nginx2istio.nginx.values.references import REFERENCES

GLOBAL_REFERENCES = ("add-headers", "proxy-set-headers")
"""The keys of the controller's ConfigMap whose value is the ``ns/name`` of another one."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something taken for granted: what, why it has to be, and what makes it known.

    ``option`` are options of the command line that say it, "" where there are none.
    """

    id: Assumed
    what: str
    why: str
    instead: str
    option: str = ""


def assumptions(
    config: NginxConfig, choice: ControllerChoice, options: Options
) -> tuple[Assumption, ...]:
    """All that the conversion of a configuration takes for granted; nothing without Ingresses."""
    read = config.servers or config.not_loaded or config.unclaimed
    return tuple(_assumptions(config, choice, options)) if read else ()


def _assumptions(
    config: NginxConfig, choice: ControllerChoice, options: Options
) -> Iterator[Assumption]:
    if _configmap_unknown(config, choice, options):
        yield Assumption(
            "configmap",
            "The controller's ConfigMap sets nothing: all its keys have their defaults.",
            "The ConfigMap is not among the input.",
            "Add the ConfigMap to the input, or name it.",
            "--controller-config NS/NAME",
        )
    if choice.workload is None:
        yield Assumption(
            "flags",
            "The controller runs with its default flags.",
            "Its Deployment or DaemonSet is not among the input.",
            "Add it to the input, or say what its flags say.",
            "--ssl-passthrough, --default-ssl-certificate NS/NAME, --ingress-class NAME, "
            "--watch-ingress-without-class",
        )
    services = {f"{x.namespace}/{x.service}" for x in config.upstreams.values() if x.known is None}
    if services:
        yield Assumption(
            "services",
            "The Services that Ingresses name exist, with the ports that they name.",
            f"Not among the input: {_some(services)}.",
            "Add the Services to the input (kubectl get service,ingress -A -o yaml).",
        )
    configmaps = set(_configmaps_unknown(config))
    if configmaps:
        yield Assumption(
            "configmaps",
            "The ConfigMaps that settings name have no headers and no parameters.",
            f"Not among the input: {_some(configmaps)}.",
            "Add these ConfigMaps to the input.",
        )
    secrets = set(_secrets_unknown(config))
    if secrets:
        yield Assumption(
            "secrets",
            "The TLS Secrets exist, each with a certificate for the hosts of its tls entry.",
            f"Not among the input: {_some(secrets)}.",
            "Scan the cluster (nginx2istio scan): it reads the names in certificates.",
        )
    if any(remark.code == "no-timestamp" for remark in config.remarks):
        yield Assumption(
            "ages",
            "Of Ingresses without creationTimestamp, the last by namespace and name is the oldest.",
            "Where Ingresses share a host and path, nginx prefers the oldest.",
            "Export the Ingresses from the cluster (kubectl get ingress -A -o yaml).",
        )
    if unlabelled := config.unlabelled_namespaces:
        yield Assumption(
            "namespaces",
            "The namespaces of Ingresses have the labels that --watch-namespace-selector names.",
            f"Not among the input: {_some(set(unlabelled))}.",
            "Add the Namespaces to the input (kubectl get namespace -o yaml).",
        )


def _configmap_unknown(config: NginxConfig, choice: ControllerChoice, options: Options) -> bool:
    """Whether the controller may have a ConfigMap that was not read."""
    if config.controller_configmap:
        return False
    workload = choice.workload
    named = options.controller_config or (workload.reference("configmap") if workload else "")
    if not named:
        return workload is None
    namespace = named.partition("/")[0]
    return named not in config.configmaps and namespace not in config.complete.get("ConfigMap", ())


def _configmaps_unknown(config: NginxConfig) -> Iterator[str]:
    complete = config.complete.get("ConfigMap", ())
    names = [config.controller.text(key) for key in GLOBAL_REFERENCES]
    names += [str(s.value) for s in config.settings if s.key in REFERENCES]
    for name in names:
        known = name in config.configmaps or name.partition("/")[0] in complete
        if name and not known:
            yield name


def _secrets_unknown(config: NginxConfig) -> Iterator[str]:
    complete = config.complete.get("Secret", ())
    for server in config.servers:
        certificate = server.certificate
        if certificate is None or server.passthrough or certificate.read:
            continue
        if certificate.secret and certificate.namespace not in complete:
            yield f"{certificate.namespace}/{certificate.secret}"


def _some(names: Collection[str], limit: int = 3) -> str:
    """The first names, and how many more there are."""
    more = len(names) - limit
    return ", ".join(sorted(names)[:limit]) + (f" and {more} more" if more > 0 else "")
