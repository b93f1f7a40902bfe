"""The order in which Argo CD applies objects: what routes need comes before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.istio.objects import Noted, Object

SYNC_WAVE = "argocd.argoproj.io/sync-wave"
FIRST, ROUTES = "1", "2"
"""The waves; objects without one, such as backends, are in wave 0."""


def with_sync_waves(objects: Iterable[Object]) -> Iterator[Noted]:
    """The objects with the annotation that names their wave."""
    for obj in objects:
        metadata = obj["metadata"]
        wave = ROUTES if obj["kind"] in ("Gateway", "VirtualService") else FIRST
        notes = {**metadata.get("annotations", {}), SYNC_WAVE: wave}
        note = obj.note if isinstance(obj, Noted) else ""
        yield Noted({**obj, "metadata": {**metadata, "annotations": notes}}, note)
