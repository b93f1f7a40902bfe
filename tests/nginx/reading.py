"""Annotations by their short names, read as the controller would."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.values.annotations import Extracted, extract

PREFIX = "nginx.ingress.kubernetes.io/"


def read(
    annotations: Mapping[str, str],
    configmap: Mapping[str, str] | None = None,
    *flags: str,
    namespace: str = "default",
) -> Extracted:
    return extract(
        {PREFIX + key: text for key, text in annotations.items()},
        controller=controller(configmap or {}, flags),
        namespace=namespace,
    )
