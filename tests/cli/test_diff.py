"""The diff command against a folder: text, JSON, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from nginx2istio.cli import command_line

from .test_convert import GOOD


def run(*args: str, text: str = GOOD, color: bool = False) -> Result:
    return CliRunner().invoke(command_line, ["diff", *args], input=text, color=color)


def earlier(folder: Path, form: str = "yaml") -> str:
    command = ["convert", "-", "-q", "-o", str(folder), "--format", form]
    assert CliRunner().invoke(command_line, command, input=GOOD).exit_code == 0
    return str(folder)


def test_the_same_input_differs_in_nothing(tmp_path: Path) -> None:
    for form in ("yaml", "json"):
        folder = earlier(tmp_path / form, form)
        result = run("-", "--against", folder, "--exit-code")
        assert result.exit_code == 0, result.output
        assert result.stdout == "0 added, 0 changed, 0 removed, 2 unchanged\n"


def test_a_change_is_told_by_field(tmp_path: Path) -> None:
    folder = earlier(tmp_path)
    changed = GOOD.replace("/start", "/other")
    result = run("-", "--against", folder, text=changed)
    assert result.exit_code == 0
    assert result.stdout.startswith("~ VirtualService web/shop-example-com\n    ~ spec.http[")
    assert "/start" in result.stdout and "/other" in result.stdout
    assert "\x1b[" not in result.stdout
    assert run("-", "--against", folder, "--exit-code", text=changed).exit_code == 1


def test_colour(tmp_path: Path) -> None:
    folder = earlier(tmp_path)
    changed = GOOD.replace("/start", "/other")
    always = run("-", "--against", folder, "--color", "always", text=changed, color=True)
    assert "\x1b[31m        - " in always.stdout
    never = run("-", "--against", folder, "--color", "never", text=changed, color=True)
    assert "\x1b[" not in never.stdout


def test_json(tmp_path: Path) -> None:
    folder = earlier(tmp_path)
    other = GOOD.replace("shop.example.com", "other.example.com")
    result = run("-", "--against", folder, "--format", "json", text=other)
    content = json.loads(result.stdout)
    assert content["summary"] == {"added": 1, "changed": 1, "removed": 1, "unchanged": 0}
    gateway = content["objects"][0]
    assert (gateway["kind"], gateway["change"]) == ("Gateway", "changed")
    assert gateway["fields"] == [
        {
            "path": "spec.servers[http].hosts[0]",
            "change": "changed",
            "old": "web/shop.example.com",
            "new": "web/other.example.com",
        }
    ]


def test_what_is_removed_has_its_command(tmp_path: Path) -> None:
    folder = earlier(tmp_path)
    other = GOOD.replace("shop.example.com", "other.example.com")
    result = run("-", "--against", folder, text=other)
    assert "kubectl delete VirtualService shop-example-com -n web" in result.stdout


def test_broken_files_of_the_folder_are_told(tmp_path: Path) -> None:
    folder = earlier(tmp_path)
    (tmp_path / "web" / "broken.yaml").write_text("a: [b\n")
    result = run("-", "--against", folder)
    assert result.exit_code == 3
    assert "broken.yaml" in result.stderr
    assert "2 unchanged" in result.stdout


def test_usage(tmp_path: Path) -> None:
    assert run("-").exit_code == 2
    assert run("-", "--against", str(tmp_path / "nowhere")).exit_code == 2


PROTECTED = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: users
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def test_the_auth_service_is_compared_too(tmp_path: Path) -> None:
    command = ["convert", "-", "-q", "-o", str(tmp_path / "out"), "--auth-service"]
    assert CliRunner().invoke(command_line, command, input=PROTECTED).exit_code == 0
    listed = (tmp_path / "out" / "kustomization.yaml").read_text()
    for kind in ("configmap", "deployment", "networkpolicy", "poddisruptionbudget", "service"):
        assert f"web/{kind}-nginx2istio-auth.yaml" in listed
    against = ["-", "--against", str(tmp_path / "out")]
    same = run(*against, "--auth-service", "--exit-code", text=PROTECTED)
    assert same.exit_code == 0, same.output
    image = run(
        *against, "--auth-service", "--auth-service-image", "a.example/nginx:2", text=PROTECTED
    )
    assert image.stdout.startswith("~ Deployment web/nginx2istio-auth\n")
    without = run(*against, text=PROTECTED)
    assert "- ConfigMap web/nginx2istio-auth" in without.stdout
    assert "- Deployment web/nginx2istio-auth" in without.stdout


def test_an_image_without_a_name_is_refused() -> None:
    result = run("-", "--against", ".", "--auth-service", "--auth-service-image", "a b")
    assert result.exit_code == 2
    assert "is no name of an image" in result.output
