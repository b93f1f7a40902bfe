"""What a conversion says of its own accord, whatever the annotations."""

from __future__ import annotations

from pathlib import Path

from nginx2istio import api

TEXT = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop, namespace: web}
spec:
  ingressClassName: nginx
  rules:
  - host: a.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
  tls:
  - hosts: [HOST]
    secretName: some-tls
"""


def assumed(host: str) -> list[tuple[list[str], int]]:
    report = api.report(api.convert_text(TEXT.replace("HOST", host)))
    return [(f["hosts"], f["line"]) for f in report["findings"] if f["code"] == "N2I016"]


def test_a_certificate_that_was_assumed_is_named() -> None:
    assert assumed('"*.example.com"') == [(["a.example.com"], 12)]


def test_a_certificate_that_is_named_for_the_host_is_not() -> None:
    assert assumed("a.example.com") == []
    # Its Secret was not read: the certificate may be for more than the entry lists.
    assert assumed("b.example.com") == [(["a.example.com"], 12)]


def test_problems_stand_in_the_order_of_the_files(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.yaml").write_text("a: [")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    problems = api.convert_files(paths).problems
    assert len(problems) == 2
    assert problems == api.convert_files(paths[::-1]).problems
