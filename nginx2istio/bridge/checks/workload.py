"""The objects that run an auth service: Deployment, Service, ConfigMap and what guards its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from nginx2istio.base.memo import memo
from nginx2istio.base.options import Options
from nginx2istio.bridge.checks.check import Check, checked_hosts
from nginx2istio.bridge.checks.conf import (
    CHECK_PORT,
    CONFIG_FOLDER,
    OWN_FOLDER,
    READY_PORT,
    USERS_FOLDER,
    ServiceConf,
)
from nginx2istio.bridge.checks.escape import escape_map, escape_steps
from nginx2istio.istio.envoy.rate_limit import STATUSES
from nginx2istio.istio.objects import Lines, Object, new_object, short_hash
from nginx2istio.nginx.config import NginxConfig

MAPS_FOLDER = "/etc/nginx2istio-maps"
FIXED_FILES = {
    name: (files(__package__) / name).read_text(encoding="utf-8")
    for name in ("start.sh", "common.conf")
}
SERVICE_LABEL = "app.kubernetes.io/name"


def workload_name(options: Options) -> str:
    """The name of all objects of a service; a trial has services of its own."""
    return "nginx2istio-auth-trial" if options.trial else "nginx2istio-auth"


@dataclass(frozen=True, slots=True)
class AuthServices:
    """The services of a conversion: the one that the gateway asks, and those that it asks in turn.

    A Secret can be mounted in its own namespace only, so each namespace with one has a service.
    ``home`` is the namespace of the one that the gateway asks: the gateway's, or the one namespace
    that everything is about.
    """

    home: str
    namespaces: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    name: str = ""
    limit_status: int = 503

    @property
    def host(self) -> str:
        """The host of the service that the gateway asks."""
        return self.host_in(self.home)

    def host_in(self, namespace: str) -> str:
        """The host of the service in a namespace."""
        return f"{self.name}.{namespace}.svc.cluster.local"

    @property
    def status_on_error(self) -> int:
        """What the gateway answers where the service answers 5xx, or not at all.

        Envoy knows one status for all of them: nginx answers 500 without an answer of the
        authentication service, 503 (or another status) over a limit and 503 without the Secret.
        """
        if any(check.external for check in self.checks):
            return 500
        known = self.limit_status >= 500 and self.limit_status in STATUSES
        return self.limit_status if known and any(c.limits for c in self.checks) else 503


@memo
def auth_services(config: NginxConfig, options: Options) -> AuthServices:
    """The services that a conversion needs; without checks it needs none."""
    checks = [c for _, some in checked_hosts(config, options) for c in some if c]
    secrets = {c.basic.namespace for c in checks if c.basic}
    about = secrets | {c.location.ingress.namespace for c in checks}
    home = next(iter(about)) if len(about) == 1 else options.gateway_namespace
    spaces = (home, *sorted(secrets - {home})) if checks else ()
    status = int(str(config.default("limit-req-status-code")))
    return AuthServices(home, spaces, tuple(checks), workload_name(options), status)


def service_objects(config: NginxConfig, options: Options) -> list[Object]:
    """The objects of all services."""
    services = auth_services(config, options)
    return [
        obj
        for namespace in services.namespaces
        for obj in _Workload(config, options, services, namespace).objects()
    ]


@dataclass(frozen=True, slots=True)
class _Workload:
    """The objects of the service in a namespace."""

    config: NginxConfig
    options: Options
    services: AuthServices
    namespace: str
    labels: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", {SERVICE_LABEL: self.services.name})

    def objects(self) -> list[Object]:
        """The objects in the order in which they are applied."""
        data = {"nginx.conf": self._conf().text(), **FIXED_FILES}
        if any(c.external and c.external.signin for c in self._checks()):
            data |= {"escape-map.conf": escape_map(), "escape.conf": escape_steps()}
        objects = [
            self._object("ConfigMap", data=data),
            self._object("Service", self._service()),
            self._object("Deployment", self._deployment(short_hash(repr(sorted(data.items()))))),
            self._object("NetworkPolicy", self._network_policy()),
        ]
        if self._replicas() > 1:
            budget = {"minAvailable": 1, "selector": {"matchLabels": dict(self.labels)}}
            objects.append(self._object("PodDisruptionBudget", budget))
        return objects

    def _checks(self) -> list[Check]:
        """What this service checks itself."""
        mine = self.namespace == self.services.home
        return [
            c
            for c in self.services.checks
            if (c.basic.namespace == self.namespace if c.basic else mine)
        ]

    def _conf(self) -> ServiceConf:
        others = {n: f"{self.services.host_in(n)}:{CHECK_PORT}" for n in self.services.namespaces}
        others.pop(self.namespace, None)
        hosts = checked_hosts(self.config, self.options)
        if self.namespace == self.services.home:
            return ServiceConf(self.config, hosts, others)
        mine = self._checks()
        own = [
            (server, [c if c in mine else None for c in checks])
            for server, checks in hosts
            if any(c in mine for c in checks)
        ]
        return ServiceConf(self.config, own, others)

    def _replicas(self) -> int:
        """Two; one where it counts requests, as each pod would count for itself."""
        return 1 if any(check.limits for check in self._checks()) else 2

    def _object(self, kind: str, spec: Object | None = None, data: Object | None = None) -> Object:
        ingresses = sorted({c.location.ingress.object for c in self._checks()})
        obj = new_object(kind, self.namespace, self.services.name, spec or {}, ingresses)
        obj["metadata"]["labels"] |= self.labels
        if data is not None:
            del obj["spec"]
            obj["data"] = {name: Lines(text) for name, text in data.items()}
        return obj

    def _service(self) -> Object:
        return {
            "selector": dict(self.labels),
            "ports": [{"name": "http", "port": CHECK_PORT, "targetPort": "http"}],
        }

    def _deployment(self, version: str) -> Object:
        mounts = [{"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True}]
        mounts.append({"name": "tmp", "mountPath": OWN_FOLDER})
        volumes: list[Object] = [
            {"name": "config", "configMap": {"name": self.services.name}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}},
        ]
        for number, (secret, by_key) in enumerate(self._secrets()):
            name = f"users-{number}"
            where = f"{MAPS_FOLDER if by_key else USERS_FOLDER}/{secret}"
            mounts.append({"name": name, "mountPath": where, "readOnly": True})
            source: Object = {"secretName": secret, "optional": True}
            if not by_key:
                source["items"] = [{"key": "auth", "path": "auth"}]
            volumes.append({"name": name, "secret": source})
        pod: Object = {
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [self._container(mounts)],
            "volumes": volumes,
        }
        if self._replicas() > 1:
            pod["topologySpreadConstraints"] = [
                {
                    "maxSkew": 1,
                    "topologyKey": "kubernetes.io/hostname",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": dict(self.labels)},
                }
            ]
        # Without a sidecar: the gateway reaches it in plain HTTP whatever mTLS mode the mesh has.
        labels = {**self.labels, "sidecar.istio.io/inject": "false"}
        metadata = {"labels": labels, "annotations": {"nginx2istio/config": version}}
        return {
            "replicas": self._replicas(),
            "selector": {"matchLabels": dict(self.labels)},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": metadata, "spec": pod},
        }

    def _secrets(self) -> Sequence[tuple[str, bool]]:
        basics = (c.basic for c in self._checks() if c.basic)
        return sorted({(basic.secret, basic.by_key) for basic in basics})

    def _container(self, mounts: Sequence[Object]) -> Object:
        return {
            "name": "nginx",
            "image": self.options.auth_service_image,
            "command": ["/bin/sh", f"{CONFIG_FOLDER}/start.sh"],
            "ports": [
                {"name": "http", "containerPort": CHECK_PORT},
                {"name": "ready", "containerPort": READY_PORT},
            ],
            "readinessProbe": {
                "httpGet": {"path": "/ready", "port": "ready"},
                "periodSeconds": 5,
            },
            "livenessProbe": {
                "httpGet": {"path": "/ready", "port": "ready"},
                "initialDelaySeconds": 10,
                "failureThreshold": 6,
            },
            "lifecycle": {"preStop": {"exec": {"command": ["/bin/sleep", "5"]}}},
            "resources": {
                "requests": {"cpu": "20m", "memory": "32Mi"},
                "limits": {"memory": "128Mi"},
            },
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": list(mounts),
        }

    def _network_policy(self) -> Object:
        """Only the gateway asks it, or the service that the gateway asks."""
        peers: list[Any] = [
            _peer(self.options.gateway_namespace, self.options.gateway_selector)
            if self.namespace == self.services.home
            else _peer(self.services.home, self.labels)
        ]
        return {
            "podSelector": {"matchLabels": dict(self.labels)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": "http"}]}],
        }


def _peer(namespace: str, labels: Mapping[str, str]) -> Object:
    return {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
        "podSelector": {"matchLabels": dict(labels)},
    }
