"""What is around the gateway, read from a real API server: each kind is a finding, or is missed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nginx2istio.base.options import Options
from nginx2istio.cli import command_line
from nginx2istio.convert.istio_version import istio_version_of
from nginx2istio.inputs.files import read

from .api_server import ApiServer
from .cluster import allow, create, documents, forbid, namespace

SPACE = "neighbours"
AROUND = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: neighbours
  annotations: {cert-manager.io/cluster-issuer: neighbours}
spec:
  ingressClassName: nginx
  tls: [{hosts: [neighbours.example.com], secretName: shop}]
  rules:
  - host: neighbours.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop, namespace: neighbours, labels: {istio.io/use-waypoint: way}}
spec: {selector: {app: shop}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: shop, namespace: neighbours}
spec:
  serviceName: shop
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop, tier: back}}
    spec:
      containers:
      - {name: app, image: app, args: [--password=hunter2]}
      - {name: istio-proxy, image: "istio/proxyv2:1.29.0"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system, labels: {app: istiod}}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {containers: [{name: discovery, image: "docker.io/istio/pilot:1.29.2"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gateway-1, namespace: istio-system, labels: {istio: ingressgateway, x: "y"}}
spec: {containers: [{name: istio-proxy, image: "docker.io/istio/proxyv2:1.28.5"}]}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: back, namespace: neighbours}
spec:
  selector: {matchLabels: {tier: back}}
  rules: [{from: [{source: {namespaces: [ingress-nginx]}}]}]
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: back, namespace: neighbours}
spec: {mtls: {mode: STRICT}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: back, namespace: neighbours}
spec:
  podSelector: {matchLabels: {tier: back}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop, namespace: neighbours}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: shop}
  maxReplicas: 9
  metrics:
  - type: External
    external: {metric: {name: nginx_ingress_controller_requests}, target: {type: Value, value: "9"}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop, namespace: neighbours}
spec: {strategy: {canary: {trafficRouting: {nginx: {stableIngress: shop}}}}}
---
apiVersion: flagger.app/v1beta1
kind: Canary
metadata: {name: shop, namespace: neighbours}
spec: {provider: nginx, ingressRef: {name: shop}, targetRef: {name: shop}}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop, namespace: neighbours}
spec:
  scaleTargetRef: {name: shop}
  triggers:
  - type: prometheus
    metadata: {serverAddress: "http://hunter2@p:9090", query: nginx_ingress_controller_requests}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop, namespace: neighbours}
spec: {groups: [{rules: [{alert: Many, expr: nginx_ingress_controller_requests > 9}]}]}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: neighbours}
spec: {acme: {email: hunter2, solvers: [{http01: {ingress: {class: nginx}}}]}}
"""
CODES = {
    *("N2I070", "N2I079", "N2I081", "N2I090", "N2I091", "N2I092", "N2I093", "N2I094"),
}


@pytest.fixture(scope="module")
def crowded(programs: ApiServer) -> Iterator[ApiServer]:
    """A cluster with one of each kind; other tests list the NetworkPolicies of all namespaces."""
    for name in (SPACE, "istio-system"):
        namespace(programs, name)
    create(programs, documents(AROUND))
    yield programs
    policy = f"/apis/networking.k8s.io/v1/namespaces/{SPACE}/networkpolicies/back"
    programs.request("DELETE", policy)


def scanned(kubeconfig: Path, folder: Path, *args: str) -> dict[str, Any]:
    file = folder / "report.json"
    given = ["scan", "--kubeconfig", str(kubeconfig), "-q", "--report", str(file), *args]
    result = CliRunner().invoke(command_line, given)
    assert result.exit_code == 0, result.output
    data: dict[str, Any] = json.loads(file.read_text())
    return data


def codes(data: dict[str, Any]) -> set[str]:
    return {f["code"] for f in data["findings"] if "N2I070" <= f["code"] <= "N2I099"}


@pytest.mark.parametrize("scope", [("-A",), ("-n", SPACE)])
def test_each_kind_is_a_finding_with_the_printed_rights(
    crowded: ApiServer, scratch: Path, scope: tuple[str, ...]
) -> None:
    user = "reader"
    printed = CliRunner().invoke(command_line, ["scan", "--print-rbac", *scope])
    forbid(crowded, user)
    allow(crowded, user, printed.stdout)
    saved = scratch / "saved.json"
    data = scanned(crowded.kubeconfig(user), scratch, *scope, "--save", str(saved))
    assert "N2I031" not in {f["code"] for f in data["findings"]}, data["findings"]
    assert codes(data) >= CODES
    assert {step["id"] for step in data["plan"]} >= {
        *("mesh-policies", "waypoints", "progressive-delivery", "scaling", "monitoring"),
        *("acme-solvers", "network-policies"),
    }
    assert "hunter2" not in saved.read_text()
    assert istio_version_of(read([str(saved)]).resources, Options()) == (1, 28)

    again = scratch / "again.json"
    given = ["convert", str(saved), "-q", "--report", str(again)]
    assert CliRunner().invoke(command_line, given).exit_code == 0
    assert json.loads(again.read_text())["findings"] == data["findings"]


def test_what_may_not_be_read_has_a_consequence(crowded: ApiServer, scratch: Path) -> None:
    forbid(crowded, "limited")
    role = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: little, namespace: neighbours}
rules:
- {apiGroups: [networking.k8s.io], resources: [ingresses], verbs: [list]}
"""
    allow(crowded, "limited", role)
    data = scanned(crowded.kubeconfig("limited"), scratch, "-n", SPACE)
    missed = {f["object"]["kind"]: f["text"] for f in data["findings"] if f["code"] == "N2I031"}
    assert "the gateway can't reach" in missed["NetworkPolicy"]
    assert "move traffic by Ingresses" in missed["Rollout"]
    assert missed.keys() >= {"PeerAuthentication", "ScaledObject", "ClusterIssuer", "Pod"}


def test_a_kind_that_the_cluster_lacks_is_no_finding(kube: ApiServer, scratch: Path) -> None:
    space = namespace(kube, "lacking")
    data = scanned(kube.kubeconfig("admin", space), scratch, "-n", space)
    missed = {f["object"]["kind"] for f in data["findings"] if f["code"] == "N2I031"}
    assert not missed & {"Rollout", "Canary", "ScaledObject", "PrometheusRule", "Issuer"}
