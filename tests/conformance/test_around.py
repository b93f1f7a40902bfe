"""What is around the gateway, served by real pilot and Envoy: what findings announce is so.

The recorded answer is nginx's, 200 by the backend. NetworkPolicies, nodes, injected proxies and
ztunnel are not part of the rig, nor are the programs that edit Ingresses.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options

from .bench import Bench
from .objects import documents, join, text_of
from .parts import Parts
from .records import Case
from .samples import exchange

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a, namespace: default}
spec:
  ingressClassName: nginx
  rules:
  - host: a.test
    http:
      paths:
      - path: /foo
        pathType: Prefix
        backend: {service: {name: echo, port: {number: 80}}}
"""
PLAIN = "name: echo, namespace: default"
HIDDEN = f"{PLAIN}, annotations: {{networking.istio.io/exportTo: .}}"
SHOWN = f"{PLAIN}, annotations: {{networking.istio.io/exportTo: '*'}}"
POLICY = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: gateway, namespace: istio-system}}
spec:
  selector: {{matchLabels: {{istio: ingressgateway}}}}
  rules: [{{to: [{{operation: {{hosts: [{host}]}}}}]}}]
"""
SIDECAR = """
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: istio-system}
spec: {egress: [{hosts: ["other/*"]}]}
"""
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: default}
spec: {mtls: {mode: STRICT}}
"""


def service(metadata: str = PLAIN, spec: str = "") -> str:
    ports = "ports: [{name: http, port: 80}], selector: {app: echo}"
    return f"apiVersion: v1\nkind: Service\nmetadata: {{{metadata}}}\nspec: {{{ports}{spec}}}\n"


def convert(text: str, case: Case, filters: bool) -> tuple[str, dict[str, object]]:
    """The conversion, with the objects of Istio's that are there already."""
    conversion = api.convert_text(text, Options(envoy_filters=filters))
    existing = [o for o in documents(text) if "istio.io/" in str(o["apiVersion"])]
    return join(api.yaml(conversion), text_of(existing)), api.report(conversion)


@pytest.fixture(scope="module")
def bench(parts: Parts) -> Iterator[Bench]:
    bench = Bench(parts, convert, False)
    yield bench
    bench.close()


@pytest.mark.parametrize(
    ("objects", "refused"),
    [
        ((service(),), False),
        ((service(HIDDEN),), True),
        ((service(SHOWN),), False),
        ((service(spec=", trafficDistribution: PreferClose"),), False),
        ((service(spec=", clusterIP: None"),), False),
        ((service(), POLICY.format(host="other.test")), True),
        ((service(), POLICY.format(host="a.test")), False),
        ((service(), SIDECAR), False),
        ((service(), STRICT), False),
    ],
    ids=[
        *("plain", "hidden", "exported", "near-first", "headless"),
        *("policy-of-other-hosts", "policy-of-the-host", "sidecar", "strict-without-proxy"),
    ],
)
def test_what_is_announced_is_so(bench: Bench, objects: tuple[str, ...], refused: bool) -> None:
    right = exchange(
        headers=[("content-type", "application/json")],
        sent=[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "http")],
    )
    case: Case = {
        "id": "around/case",
        "source": "scenario",
        "objects": "---\n".join((INGRESS, *objects)),
        "pods": {"default/echo:80": ["echo-0"]},
        "exchanges": [right],
    }
    result = bench.run(case)
    (answer,) = result["exchanges"]
    assert any(d["what"] == "answer" for d in answer["differences"]) is refused, result
    codes = {code for d in answer["differences"] for code in d["by"]}
    assert answer["class"] != "silent", result
    # What differs without what is around is the baseline's alone.
    assert refused or all(code.startswith("N2I9") for code in codes), result
