"""The plan of the report: its steps, and that a shell reads its commands as they are meant."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.bridge.secrets import copy_secret
from nginx2istio.cli import command_line
from nginx2istio.report.data import schema
from nginx2istio.report.plan.text import plan_text
from tests.golden import fixtures

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    cert-manager.io/cluster-issuer: letsencrypt
    external-dns.alpha.kubernetes.io/ttl: "60"
    nginx.ingress.kubernetes.io/whitelist-source-range: {sources}
spec:
  ingressClassName: nginx
  tls:
  - {{hosts: [shop.example.com], secretName: {secret}}}
  rules:
  - host: shop.example.com
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
      - {{path: /cart, pathType: Exact, backend: {{service: {{name: shop, port: {{number: 80}}}}}}}}
"""


def report(sources: str = "10.0.0.0/8", secret: str = "shop-tls", **options: Any) -> dict[str, Any]:
    text = INGRESS.format(sources=sources, secret=secret)
    data = api.report(api.convert_text(text, Options(**options)))
    Draft202012Validator(schema()).validate(data)
    return data


def steps(data: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {step["id"]: step for step in data["plan"]}


def test_the_order_is_one_without_a_gap() -> None:
    order = list(steps(report()))
    assert order == [
        "prepare",
        "mesh-config",
        "secrets",
        "client-address",
        "network-policies",
        "cert-manager",
        "check",
        "apply-policies",
        "apply-routes",
        "test-hosts",
        "external-dns",
        "dns",
        "rollback",
        "remove",
    ]


def test_what_is_around_has_steps_of_its_own() -> None:
    order = {}
    for fixture in fixtures():
        if fixture.name.startswith("around/"):
            plan = steps(api.report(fixture.conversion))
            order[fixture.name.partition("/")[2]] = plan.keys() - steps(report()).keys()
    assert order == {
        "ambient": {"waypoints"},
        "gateway-policies": {"gateway-policies"},
        "metrics": {"scaling", "monitoring"},
        "mtls": {"mtls"},
        "mtls-plain": {"mtls"},
        "network": set(),  # the step is always there
        "network-egress": set(),
        "policies": {"mesh-policies"},
        "rollouts": {"progressive-delivery"},
        "services": {"node-local"},
        "solvers": {"acme-solvers"},
        "unchanged": set(),
        "visibility": {"visibility"},
    }


def test_the_objects_of_findings_are_named() -> None:
    by_name = {fixture.name: fixture for fixture in fixtures()}
    network = steps(api.report(by_name["around/network"].conversion))["network-policies"]
    assert network["commands"][1:] == [
        f"kubectl edit networkpolicies.networking.k8s.io -n web {name}"
        for name in ("zone", "default-deny", "shop")
    ]
    waypoints = steps(api.report(by_name["around/ambient"].conversion))["waypoints"]
    assert shell(waypoints["commands"][0], "kubectl")[:3] == ["kubectl", "label", "service"]
    visibility = steps(api.report(by_name["around/visibility"].conversion))["visibility"]
    assert visibility["commands"] == [
        "kubectl edit configmap -n istio-system istio",
        "kubectl edit service -n web own",
        "kubectl edit service -n web some",
    ]


def test_a_source_that_writes_ingresses_again_is_named() -> None:
    mark = "meta.helm.sh/release-name: shop\n    cert-manager.io/cluster-issuer: letsencrypt"
    text = INGRESS.replace("cert-manager.io/cluster-issuer: letsencrypt", mark)
    data = api.report(api.convert_text(text.format(sources="10.0.0.0/8", secret="x")))
    step = steps(data)["owners"]
    assert step["why"].startswith("Helm wrote these Ingresses")
    assert step["ingresses"] == ["web/shop"]
    assert list(steps(data))[-2:] == ["owners", "remove"]


def test_protections_are_applied_before_routes() -> None:
    by_id = steps(report())
    (command,) = by_id["apply-policies"]["commands"]
    assert "authorizationpolicy-*" in command
    assert by_id["apply-routes"]["commands"][0] == 'kubectl apply -k "$OUT"'
    first, last, secret = by_id["rollback"]["commands"]
    assert "gateways.networking.istio.io,virtualservices.networking.istio.io" in first
    assert "authorizationpolicies.security.istio.io" in last
    assert secret == "kubectl delete secret -n istio-system web--shop-tls"


def test_a_certificate_where_the_gateway_reads_it() -> None:
    step = steps(report())["cert-manager"]
    assert step["ingresses"] == ["web/shop"]
    assert "secretName: web--shop-tls" in step["yaml"]
    assert "kind: ClusterIssuer" in step["yaml"]


def test_requests_have_the_response_that_is_certain() -> None:
    plain = INGRESS.replace(
        "    nginx.ingress.kubernetes.io/whitelist-source-range: {sources}\n", ""
    )
    text = plain.format(secret="shop-tls")
    tests = steps(api.report(api.convert_text(text)))["test-hosts"]["tests"]
    assert [(t["url"], t["status"], t["location"]) for t in tests] == [
        ("http://shop.example.com/", 308, "https://shop.example.com/"),
        ("http://shop.example.com/cart", 308, "https://shop.example.com/cart"),
        ("https://shop.example.com/", 0, ""),
        ("https://shop.example.com/cart", 0, ""),
    ]
    # A client outside the list gets 403 before any redirect.
    assert {t["status"] for t in steps(report())["test-hosts"]["tests"]} == {0}


def shell(command: str, *functions: str) -> list[str]:
    """The words with which programs are called when a real shell runs the command."""
    stubs = "".join(
        f'{name}() {{ printf "%s\\0" {name} "$@"; printf "\\1"; }}\n' for name in functions
    )
    ran = subprocess.run(
        ["sh", "-c", stubs + command], capture_output=True, text=True, check=True, timeout=20
    )
    return ran.stdout.split("\0")


def test_hostile_names_are_only_names() -> None:
    hostile = "'a; touch $(x) \"b'"
    copy = copy_secret("web", hostile, f"web--{hostile}", Options(), "a certificate")["command"]
    reading = copy.partition(" | ")[0]
    assert shell(reading, "kubectl")[:4] == ["kubectl", "get", "secret", hostile]
    program = shlex.split(copy.partition(" | jq ")[2])[0]
    ran = subprocess.run(["jq", program], input="{}", capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["metadata"]["name"] == f"web--{hostile}"


def test_the_address_that_was_given_is_used() -> None:
    command = steps(report(gateway_address="192.0.2.7"))["prepare"]["commands"][1]
    assert command == "GATEWAY=$(getent ahosts 192.0.2.7 | awk 'NR == 1 { print $1 }')"
    assert shell(f"{command}; echo $GATEWAY") == ["192.0.2.7\n"]
    unknown = steps(report())["prepare"]["commands"][1]
    assert "kubectl get service -n istio-system -l istio=ingressgateway" in unknown


def test_no_secret_is_printed() -> None:
    commands = [c for step in report()["plan"] for c in step.get("commands", ())]
    for command in commands:
        if "get secret" in command:
            assert " -o name " in command or command.endswith("| kubectl apply -f -")


@pytest.mark.parametrize("fixture", fixtures(), ids=lambda f: f.name)
def test_a_shell_takes_every_command(fixture: Any) -> None:
    conversion = api.convert_files([str(fixture.folder / "ingress.yaml")], fixture.options)
    data = api.report(conversion)
    Draft202012Validator(schema()).validate(data)
    lines = [c for step in data["plan"] for c in step.get("commands", ())]
    lines += [t["command"] for step in data["plan"] for t in step.get("tests", ())]
    ran = subprocess.run(
        ["sh", "-n"], input="\n".join(lines), capture_output=True, text=True, timeout=20
    )
    assert (ran.returncode, ran.stderr) == (0, "")


def test_many_hosts_stay_short(tmp_path: Path) -> None:
    text = "---\n".join(
        INGRESS.format(sources="10.0.0.0/8", secret=f"tls-{i}")
        .replace("name: shop\n", f"name: shop-{i}\n")
        .replace("shop.example.com", f"shop-{i}.example.com")
        for i in range(40)
    )
    data = api.report(api.convert_text(text))
    assert len(steps(data)["test-hosts"]["hosts"]) == 40
    assert len(steps(data)["test-hosts"]["tests"]) == 160
    written = plan_text(data)
    assert written.count("curl -sS") == 6
    assert "# and 154 more requests" in written
    assert len(written.splitlines()) < 180
    assert plan_text(data, verbose=True).count("curl -sS") == 160
    path = tmp_path / "report.json"
    path.write_text(json.dumps(data))
    loop = next(x for x in written.splitlines() if ".tests[].command" in x).strip()
    stubs = "curl() { echo called; }\nGATEWAY=1\n"
    loop = loop.replace(" | GATEWAY=$GATEWAY sh", "")
    ran = subprocess.run(["sh", "-c", stubs + f'eval "$({loop})"'], cwd=tmp_path, **QUIET)
    assert ran.stdout.count("called") == 160


QUIET: dict[str, Any] = {"capture_output": True, "text": True, "check": True, "timeout": 60}


def test_the_text_report_ends_with_the_plan(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    text = INGRESS.format(sources="10.0.0.0/8", secret="shop-tls")
    plain = api.report(api.convert_text(re.sub(".*whitelist-source-range.*\n", "", text)))
    result = CliRunner().invoke(
        command_line, ["convert", "-", "-q", "--report", str(path)], input=text
    )
    assert result.exit_code == 0
    written = path.read_text()
    assert written.index("\nto do before the cut-over, with") < written.index(
        "\n# The cut-over, step"
    )
    assert '\nkubectl apply --dry-run=server -k "$OUT"\n' in written
    assert "\n# expected: 308 https://shop.example.com/\ncurl " in plan_text(plain)
    assert api.report(api.convert_text("kind: ConfigMap\nmetadata: {name: x}\n"))["plan"] == []


def test_the_auth_service_runs_before_the_policies() -> None:
    text = INGRESS.format(sources="10.0.0.0/8", secret="shop-tls").replace(
        "  annotations:\n",
        "  annotations:\n    nginx.ingress.kubernetes.io/auth-type: basic\n"
        "    nginx.ingress.kubernetes.io/auth-secret: users\n",
    )
    data = api.report(api.convert_text(text, Options(auth_service=True)))
    Draft202012Validator(schema()).validate(data)
    steps = [step["id"] for step in data["plan"]]
    assert steps.index("mesh-config") < steps.index("auth-service") < steps.index("apply-policies")
    step = next(step for step in data["plan"] if step["id"] == "auth-service")
    assert "kubectl rollout status deployment/nginx2istio-auth -n web" in step["commands"][1]
    for command in step["commands"]:
        subprocess.run(["sh", "-n", "-c", command], check=True)
    rollback = next(step for step in data["plan"] if step["id"] == "rollback")
    assert any("deployments" in command for command in rollback["commands"])
    assert any("networkpolicies.networking.k8s.io" in command for command in rollback["commands"])
