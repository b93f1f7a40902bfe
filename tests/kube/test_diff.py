"""diff --live against a real API server into which kubectl applied an earlier output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line
from nginx2istio.cluster.kinds import ISTIO

from ..conftest import needed
from .api_server import ApiServer
from .cluster import KINDS, allow, create, forbid, namespace
from .kubectl import find_kubectl, shell

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: differ
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/app-root: /start
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""
ALL = ["DestinationRule", "Gateway", "VirtualService"]
PATHS = {kind.name: kind for kind in ISTIO}


def run(config: Path, *args: str, text: str = INGRESS) -> Result:
    given = ["diff", "-", "--live", "--kubeconfig", str(config), "--gateway-namespace", "differ"]
    return CliRunner().invoke(command_line, [*given, *args], input=text)


def difference(config: Path, *args: str, text: str = INGRESS) -> dict[str, Any]:
    result = run(config, "--format", "json", *args, text=text)
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(result.stdout)
    return data


def entry(data: dict[str, Any], kind: str) -> dict[str, Any]:
    (of_kind,) = (o for o in data["objects"] if o["kind"] == kind)
    entry: dict[str, Any] = of_kind
    return entry


@pytest.fixture
def applied(istio: ApiServer, tmp_path: Path) -> Iterator[Path]:
    """A kubeconfig of a cluster into which the output was applied by kubectl."""
    needed(find_kubectl)
    namespace(istio, "differ")
    out = ["-q", "-o", str(tmp_path / "out"), "--gateway-namespace", "differ"]
    assert CliRunner().invoke(command_line, ["convert", "-", *out], input=INGRESS).exit_code == 0
    ran = shell(istio, tmp_path, "kubectl apply -k out")
    assert ran.returncode == 0, ran.stderr
    yield istio.kubeconfig("admin")
    for kind in ISTIO:
        for item in json.loads(istio.request("GET", kind.path("differ")))["items"]:
            istio.request("DELETE", kind.path("differ", item["metadata"]["name"]))


def test_what_was_applied_differs_in_nothing(applied: Path) -> None:
    result = run(applied, "--exit-code")
    assert result.exit_code == 0, result.output
    assert result.stdout == "0 added, 0 changed, 0 removed, 3 unchanged\n"


def test_every_change_is_told_and_nothing_is_written(istio: ApiServer, applied: Path) -> None:
    changed = INGRESS.replace("/start", "/other").replace("affinity: cookie", "proxy-body-size: 2m")
    before = len(istio.requests("admin"))
    data = difference(applied, text=changed)
    verbs = {verb for verb, _ in istio.requests("admin")[before:]}
    assert verbs <= {"get", "list"}
    assert data["summary"] == {"added": 0, "changed": 1, "removed": 1, "unchanged": 1}
    assert entry(data, "DestinationRule")["change"] == "removed"
    paths = [f["path"] for f in entry(data, "VirtualService")["fields"]]
    assert any("Location" in path or "redirect" in path for path in paths)
    assert run(applied, "--exit-code", text=changed).exit_code == 1


def test_applying_does_what_was_told(istio: ApiServer, applied: Path, tmp_path: Path) -> None:
    """Edits by others: what diff says will go goes, what it says will stay stays."""
    path = PATHS["VirtualService"].path("differ", "shop-example-com")
    live = json.loads(istio.request("GET", path))
    live["spec"]["exportTo"] = ["."]
    live["spec"]["http"][-1]["timeout"] = "9s"
    live["metadata"]["labels"]["team"] = "red"
    istio.request("PUT", path, live)
    change = entry(difference(applied), "VirtualService")
    assert change["change"] == "changed"
    (field,) = change["fields"]
    assert (field["change"], field["old"]) == ("removed", "9s")
    assert field["path"].endswith(".timeout")
    assert change["stays"] == ["labels.team", "spec.exportTo"]
    assert shell(istio, tmp_path, "kubectl apply -k out").returncode == 0
    after = json.loads(istio.request("GET", path))
    assert "timeout" not in after["spec"]["http"][-1]
    assert after["spec"]["exportTo"] == ["."]
    assert after["metadata"]["labels"]["team"] == "red"
    assert entry(difference(applied), "VirtualService")["change"] == "unchanged"


def test_objects_of_others(istio: ApiServer, applied: Path) -> None:
    other = {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": "other-example-com", "namespace": "differ"},
        "spec": {"hosts": ["x.example.com"], "http": [{"redirect": {"uri": "/"}}]},
    }
    create(istio, [other, {**other, "metadata": {"name": "unrelated", "namespace": "differ"}}])
    more = INGRESS.replace("shop.example.com", "other.example.com")
    data = difference(applied, text=more)
    mine = {o["name"]: (o["change"], o["foreign"]) for o in data["objects"]}
    assert mine["other-example-com"] == ("changed", True)
    assert mine["shop-example-com"] == ("removed", False)
    assert "unrelated" not in mine


def test_a_trial_does_not_look_at_what_is_live(applied: Path) -> None:
    data = difference(applied, "--host-suffix", ".trial.test")
    assert data["summary"] == {"added": 3, "changed": 0, "removed": 0, "unchanged": 0}


def test_who_may_read_one_namespace_only(istio: ApiServer, applied: Path) -> None:
    rules = [
        {
            "apiGroups": ["networking.istio.io", "security.istio.io"],
            "resources": ["*"],
            "verbs": ["list"],
        }
    ]
    role = {
        "apiVersion": f"{KINDS['Role'].api_version}",
        "kind": "Role",
        "metadata": {"name": "differ", "namespace": "differ"},
        "rules": rules,
    }
    forbid(istio, "limited")
    config = istio.kubeconfig("limited", "differ")
    refused = run(config)
    assert refused.exit_code == 3
    assert "can't be read" in refused.stderr and "Traceback" not in refused.output
    allow(istio, "limited", json.dumps(role))
    assert difference(config)["summary"]["unchanged"] == 3
    forbid(istio, "limited")


def test_a_cluster_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    nowhere = CliRunner().invoke(command_line, ["diff", "-", "--live"], input=INGRESS)
    assert nowhere.exit_code == 2
    both = ["diff", "-", "--live", "--against", str(tmp_path)]
    assert CliRunner().invoke(command_line, both, input=INGRESS).exit_code == 2
