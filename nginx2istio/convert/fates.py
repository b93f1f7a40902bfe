"""What became of each annotation: the engine's own check that none is forgotten."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from nginx2istio.findings.configuration import NO_FATE
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.nginx.build.ingresses import Ingress
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Origin


def without_fate(
    ingresses: Iterable[Ingress], config: NginxConfig, fates: Collection[Origin]
) -> Iterator[PlacedFinding]:
    """An error for each annotation of a loaded Ingress of which nothing is said.

    It can't happen with the built-in rules; it is how a mistake in a rule or a table shows.
    """
    prefix = f"{config.controller.annotations_prefix}/"
    not_loaded = {ingress.origin.object for ingress in config.not_loaded}
    accounted = {(origin.object, origin.field) for origin in fates}
    for origins in (config.invalid_values, config.unknown, config.ineffective):
        accounted |= {(entry.origin.object, entry.origin.field) for entry in origins}
    for ingress in ingresses:
        if ingress.origin.object in not_loaded:
            continue
        for name, value in sorted(ingress.annotations.items()):
            if name.startswith(prefix) and (ingress.origin.object, name) not in accounted:
                key = name.removeprefix(prefix)
                yield placed(NO_FATE, ingress.at(name), ingress.hosts, "*", key, value)
