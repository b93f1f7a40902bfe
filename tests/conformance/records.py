"""The recorded cases of ``fixtures/truth`` (its README.md describes their format)."""

from __future__ import annotations

import fnmatch
import json
import pickle
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from nginx2istio.inputs.extent import Extent

from .objects import documents, join, key, text_of

TRUTH = Path(__file__).parents[2] / "fixtures" / "truth"

Case = dict[str, Any]
Exchange = dict[str, Any]
Request = dict[str, Any]


def truth_files() -> list[Path]:
    """All recorded files, in the order of their names."""
    return sorted(TRUTH.glob("*/*.json"))


def load(files: Iterable[Path], only: Sequence[str] = ()) -> list[Case]:
    """The cases that can be replayed, those whose id matches a glob of `only` if there is any.

    Left out are cases whose configuration nginx itself refuses: they have no exchanges.
    """
    cases: list[Case] = [
        pickle.loads(case)
        for file in files
        for identity, case in _recorded(file, file.stat().st_mtime_ns)
        if not only or any(fnmatch.fnmatchcase(identity, glob) for glob in only)
    ]
    for case in cases:
        for exchange in case.get("exchanges") or []:
            if case["source"] in ("scenario", "new"):  # where pods' further requests were recorded
                exchange.setdefault("subrequests", [])
            if case["source"] == "new":  # which does not say what a canary's weight decides
                exchange.setdefault("weighted", True)
    return [
        case
        for case in cases
        if case.get("exchanges") and (case.get("nginx") or {}).get("valid", True)
    ]


@cache
def _recorded(file: Path, _changed: int) -> list[tuple[str, bytes]]:
    """The cases of a file, pickled, by their ids: tests ask for one of them again and again."""
    cases = json.loads(file.read_text())["cases"]
    return [(case["id"], pickle.dumps(case)) for case in cases]


def exported(case: Case) -> str:
    """A case's objects as a scan of its cluster has them, with the controller's Deployment.

    What Services and ConfigMaps it does not have, the cluster did not have either.
    """
    spaces = tuple(sorted({key(obj)[1] for obj in documents(case["objects"])}))
    extent = Extent(complete=dict.fromkeys(("ConfigMap", "Service"), spaces))
    scanned = join(text_of([extent.resource().body]), case["objects"])
    if not case.get("flags"):
        return scanned
    labels = {
        "app.kubernetes.io/name": "ingress-nginx",
        "app.kubernetes.io/component": "controller",
    }
    container = {
        "name": "controller",
        "image": "registry.k8s.io/ingress-nginx/controller:v1.15.1",
        "args": ["/nginx-ingress-controller", *case["flags"]],
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "ingress-nginx-controller",
            "namespace": "ingress-nginx",
            "labels": labels,
        },
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    return join(scanned, text_of([deployment]))


def describe(request: Request) -> str:
    """A request in one line, as one would type it."""
    headers = "".join(f" -H '{name}: {value}'" for name, value in request["headers"][:4])
    marks = ("body_bytes", "chunked", "session", "sni", "client_cert", "ws")
    more = "".join(f" {mark}={request[mark]}" for mark in marks if request.get(mark))
    if request.get("http") not in (None, "1.1"):
        more += f" http={request['http']}"
    if request.get("from") not in (None, "127.0.0.1"):
        more += f" from={request['from']}"
    what = f"{request['method']} {request['scheme']}://{request['host']} {request['target']}"
    return what + headers + more
