"""Which objects count at a gateway's pods: by namespace, labels and ``exportTo``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nginx2istio.istio.objects import NO_TLS_MODE, ROOT_NAMESPACE
from nginx2istio.istio.serve.filters.shapes import Json


@dataclass(frozen=True, slots=True)
class GatewayProxies:
    """The pods of gateways: (namespace, labels) of each; none where nothing is known of them.

    ``root`` is the mesh's root namespace. A label that is not known may be any.
    """

    pods: Sequence[tuple[str, Mapping[str, str]]] = ()
    root: str = ROOT_NAMESPACE

    @property
    def namespaces(self) -> Sequence[str]:
        """The namespaces of the pods."""
        return tuple(dict.fromkeys(namespace for namespace, _ in self.pods))

    def unsure(self, selector: Json) -> dict[str, str]:
        """The labels of a selector of which nobody knows whether the pods have them."""
        if not self.pods or any(selector.items() <= own.items() for _, own in self.pods):
            return {}
        return dict(selector)

    def in_scope(self, objects: Iterable[Json]) -> Iterator[Json]:
        """The objects that the pods are given."""
        for each in objects:
            if not self.pods or self._given(each):
                yield each

    def _given(self, each: Json) -> bool:
        spec, namespace = each.get("spec", {}), each["metadata"].get("namespace", "")
        match each["kind"]:
            case "Gateway":
                return any(_agree(spec.get("selector", {}), own) for _, own in self.pods)
            case "AuthorizationPolicy":
                labels = spec.get("selector", {}).get("matchLabels", {})
            case "EnvoyFilter":
                labels = spec.get("workloadSelector", {}).get("labels", {})
            case "VirtualService" | "DestinationRule":
                return any(self.exported(each, home) for home in self.namespaces)
            case _:
                return True
        return any(
            namespace in (home, self.root) and _agree(labels, own) for home, own in self.pods
        )

    def exported(self, each: Json, namespace: str) -> bool:
        """Whether an object is exported to a namespace."""
        to = each.get("spec", {}).get("exportTo") or ["*"]
        own = each["metadata"].get("namespace", "")
        return "*" in to or namespace in to or ("." in to and own == namespace)


def _agree(selector: Json, labels: Mapping[str, str]) -> bool:
    """Whether no label contradicts a selector."""
    return all(labels.get(key, value) == value for key, value in selector.items())


def by_age(objects: Iterable[Json]) -> list[Json]:
    """Objects in the order in which pilot reads them (``sortConfigByCreationTime``)."""

    def age(each: Json) -> tuple[str, str]:
        meta: Mapping[str, Any] = each["metadata"]
        name = f"{meta['name']}.{meta.get('namespace', '')}"
        return str(meta.get("creationTimestamp") or ""), name

    return sorted(objects, key=age)


_PLAIN_HTTP = frozenset({"HTTP", "HTTP2", "GRPC", "GRPC-WEB", "HTTP_PROXY"})


def opens_requests(server: Json) -> bool:
    """Whether connections to a server are HTTP, or go on unopened; not those of bare TCP."""
    port: Json = server["port"]
    protocol, mode = (
        str(port["protocol"]).upper(),
        str(server.get("tls", {}).get("mode", NO_TLS_MODE)),
    )
    if protocol in _PLAIN_HTTP:
        return int(port["number"]) != 443  # where a handshake is expected
    return protocol == "HTTPS" or (protocol == "TLS" and mode.endswith("PASSTHROUGH"))
