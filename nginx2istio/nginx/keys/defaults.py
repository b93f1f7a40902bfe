"""What is in force where no annotation says anything."""

from __future__ import annotations

from collections.abc import Mapping

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.values.go import Value
from nginx2istio.nginx.values.urls import parse_url


def effective(key: str, values: Mapping[str, Value], controller: Controller) -> Value | None:
    """Return what is in force for ``key``: the annotation, else the ConfigMap, else built in.

    None when there is nothing, for instance no rewrite-target. Raises KeyError for a ``key`` that
    is no main short name.
    """
    if key in values:
        return values[key]
    if key == "mirror-host" and "mirror-target" in values:
        # The part before the first variable has to have the host (mirror.Parse).
        return parse_url(str(values["mirror-target"]).partition("$")[0]).hostname
    entry = controller.annotations[key]
    if entry.configmap:
        return controller.config[entry.configmap]
    return False if entry.builtin is None and entry.type == "bool" else entry.builtin
