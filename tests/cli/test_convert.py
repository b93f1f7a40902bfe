"""The convert command as a user meets it: output, exit codes, bad input, no half-written file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from nginx2istio.cli import command_line
from nginx2istio.report.data import schema

GOOD = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/app-root: /start
    nginx.ingress.kubernetes.io/rewrite-tarket: /
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def run(*args: str, text: str = "") -> Result:
    return CliRunner().invoke(command_line, ["convert", *args], input=text)


def test_objects_go_to_stdout_and_the_summary_to_stderr() -> None:
    result = run("-", text=GOOD)
    assert result.exit_code == 0
    assert result.stdout.startswith("apiVersion: networking.istio.io/v1\n")
    assert "1 Ingress, 1 host" in result.stderr
    assert run("-", "-q", text=GOOD).stderr == ""


def test_json_is_a_list() -> None:
    items = json.loads(run("-", "--format", "json", text=GOOD).stdout)["items"]
    assert sorted(i["kind"] for i in items) == ["Gateway", "VirtualService"]


def test_the_report_is_as_its_schema_says(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert run("-", "-q", "--report", str(path), text=GOOD).exit_code == 0
    report = json.loads(path.read_text())
    Draft202012Validator(schema()).validate(report)
    unknown = next(f for f in report["findings"] if f["code"] == "N2I002")
    assert (unknown["file"], unknown["line"]) == ("-", 8)
    assert "rewrite-target" in unknown["text"]


def test_a_folder_gets_a_file_a_host(tmp_path: Path) -> None:
    out = tmp_path / "istio"
    assert run("-", "-o", str(out), text=GOOD).exit_code == 0
    assert (out / "web" / "shop-example-com.yaml").exists()
    listed = (out / "kustomization.yaml").read_text()
    assert "- web/shop-example-com.yaml" in listed
    other = GOOD.replace("shop.example.com", "other.example.com")
    again = run("-", "-q", "-o", str(out), text=other)
    assert (again.exit_code, again.stderr) == (0, f"removed: {out}/web/shop-example-com.yaml\n")
    assert not (out / "web" / "shop-example-com.yaml").exists()


def test_files_of_others_are_not_overwritten(tmp_path: Path) -> None:
    foreign = tmp_path / "kustomization.yaml"
    foreign.write_text("mine")
    result = run("-", "-o", str(tmp_path), text=GOOD)
    assert result.exit_code == 2
    assert "did not write: kustomization.yaml" in result.stderr
    assert foreign.read_text() == "mine"
    assert not (tmp_path / "web").exists()
    assert run("-", "-o", str(tmp_path), "--force", text=GOOD).exit_code == 0


def test_a_manifest_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    out = tmp_path / "istio"
    victim = tmp_path / "victim"
    victim.write_text("mine")
    out.mkdir()
    (out / ".nginx2istio").write_text("../victim\n")
    assert run("-", "-o", str(out), text=GOOD).exit_code == 0
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("level", ["error", "warning", "info"])
def test_fail_on(level: str) -> None:
    result = run("-", "--fail-on", level, text=GOOD)
    assert result.exit_code == (1 if level == "info" else 0)


DOCUMENTS = {
    "broken yaml": "a: [b\n",
    "a tab": "a:\n\t- b\n",
    "no spec": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: x}\n",
    "no host name": GOOD.replace("shop.example.com", "no_host!"),
    "long name": GOOD.replace("name: shop\n  namespace", f"name: {'x' * 300}\n  namespace"),
    "relative path": GOOD.replace("path: /,", "path: x,"),
    "no backend": GOOD.replace("service: {name: shop, port: {number: 80}}", ""),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_bad_document_costs_only_itself(name: str) -> None:
    result = run("-", text=DOCUMENTS[name] + "\n---\n" + GOOD)
    assert result.exit_code == 3
    assert "shop.example.com" in result.stdout
    assert "not read:\n- -:" in result.stderr
    assert "Traceback" not in result.output


def test_files_that_are_none(tmp_path: Path) -> None:
    good = tmp_path / "good.yaml"
    good.write_text(GOOD)
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "binary.yaml").write_bytes(b"\x00\xff\x00")
    (tmp_path / "folder").mkdir()
    for name in ("empty.yaml", "binary.yaml", "missing.yaml", "folder"):
        result = run(str(good), str(tmp_path / name))
        assert result.exit_code == 3, name
        assert name in result.stderr
        assert "shop.example.com" in result.stdout


def test_a_path_that_re2_can_not_express_is_a_finding(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    text = GOOD.replace("path: /,", 'path: "/(?!x)",')
    text = text.replace("app-root: /start", "use-regex: 'true'")
    assert run("-", "--report", str(report), text=text).exit_code == 0
    findings = {f["code"]: f for f in json.loads(report.read_text())["findings"]}
    assert findings["N2I012"]["severity"] == "error"


def test_old_api_versions_are_converted_with_a_note(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    text = """\
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: old, namespace: web, annotations: {kubernetes.io/ingress.class: nginx}}
spec:
  rules:
  - host: old.example.com
    http: {paths: [{path: /, backend: {serviceName: old, servicePort: 80}}]}
"""
    result = run("-", "--report", str(report), text=text)
    assert result.exit_code == 0
    assert "old.example.com" in result.stdout
    notes = [f for f in json.loads(report.read_text())["findings"] if f["code"] == "N2I015"]
    assert notes and notes[0]["line"] == 1


def test_usage_errors() -> None:
    assert run("-", "--report", "x.pdf", text=GOOD).exit_code == 2
    assert run("-", "--gateway-selector", "nonsense", text=GOOD).exit_code == 2
    for version in ("new", "1.27", "2.28"):
        result = run("-", "--istio-version", version, text=GOOD)
        assert result.exit_code == 2
        assert "choose one of 1.28, 1.29" in result.stderr
    result = run("-", "--envoy-filters=rate-limits", text=GOOD)
    assert result.exit_code == 2 and "Did you mean rate-limit?" in result.stderr
    assert run("-", "--istio-version", "v1.29.3", text=GOOD).exit_code == 0
    assert CliRunner().invoke(command_line, ["convrt"]).exit_code == 2


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text(GOOD)
    second.write_text(
        GOOD.replace("name: shop\n", "name: other\n").replace("path: /,", "path: /o,")
    )
    assert run(str(first), str(second)).stdout == run(str(second), str(first)).stdout


def test_a_broken_rule_costs_only_its_own_edits(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from nginx2istio.rule import declare_annotation, rule\n"
        "MY_OWN = declare_annotation('my-own')\n"
        "@rule('my-own', when='always')\n"
        "def mine(here):\n"
        "    raise ValueError('oops')\n"
        "    yield\n"
    )
    report = tmp_path / "report.json"
    result = run("-", "--rules", str(tmp_path), "--report", str(report), text=GOOD)
    assert result.exit_code == 0
    findings = [f for f in json.loads(report.read_text())["findings"] if f["code"] == "N2I010"]
    assert "mine" in findings[0]["text"] and "oops" in findings[0]["text"]


def test_two_owners_of_a_key_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from nginx2istio.rule import rule\n@rule('app-root')\ndef mine(here):\n    yield from ()\n"
    )
    result = run("-", "--rules", str(tmp_path), text=GOOD)
    assert result.exit_code == 2
    assert "app-root has two owners" in result.stderr


MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: edge}
data: {ssl-redirect: "false", hsts-max-age: "60"}
"""


def test_the_controllers_configmap_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(MAP)
    report = tmp_path / "report.json"
    result = run("-", "--controller-config", str(file), "--report", str(report), text=GOOD)
    assert result.exit_code == 0
    assert json.loads(report.read_text())["options"]["controller_config"] == "edge/settings"


@pytest.mark.parametrize(
    ("content", "given", "why"),
    [
        (MAP + "---\n" + MAP, "FILE", "holds 2 ConfigMaps"),
        (GOOD, "FILE", "holds 0 ConfigMaps"),
        ("", "no-such-file.yaml", "neither a file nor NS/NAME"),
    ],
)
def test_a_configmap_that_can_not_be_had(
    tmp_path: Path, content: str, given: str, why: str
) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(content)
    result = run("-", "--controller-config", given.replace("FILE", str(file)), text=GOOD)
    assert result.exit_code == 2
    assert why in result.stderr
