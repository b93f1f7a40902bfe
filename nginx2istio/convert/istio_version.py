"""The release of Istio in a cluster, by the images of istiod and of the gateway."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.base.options import ISTIO_VERSIONS, Options
from nginx2istio.inputs.held.fields import mapping, mappings
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.objects import ROOT_NAMESPACE

Release = tuple[int, int]

_TAG = re.compile(r"v?(\d{1,3})\.(\d{1,3})(?![\d])")
_VERSION_LABELS = ("operator.istio.io/version", "app.kubernetes.io/version")
_DEPLOYED = ("Deployment", "DaemonSet", "StatefulSet", "Pod")


def measured(release: Release | None) -> Release:
    """The measured release for an output: the same, else the nearest; the newest for None."""
    if release is None:
        return ISTIO_VERSIONS[-1]
    older = [version for version in ISTIO_VERSIONS if version <= release]
    return older[-1] if older else ISTIO_VERSIONS[0]


def istio_version_of(resources: Iterable[Resource], options: Options) -> Release | None:
    """The release that is sure to be there: the older one of istiod and the gateway's proxies.

    None when neither was read, or their images tell no version (a digest, ``image: auto`` without
    pods). With several istiods (revisions) it is the oldest.
    """
    return min(_releases(resources, options), default=None)


def _releases(resources: Iterable[Resource], options: Options) -> Iterator[Release]:
    gateways = [(e.gateway_namespace, dict(e.gateway_selector).items()) for e in options.each]
    homes = {ROOT_NAMESPACE, *(namespace for namespace, _ in gateways)}
    for resource in resources:
        if resource.kind not in _DEPLOYED:
            continue
        pod = _pod(resource)
        labels = mapping(resource.metadata.get("labels"))
        of_pods = {**labels, **mapping(mapping(pod.get("metadata")).get("labels"))}
        if resource.namespace in homes and of_pods.get("app") == "istiod":
            release = _of_images(pod, "pilot") or _of_labels(labels)
        elif any(
            resource.namespace == home and selector <= of_pods.items()
            for home, selector in gateways
        ):
            release = _of_images(pod, "proxyv2")
        else:
            continue
        if release:
            yield release


def _pod(resource: Resource) -> Mapping[str, Any]:
    if resource.kind == "Pod":
        return resource.body
    return mapping(mapping(resource.body.get("spec")).get("template"))


def _of_images(pod: Mapping[str, Any], name: str) -> Release | None:
    """The release by the tag of a container's image, such as ``docker.io/istio/pilot:1.29.2``."""
    spec = mapping(pod.get("spec"))
    for container in (*mappings(spec.get("containers")), *mappings(spec.get("initContainers"))):
        image = str(container.get("image") or "").partition("@")[0]
        program, _, tag = image.rpartition("/")[2].partition(":")
        release = _TAG.match(tag)
        if release and program.startswith(name):
            return int(release[1]), int(release[2])
    return None


def _of_labels(labels: Mapping[str, Any]) -> Release | None:
    versions = (_TAG.match(str(labels.get(key) or "")) for key in _VERSION_LABELS)
    return next(((int(v[1]), int(v[2])) for v in versions if v), None)
