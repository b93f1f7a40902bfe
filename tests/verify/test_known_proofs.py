"""What is known of earlier hosts is used for those that are configured alike, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from nginx2istio import api
from nginx2istio.base.outcome import WHO_ANSWERS, Request, World
from nginx2istio.verify import proof as proving
from nginx2istio.verify.compared import Compared, compared
from nginx2istio.verify.explain.host_table import HostTables
from nginx2istio.verify.judged.declared import bare_host
from nginx2istio.verify.proof import prove
from nginx2istio.verify.shapes import known_proofs
from nginx2istio.verify.sides import Sides, sides

INGRESS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop-{n}
  namespace: team-{n}
  annotations: {{nginx.ingress.kubernetes.io/temporal-redirect: "{redirect}"}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop{n}.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: api, port: {{number: 80}}}}}}
"""


def estate(*redirects: str, policies: Sequence[dict[str, Any]] = ()) -> Sides:
    """Hosts that differ in names only, but for what they redirect to; with policies of others."""
    texts = (INGRESS.format(n=n, redirect=to) for n, to in enumerate(redirects))
    conversion = api.convert_text("---".join(texts))
    findings = api.report(conversion, with_plan=False)["findings"]
    return sides(conversion, findings, [*conversion.objects, *policies] if policies else None)


def denied(number: int, **operation: list[str]) -> dict[str, Any]:
    """A policy that denies requests to one of the hosts."""
    about = {"hosts": [f"shop{number}.example.com"], **operation}
    return {
        "kind": "AuthorizationPolicy",
        "metadata": {"name": f"shop-{number}", "namespace": "istio-system"},
        "spec": {"action": "DENY", "rules": [{"to": [{"operation": about}]}]},
    }


@pytest.mark.parametrize("number", [0, 1])
def test_a_policy_that_is_not_read_is_unlike_one_that_is(number: int) -> None:
    policies = [denied(number), denied(1 - number, paths=["/{*}"])]
    both = estate("https://other.example", "https://other.example", policies=policies)
    shared, alone = prove(both), prove(both, world=World())
    assert shared.silent == alone.silent > 0 and shared.unknown == alone.unknown
    hosts = {bare_host(each.request.host) for each in shared.unannounced}
    assert hosts == {f"shop{number}.example.com"}


def test_where_more_is_announced_requests_are_not_compared_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conversion = api.convert_text("---".join(INGRESS.format(n=n, redirect="") for n in (0, 1)))
    findings = api.report(conversion, with_plan=False)["findings"]
    more = {"code": "N2I000", "aspects": sorted(WHO_ANSWERS | {"request-headers"}), "paths": ["*"]}
    both = sides(conversion, [*findings, more | {"hosts": ["shop1.example.com"]}])
    asked: list[str] = []

    def watched(sides: Sides, request: Request, world: World) -> Compared:
        asked.append(bare_host(request.host))
        return compared(sides, request, world)

    monkeypatch.setattr(proving, "compared", watched)
    shared = prove(both)
    assert set(asked) <= {"shop0.example.com", "unknown.invalid"}
    alone = prove(both, world=World())
    assert "shop1.example.com" in asked
    assert shared.announced == alone.announced and shared.announced["N2I000"]
    assert (shared.classes, shared.alike, shared.silent) == (alone.classes, alone.alike, 0)


def test_where_less_is_announced_requests_are_compared_again() -> None:
    conversion = api.convert_text("---".join(INGRESS.format(n=n, redirect="") for n in (0, 1)))
    findings = api.report(conversion, with_plan=False)["findings"]
    for each in findings:
        if "shop1.example.com" in each["hosts"]:
            each["hosts"] = ["shop0.example.com"]
    both = sides(conversion, findings)
    shared, alone = prove(both), prove(both, world=World())
    assert shared.silent == alone.silent > 0
    assert {bare_host(each.request.host) for each in shared.unannounced} == {"shop1.example.com"}


def test_a_table_is_not_shared_with_hosts_of_before_all_was_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second, third = (f"https://{name}.example" for name in ("first", "second", "third"))
    single = estate(first)
    parts: list[int] = []
    forget = known_proofs.KnownProofs.forget

    def counted(known: known_proofs.KnownProofs) -> None:
        parts.append(len(known.shapes.parts))
        forget(known)

    monkeypatch.setattr(known_proofs.KnownProofs, "forget", counted)
    prove(single, tables=HostTables(single))
    (of_one_host,) = parts
    monkeypatch.setattr(known_proofs, "MOST_PARTS", of_one_host)
    both = estate(first, second, third, third)
    tables = HostTables(both)
    prove(both, tables=tables)
    assert len(parts) == 3
    same = {host: table.same for host, table in tables.tables.items()}
    assert same == {
        "shop0.example.com": [],
        "shop1.example.com": [],
        "shop2.example.com": ["shop3.example.com"],
    }
