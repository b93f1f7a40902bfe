"""What tests of the writer share: small objects, and a run that writes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nginx2istio.cli.output.folder import ReadInput, write_folder
from nginx2istio.cli.output.manifest import Run
from tests.cli.kills import contents

Object = dict[str, Any]
RUN = Run(("nginx",), False, ("manifests",))


def virtual_service(name: str, namespace: str = "web", source: str = "web/shop") -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if source:
        metadata["annotations"] = {"nginx2istio/from": source}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}


def write(folder: Path, *objects: Object, read: ReadInput | None = None, **extra: Any) -> list[str]:
    sources = frozenset(
        source
        for obj in objects
        for source in obj["metadata"].get("annotations", {}).get("nginx2istio/from", "").split(", ")
    )
    return write_folder(folder, objects, "yaml", read or ReadInput(RUN, sources), **extra)


def paths(folder: Path) -> set[str]:
    return set(contents(folder) or {})


OWN = {".nginx2istio.json", "kustomization.yaml"}
