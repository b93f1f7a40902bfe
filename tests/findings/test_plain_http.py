"""Of which schemes, hosts and paths findings speak."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.findings.plain_http import about_http
from nginx2istio.nginx.model import Origin
from nginx2istio.rule import Message, Requests

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: web
  creationTimestamp: "2026-01-01T00:00:00Z"
  annotations: {{nginx.ingress.kubernetes.io/auth-url: "http://auth.web.svc.cluster.local/"}}
spec:
  ingressClassName: nginx
  {tls}
  rules:
  - host: {host}
    http:
      paths:
      - {{path: /, pathType: {kind}, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
---
"""
SECURE = "tls: [{hosts: [secure.example.com], secretName: certificate}]"
ESTATE = INGRESS.format(name="a", host="plain.example.com", tls="", kind="Prefix") + INGRESS.format(
    name="b", host="secure.example.com", tls=SECURE, kind="Exact"
)
MESSAGE = Message("X1", "approximated", "info", "Some status", "", "", frozenset({"status"}))
TLS = Message("X2", "approximated", "info", "Some TLS", "", "", frozenset({"status", "tls"}))
POSTS = Requests(method=("POST",))


def gateway(*hosts: str) -> dict[str, object]:
    port = {"number": 443, "name": "https", "protocol": "HTTPS"}
    return {"kind": "Gateway", "spec": {"servers": [{"port": port, "hosts": list(hosts)}]}}


def narrowed(finding: PlacedFinding, *served: str) -> tuple[Requests, ...]:
    return next(iter(about_http([finding], [gateway(*(f"ns/{host}" for host in served))]))).requests


def at(*hosts: str, message: Message = MESSAGE) -> PlacedFinding:
    return placed(message, Origin(), hosts)


def test_a_host_without_https_has_findings_about_http() -> None:
    assert narrowed(at("a.example")) == (Requests(scheme="http"),)
    assert narrowed(at("a.example"), "b.example", "*.b.example") == (Requests(scheme="http"),)


def test_what_is_about_https_only_is_information_where_nothing_serves_it() -> None:
    loss = replace(MESSAGE, severity="error", requests=(Requests(scheme="https"),))
    for served, severity in (("b.example", "info"), ("a.example", "error")):
        (finding,) = about_http([at("a.example", message=loss)], [gateway(f"ns/{served}")])
        assert (finding.severity, finding.requests) == (severity, ())


def test_a_host_with_https_keeps_its_findings() -> None:
    assert narrowed(at("a.example"), "a.example") == ()
    assert narrowed(at("a.example"), "*.example") == ()
    assert narrowed(at("*.example"), "a.example") == ()
    assert narrowed(at("b.example", "a.example"), "a.example") == ()
    assert narrowed(at("a.example"), "*") == ()


def test_findings_about_tls_and_all_hosts_stay() -> None:
    assert narrowed(at("a.example", message=TLS)) == ()
    assert narrowed(at("*")) == ()


def test_other_predicates_stay() -> None:
    message = Message("X3", "approximated", "info", "T", "", "", MESSAGE.aspects, (POSTS,))
    assert narrowed(at("a.example", message=message)) == (
        Requests(method=("POST",), scheme="http"),
    )


def report() -> dict[str, dict[str, list[dict[str, object]]]]:
    """The findings of the estate by code and first host."""
    by_code: dict[str, dict[str, list[dict[str, object]]]] = {}
    for finding in api.report(api.convert_text(ESTATE, Options()))["findings"]:
        by_host = by_code.setdefault(finding["code"], {})
        by_host.setdefault(finding["hosts"][0] if finding["hosts"] else "", []).append(finding)
    return by_code


def test_of_two_hosts_one_has_https() -> None:
    asked = report()["N2I212"]
    assert [f.get("requests") for f in asked["plain.example.com"]] == [[{"scheme": "http"}]]
    assert all("requests" not in f for f in asked["secure.example.com"])


def test_the_implicit_root_beside_an_exact_one_is_every_path() -> None:
    paths = [f["paths"] for f in report()["N2I212"]["secure.example.com"]]
    assert ["*"] in paths


def test_https_without_a_certificate_names_those_that_have_one() -> None:
    (finding,) = report()["N2I901"]["*"]
    assert finding["requests"] == [
        {"host": r"(?i)^(?!(secure\.example\.com)(:[0-9]+)?$)", "scheme": "https"}
    ]


def test_findings_about_backends_name_hosts_that_have_some() -> None:
    for code in ("N2I530", "N2I540", "N2I906", "N2I907", "N2I918", "N2I920"):
        (finding,) = report()[code].values()
        assert finding[0]["hosts"] == ["plain.example.com", "secure.example.com"]
    assert "N2I907" not in {
        f["code"] for f in api.report(api.convert_text("---\n", Options()))["findings"]
    }
