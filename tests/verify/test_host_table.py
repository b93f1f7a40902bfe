"""``explain --host``: which requests go where on both sides, and what no request reaches."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from nginx2istio.cli import command_line

SHOP = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations: {nginx.ingress.kubernetes.io/use-regex: "true"}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /items/[a-z]+
        pathType: ImplementationSpecific
        backend: {service: {name: items, port: {number: 80}}}
      - path: /items/new
        pathType: ImplementationSpecific
        backend: {service: {name: new, port: {number: 80}}}
"""


def explained(folder: Path, *words: str) -> Result:
    (folder / "shop.yaml").write_text(SHOP)
    return CliRunner().invoke(command_line, ["explain", str(folder / "shop.yaml"), *words])


def test_each_kind_of_answer_has_its_shortest_request(tmp_path: Path) -> None:
    result = explained(tmp_path, "--host", "shop.example.com", "--format", "json")
    table = json.loads(result.stdout)
    items = [row for row in table["rows"] if row["nginx"] == row["istio"] == "web/items:80"]
    alike = [row for row in items if row["verdict"] == "alike"]
    assert {row["route"] for row in alike} == {"web/shop /items/[a-z]+"}
    assert alike[0]["location"].startswith("location ~* ^/items/[a-z]+ web/shop ")
    assert len(alike[0]["example"]) == len("curl http://shop.example.com/items/a")
    assert alike[0]["classes"] > 1


def test_what_no_request_reaches_is_named(tmp_path: Path) -> None:
    """The longer pattern goes first, and takes all of the other."""
    text = explained(tmp_path, "--host", "shop.example.com").stdout
    shadowed = "location ~* ^/items/new (location ~* ^/items/[a-z]+ takes its path)"
    assert f"locations that no request reaches: {shadowed}" in text


def test_a_host_of_no_ingress_is_an_error(tmp_path: Path) -> None:
    result = explained(tmp_path, "--host", "shop.example.org")
    assert result.exit_code == 2
    assert "Did you mean shop.example.com?" in result.output
