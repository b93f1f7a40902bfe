"""The report command: forms, exit codes, accepted findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line

INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: web
  annotations:
    nginx.ingress.kubernetes.io/limit-rps: "5"
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
"""


def run(*args: str, text: str = INGRESS) -> Result:
    return CliRunner().invoke(command_line, ["report", *args], input=text)


def test_the_report_goes_to_stdout_and_errors_fail() -> None:
    result = run("-")
    assert result.exit_code == 1
    assert "\nerror N2I520 " in result.stdout
    assert "\n    at -:7 web/shop limit-rps, shop.example.com /\n" in result.stdout
    assert "apiVersion" not in result.stdout
    assert "findings: 1 error" in result.stderr
    assert run("-", "--fail-on", "never").exit_code == 0


@pytest.mark.parametrize(("form", "start"), [("json", "{"), ("sarif", "{"), ("md", "### nginx2")])
def test_forms(form: str, start: str, tmp_path: Path) -> None:
    content = run("-", "-q", "--format", form).stdout
    assert content.startswith(start)
    path = tmp_path / f"out.{form}"
    assert run("-", "-q", "-o", str(path)).stdout == ""
    assert path.read_text("utf-8") == content


def test_a_form_that_is_none(tmp_path: Path) -> None:
    assert run("-", "--format", "pdf").exit_code == 2
    result = run("-", "-o", str(tmp_path / "out.pdf"))
    assert result.exit_code == 2
    assert "--format" in result.stderr


def test_no_path_is_wrong_usage() -> None:
    assert run().exit_code == 2


def judge(file: Path) -> str:
    """Writes a reason into each entry; the file's new content."""
    content = file.read_text("utf-8").replace("reason: not judged yet", "reason: a CDN limits")
    file.write_text(content, "utf-8")
    return content


def test_what_is_accepted_does_not_fail(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    written = run("-", "-q", "--accept-all", str(file), "--accept-until", "2999-12-31")
    assert written.exit_code == 1  # it still counted in this run
    assert 'expires: "2999-12-31"' in file.read_text("utf-8")
    unjudged = run("-", "--accept", str(file))
    assert unjudged.exit_code == 1  # nobody has written a reason
    assert "(accepted: none)" in unjudged.stderr
    judge(file)
    result = run("-", "--accept", str(file))
    assert result.exit_code == 0
    assert "(accepted: 1 error)" in result.stderr
    assert "\nready, 1 accepted: " in result.stderr
    more = INGRESS.replace('"5"', '"6"')
    assert run("-", "--accept", str(file), text=more).exit_code == 1


def test_words_in_the_file_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    run("-", "-q", "--accept-all", str(file))
    mine = judge(file)
    run("-", "-q", "--accept-all", str(file))
    assert file.read_text("utf-8") == mine
    report = json.loads(run("-", "-q", "--format", "json", "--accept", str(file)).stdout)
    assert report["findings"][0]["accepted"]["reason"] == "a CDN limits"


def test_a_bad_file_of_accepted_findings(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    file.write_text("accepted:\n- code: N2I520\n", "utf-8")
    result = run("-", "--accept", str(file))
    assert result.exit_code == 2
    assert f"{file}:2: severity is missing" in result.stderr
    assert run("-", "--accept", str(tmp_path / "none.yaml")).exit_code == 2
    file.write_bytes(b"\xff\xfe")
    assert "Error" in run("-", "--accept", str(file)).stderr


def test_convert_takes_accepted_findings_too(tmp_path: Path) -> None:
    file = tmp_path / "accepted.yaml"
    run("-", "-q", "--accept-all", str(file))
    args = ["convert", "-", "-o", str(tmp_path / "out"), "--fail-on", "error"]
    assert CliRunner().invoke(command_line, args, input=INGRESS).exit_code == 1
    judge(file)
    args += ["--accept", str(file)]
    assert CliRunner().invoke(command_line, args, input=INGRESS).exit_code == 0


def test_unreadable_input_is_3() -> None:
    assert run("-", text="kind: [\n").exit_code == 3
