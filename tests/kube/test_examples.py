"""Examples whose commands ask a cluster; an API server takes every example's objects."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import needed
from ..pages.page import EXAMPLES, PAGES, needs_cluster
from ..pages.test_stories import check
from .api_server import ApiServer, find_binaries
from .cluster import documents, namespace
from .conftest import cluster_with_istio
from .kubectl import find_kubectl, shell

WRITTEN = sorted(path.parent.name for path in EXAMPLES.glob("*/istio"))


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A cluster for one page."""
    needed(find_kubectl)
    with cluster_with_istio(needed(find_binaries), tmp_path_factory.mktemp("kube")) as server:
        yield server


@pytest.mark.parametrize(
    "name", [n for n, page in PAGES.items() if needs_cluster(page.read_text())]
)
def test_commands_do_what_the_page_says(name: str, cluster: ApiServer, tmp_path: Path) -> None:
    check(name, tmp_path, {"KUBECONFIG": str(cluster.kubeconfig("admin"))})


@pytest.mark.parametrize("name", WRITTEN)
def test_a_cluster_takes_the_objects(name: str, istio: ApiServer) -> None:
    needed(find_kubectl)
    folder = EXAMPLES / name
    built = shell(istio, folder, "kubectl kustomize istio")
    assert built.returncode == 0, built.stderr
    objects = documents(built.stdout)
    for space in {obj["metadata"]["namespace"] for obj in objects}:
        namespace(istio, space)
    ran = shell(istio, folder, "kubectl apply --dry-run=server --validate=strict -o json -k istio")
    assert ran.returncode == 0, ran.stderr
    answer = json.loads(ran.stdout)
    assert len(answer.get("items", [answer])) == len(objects)
