"""Hosts of one shape are proved once, and the result is that of proving each."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.base.outcome import World
from nginx2istio.verify import proof as proving
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.proof import Proof, prove
from nginx2istio.verify.shape import host_shape
from nginx2istio.verify.sides import Sides, sides

Objects = list[dict[str, Any]]
INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-{n}
  namespace: team-{n}
  creationTimestamp: "2024-01-01T00:00:00Z"
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/proxy-body-size: {size}
spec:
  ingressClassName: nginx
  tls: [{{hosts: [shop{n}.example.com], secretName: tls-{n}}}]
  rules:
  - host: shop{n}.example.com
    http:
      paths:
      - path: {path}
        pathType: Prefix
        backend: {{service: {{name: api-{n}, port: {{number: 80}}}}}}
      - {{path: /docs, pathType: Exact, backend: {{service: {{name: docs, port: {{number: 80}}}}}}}}
"""


def estate(*different: dict[str, str], filters: bool = False) -> tuple[Sides, Objects]:
    """Hosts that differ in names only, but for the fields given of each; and the objects."""
    text = "---".join(
        INGRESS.format(n=n, **{"path": "/api", "size": "1k"} | fields)
        for n, fields in enumerate(different)
    )
    conversion = api.convert_text(text, Options(envoy_filters=filters))
    findings = api.report(conversion, with_plan=False)["findings"]
    objects = copy.deepcopy([dict(o) for o in conversion.objects])
    return sides(conversion, findings, objects), objects


def hosts_of(proof: Proof) -> set[str]:
    """The hosts with a counterexample."""
    return {bare_host(each.request.host) for each in proof.unannounced}


def shapes(both: Sides) -> list[str | None]:
    return [host_shape(both, server) for server in both.config.servers]


@pytest.mark.parametrize("filters", [False, True])
def test_names_are_no_part_of_a_shape(filters: bool) -> None:
    both, _ = estate({}, {}, {}, filters=filters)
    assert None not in shapes(both)
    assert len(set(shapes(both))) == 1


@pytest.mark.parametrize("fields", [{"path": "/other"}, {"size": "2k"}])
def test_all_else_is(fields: dict[str, str]) -> None:
    both, _ = estate({}, {}, fields)
    assert len(set(shapes(both))) == 2


@pytest.mark.parametrize("filters", [False, True])
def test_the_result_is_that_of_each(filters: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    both, _ = estate({}, {}, {"path": "/other"}, {}, filters=filters)
    proofs: list[str] = []
    of_one = proving._proof_of

    def counted(sides: Sides, names: Any, world: World) -> Proof:
        names = list(names)
        proofs.extend(server.host for server, _ in names)
        return of_one(sides, names, world)

    monkeypatch.setattr(proving, "_proof_of", counted)
    shared = prove(both)
    assert len(proofs) == 2
    each = prove(both, world=World())
    assert len(proofs) == 2 + 4
    assert (shared.hosts, shared.classes, shared.alike) == (each.hosts, each.classes, each.alike)
    assert shared.announced == each.announced
    assert not shared.unannounced and not each.unannounced


def test_a_host_that_was_changed_is_found_among_others() -> None:
    both, objects = estate({}, {}, {})
    for each in objects:
        if each["kind"] == "AuthorizationPolicy" and "shop2.example.com" in str(each):
            for rule in each["spec"]["rules"]:
                rule["from"] = [{"source": {"notRemoteIpBlocks": ["0.0.0.0/0"]}}]
    assert len(set(shapes(both))) == 2
    assert hosts_of(prove(both)) == {"shop2.example.com"}


def test_a_finding_that_is_not_about_a_host_is_noticed() -> None:
    both, _ = estate({}, {}, {})
    findings = [
        {**f, "hosts": [h.replace("shop1", "elsewhere") for h in f["hosts"]]} for f in both.findings
    ]
    fewer = Sides(both.config, both.gateway, findings, both.declared)
    assert len(set(shapes(fewer))) == 2
    assert hosts_of(prove(fewer)) == {"shop1.example.com"}


def test_a_host_that_names_other_objects_is_proved_by_itself() -> None:
    mirror = "nginx.ingress.kubernetes.io/mirror-target: https://mirror.example.com"
    text = INGRESS.format(n=1, path="/", size=f"1k\n    {mirror}")
    assert shapes(sides(api.convert_text(text), [])) == [None]
