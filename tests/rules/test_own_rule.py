"""The example of docs/writing-rules.md: a rule of one's own for an annotation of a fork."""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path

from click.testing import CliRunner
from jsonschema import Draft202012Validator

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.cli import command_line
from nginx2istio.report.data import schema
from nginx2istio.report.formats.json_report import json_text

ROOT = Path(__file__).parent.parent.parent
EXAMPLE = ROOT / "examples" / "own-rule"
RULES = EXAMPLE / "my-rules"
PAGE = (ROOT / "docs" / "writing-rules.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of the page's last section."""
    section = PAGE.partition("## A rule of your own for an annotation of a fork")[2]
    code = re.findall(rf"^   ```{language}\n(.*?)^   ```$", section, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in code]


def test_the_page_shows_the_example_as_it_is() -> None:
    assert blocks("python") == [(RULES / "demo_header.py").read_text(encoding="utf-8")]


def test_the_command_of_the_page_sets_the_header(tmp_path: Path) -> None:
    (command,) = blocks("sh")
    program, *arguments = command.split()
    assert program == "nginx2istio"
    places = {"ingress.yaml": str(EXAMPLE / "ingress.yaml"), "my-rules": str(RULES)}
    places |= {"istio": str(tmp_path / "istio"), "report.txt": str(tmp_path / "report.txt")}
    result = CliRunner().invoke(command_line, [places.get(word, word) for word in arguments])
    assert result.exit_code == 0, result.output
    files = "".join(p.read_text("utf-8") for p in sorted((tmp_path / "istio").rglob("*.yaml")))
    (shown,) = blocks("yaml")
    assert textwrap.indent(shown, "    ") in files
    report = (tmp_path / "report.txt").read_text("utf-8")
    assert "annotations: 1 approximated" in report
    assert "ACME001 Demo header on error responses" in report


def test_the_declared_annotation_and_its_code_can_be_looked_up() -> None:
    for name in ("x-demo-header", "nginx.ingress.kubernetes.io/x-demo-header", "acme001"):
        result = CliRunner().invoke(command_line, ["rules", "show", name, "--rules", str(RULES)])
        assert result.exit_code == 0, result.output
        assert str(RULES / "demo_header.py") in result.output.replace("\n", "")
    listed = CliRunner().invoke(command_line, ["rules", "list", "--rules", str(RULES)])
    assert re.search(r"^x-demo-header +demo_header.py +rule demo-header", listed.output, re.M)


def test_the_json_report_with_a_code_of_ones_own_follows_the_schema() -> None:
    conversion = api.convert_files([str(EXAMPLE / "ingress.yaml")], Options(), [RULES])
    report = api.report(conversion)
    assert "ACME001" in {finding["code"] for finding in report["findings"]}
    Draft202012Validator(schema()).validate(json.loads(json_text(report)))
