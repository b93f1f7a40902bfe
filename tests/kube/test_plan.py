"""The plan's commands, run by a shell with kubectl against a real API server, step by step."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line

from ..conftest import needed
from .api_server import ApiServer
from .cluster import create, namespace
from .kubectl import find_kubectl, shell

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: plan
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/denylist-source-range: 10.0.0.0/8
spec:
  ingressClassName: nginx
  tls:
  - {hosts: [shop.example.com], secretName: shop-tls}
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""
SECRET = "c2VjcmV0LWtleQ=="
GATEWAY = "plan-gateway"
KINDS = "gateways.networking.istio.io,virtualservices.networking.istio.io,"
KINDS += "destinationrules.networking.istio.io,authorizationpolicies.security.istio.io"


@pytest.fixture
def prepared(istio: ApiServer, tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The steps of the plan by id, with a cluster that they fit to; OUT is `istio` in tmp_path."""
    needed(find_kubectl)
    for name in ("plan", GATEWAY, "istio-system"):
        namespace(istio, name)
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "shop-tls", "namespace": "plan"},
        "type": "kubernetes.io/tls",
        "data": {"tls.crt": SECRET, "tls.key": SECRET},
    }
    mesh = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "istio", "namespace": "istio-system"},
        "data": {"mesh": "trustDomain: here"},
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "gw", "namespace": GATEWAY, "labels": {"istio": "ingressgateway"}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }
    create(istio, [secret, mesh, service])
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}}
    path = f"/api/v1/namespaces/{GATEWAY}/services/gw/status"
    istio.request("PATCH", path, status, "merge-patch+json")
    report = tmp_path / "report.json"
    given = ["-o", str(tmp_path / "istio"), "--report", str(report), "--gateway-namespace", GATEWAY]
    result = CliRunner().invoke(command_line, ["convert", "-", "-q", *given], input=INGRESS)
    assert result.exit_code == 0, result.output
    return {step["id"]: step for step in json.loads(report.read_text())["plan"]}


def objects_left(kube: ApiServer, folder: Path) -> list[str]:
    """Names of our objects, of kinds in the order of KINDS."""
    label = "app.kubernetes.io/managed-by=nginx2istio"
    ran = shell(kube, folder, f"kubectl get {KINDS} -A -l {label} -o json")
    items = json.loads(ran.stdout)["items"]
    mine = [i for i in items if i["metadata"]["namespace"] in ("plan", GATEWAY)]
    return [i["kind"] for i in mine]


def test_the_plan_is_followed(
    istio: ApiServer, prepared: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    def follow(name: str) -> str:
        commands = [c for c in prepared[name]["commands"] if not c.startswith("istioctl ")]
        ran = shell(istio, tmp_path, *prepared["prepare"]["commands"][:2], *commands)
        assert ran.returncode == 0, (name, ran.stderr)
        return ran.stdout

    address = shell(istio, tmp_path, *prepared["prepare"]["commands"], "echo is $GATEWAY")
    assert address.stdout.endswith("is 192.0.2.9\n"), address.stderr
    assert follow("mesh-config") == "trustDomain: here"

    printed = follow("secrets")
    assert SECRET not in printed and base64.b64decode(SECRET).decode() not in printed
    copied = json.loads(
        istio.request("GET", f"/api/v1/namespaces/{GATEWAY}/secrets/plan--shop-tls")
    )
    assert (copied["type"], copied["data"]["tls.key"]) == ("kubernetes.io/tls", SECRET)

    assert follow("network-policies") == ""
    checked = shell(istio, tmp_path, "OUT=istio", prepared["check"]["commands"][0])
    assert checked.returncode == 0, checked.stderr
    assert objects_left(istio, tmp_path) == []
    shown = shell(istio, tmp_path, "OUT=istio", prepared["check"]["commands"][1])
    assert shown.returncode == 1 and "+kind: Gateway" in shown.stdout, "kubectl diff shows all"

    follow("apply-policies")
    assert objects_left(istio, tmp_path) == ["DestinationRule", "AuthorizationPolicy"]
    follow("apply-routes")
    assert objects_left(istio, tmp_path) == [
        "Gateway",
        "VirtualService",
        "DestinationRule",
        "AuthorizationPolicy",
    ]
    follow("rollback")
    assert objects_left(istio, tmp_path) == []
    assert "shop-tls" in shell(istio, tmp_path, "kubectl get secret -n plan -o name").stdout


def test_policies_that_name_peers_are_listed(
    istio: ApiServer, prepared: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    peer = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress-nginx"}}}
    policies = {"let-in": [{"from": [peer]}], "all": [{}], "none": []}
    base = "/apis/networking.k8s.io/v1/namespaces/plan/networkpolicies"
    for name, rules in policies.items():
        spec = {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": rules}
        policy = {"metadata": {"name": name}, "spec": spec}
        istio.request("POST", base, policy)
    try:
        ran = shell(istio, tmp_path, *prepared["network-policies"]["commands"])
        assert ran.stdout == "plan/let-in\n", ran.stderr
    finally:
        for name in policies:
            istio.request("DELETE", f"{base}/{name}")


def test_the_requests_reach_the_address(
    prepared: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """With curl in the place of the gateway's client: what it resolves is what it asks."""
    for test in prepared["test-hosts"]["tests"]:
        script = f'curl() {{ printf "%s\\n" "$@"; }}\nGATEWAY=192.0.2.9\n{test["command"]}'
        words = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        lines = words.stdout.splitlines()
        port = "443" if test["url"].startswith("https") else "80"
        assert f"shop.example.com:{port}:192.0.2.9" in lines
        assert lines[-1] == test["url"]
