"""The API server of the tests, once a session, and one with Istio's CRDs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from nginx2istio.cluster import kinds

from ..conftest import needed
from .api_server import ApiServer, Binaries, find_binaries, istio_crds
from .cluster import create, definition


@pytest.fixture(scope="session")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """An API server without Istio."""
    server = ApiServer(needed(find_binaries), tmp_path_factory.mktemp("kube"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def istio(kube: ApiServer) -> ApiServer:
    """The same with Istio's CRDs."""
    define_istio(kube)
    return kube


@contextmanager
def cluster_with_istio(binaries: Binaries, folder: Path) -> Iterator[ApiServer]:
    """An API server of one's own, with Istio's CRDs."""
    server = ApiServer(binaries, folder)
    try:
        define_istio(server)
        yield server
    finally:
        server.close()


def define_istio(kube: ApiServer) -> None:
    """Creates Istio's CRDs and waits until they are served."""
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    names = []
    for crd in YAML(typ="safe").load_all(needed(istio_crds)):
        if crd:
            kube.request("POST", crds, crd)
            names.append(crd["metadata"]["name"])
    for name in names:
        kube._wait(partial(_established, kube, f"{crds}/{name}"))


@pytest.fixture(scope="session")
def programs(istio: ApiServer) -> Iterator[ApiServer]:
    """The same with the kinds of other programs, until it is no longer needed."""
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    others = [kind for kind in (*kinds.NEIGHBOURS, kinds.CLUSTER_ISSUER) if "." in kind.group]
    others = [kind for kind in others if not kind.group.endswith((".istio.io", ".k8s.io"))]
    create(istio, map(definition, others))
    for kind in others:
        istio._wait(partial(_established, istio, f"{crds}/{kind.plural}.{kind.group}"))
    yield istio


def _established(kube: ApiServer, path: str) -> bool:
    status = json.loads(kube.request("GET", path))["status"]
    return any(
        c["type"] == "Established" and c["status"] == "True" for c in status.get("conditions", ())
    )


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and a machine without a kubeconfig."""
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path
