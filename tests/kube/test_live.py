"""The cluster's own verdict on Istio objects: a dry run of create, with strict validation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nginx2istio.cluster.connection import Refused
from nginx2istio.cluster.kinds import ISTIO
from nginx2istio.cluster.kubeconfig import connect
from nginx2istio.cluster.live import dry_run, live_objects

from ..golden import Fixture, fixtures
from .api_server import ApiServer
from .cluster import allow, create, documents, forbid, namespace
from .test_scan import THERE, codes, report, run, shop


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_the_api_server_takes_every_fixture(istio: ApiServer, fixture: Fixture) -> None:
    objects = documents((fixture.folder / "istio.yaml").read_text())
    for obj in objects:
        namespace(istio, obj["metadata"]["namespace"])
    cluster = connect(str(istio.kubeconfig("admin")))
    refused = [
        (v.object["metadata"], v.reasons) for v in dry_run(cluster, objects) if v.says != "accepted"
    ]
    assert not refused


def test_what_is_wrong_is_refused(istio: ApiServer) -> None:
    namespace(istio, "wrong")
    (good,) = documents(THERE)[:1]
    good["metadata"] = {"name": "good", "namespace": "wrong"}
    typo = {**good, "spec": {**good["spec"], "hots": ["x"]}}
    kind = {**good, "spec": {**good["spec"], "hosts": "x"}}
    nowhere = {**good, "metadata": {"name": "good", "namespace": "no-such-namespace"}}
    cluster = connect(str(istio.kubeconfig("admin")))
    verdicts = list(dry_run(cluster, [good, typo, kind, nowhere]))
    assert [v.says for v in verdicts] == ["accepted", "refused", "refused", "unknown"]
    assert 'unknown field "spec.hots"' in verdicts[1].reasons[0]
    assert verdicts[2].reasons[0].startswith("spec.hosts: ")
    assert "not found" in verdicts[3].reasons[0]


def test_nothing_is_stored_and_what_is_stored_is_no_obstacle(istio: ApiServer) -> None:
    space = namespace(istio, "stored")
    (good,) = documents(THERE)[:1]
    good["metadata"] = {"name": "good", "namespace": space}
    cluster = connect(str(istio.kubeconfig("admin")))
    routes = next(kind for kind in ISTIO if kind.name == "VirtualService")
    for _ in range(2):
        assert [v.says for v in dry_run(cluster, [good])] == ["accepted"]
        assert list(live_objects(cluster, routes, [space])) == [(space, [])]
    create(istio, [good])
    assert [v.says for v in dry_run(cluster, [good])] == ["accepted"]
    ((_, objects),) = live_objects(cluster, routes, [space])
    assert not isinstance(objects, Refused)
    assert objects[0]["spec"] == good["spec"]


def test_scan_asks_the_cluster_only_when_told(istio: ApiServer, scratch: Path) -> None:
    space = shop(istio, "asked")
    namespace(istio, "istio-system")
    forbid(istio, "validator")
    allow(istio, "validator", run("scan", "--print-rbac", "-n", space).stdout)
    config = istio.kubeconfig("validator", space)
    assert "N2I045" not in codes(report(config, scratch))
    assert {v for v, _ in istio.requests("validator")} == {"get", "list"}
    assert "N2I045" in codes(report(config, scratch, "--live-validate")), "it may not create"
    allow(istio, "validator", run("scan", "--print-rbac", "--live-validate", "-n", space).stdout)
    before = len(istio.requests("validator"))
    data = report(config, scratch, "--live-validate")
    assert not codes(data) & {"N2I044", "N2I045"}
    written = [(v, u) for v, u in istio.requests("validator")[before:] if v not in ("get", "list")]
    assert written
    assert all(verb == "create" and "dryRun=All" in uri for verb, uri in written)
    live = json.loads(istio.request("GET", ISTIO[1].path(space)))["items"]
    assert live == []
