"""``--verify``: the report says how many hosts are proved, and CI can fail on what is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.convert.convert import Conversion
from nginx2istio.report.data import schema
from nginx2istio.verify import sides
from tests.verify.test_proof import SHOP


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    path = tmp_path / "in.yaml"
    path.write_text(SHOP, encoding="utf-8")
    return path


@pytest.fixture
def nothing_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof without findings: what differs by design is unannounced then."""
    real = sides.sides

    def without_findings(conversion: Conversion, findings: Any, objects: Any = None) -> sides.Sides:
        return real(conversion, [], objects)

    monkeypatch.setattr(sides, "sides", without_findings)


def run(*arguments: object) -> tuple[int, str, str]:
    ran = CliRunner().invoke(command_line, list(map(str, arguments)))
    return ran.exit_code, ran.stdout, ran.stderr


def test_convert_adds_the_proof(estate: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    markdown = tmp_path / "report.md"
    code, _, told = run("convert", estate, "--verify", "--report", report, "--report", markdown)
    assert code == 0
    data = json.loads(report.read_text())
    jsonschema.validate(data, schema())
    proof = data["proof"]
    assert proof["proved"] and proof["proved_hosts"] == proof["hosts"] == 1
    assert proof["unannounced"] == [] and proof["classes"] > proof["alike"] > 0
    assert list(data)[list(data).index("summary") + 1] == "proof"
    line = "proved alike: 1 of 1 host"
    assert line in told and line in markdown.read_text()


def test_without_it_nothing_is_proved(estate: Path) -> None:
    code, out, _ = run("report", estate, "--format", "json", "--fail-on", "never")
    assert code == 0 and "proof" not in json.loads(out)


def test_nothing_fails_where_all_is_announced(estate: Path) -> None:
    code, out, _ = run("report", estate, "--fail-on", "unannounced")
    assert code == 0 and "proved alike: 1 of 1 host" in out


@pytest.mark.usefixtures("nothing_announced")
@pytest.mark.parametrize("level", ["unannounced", "error"])
def test_what_nothing_announces_fails(estate: Path, level: str) -> None:
    code, out, _ = run("report", estate, "--verify", "--fail-on", level)
    assert code == 1
    assert "proved alike: 0 of 1 host; unannounced (N2I900): " in out
    assert "\nunannounced: " in out and ": curl " in out and "blocked" in out


@pytest.mark.usefixtures("nothing_announced")
def test_what_nothing_announces_is_in_the_data(estate: Path) -> None:
    code, out, _ = run("report", estate, "--verify", "--fail-on", "never", "--format", "json")
    data = json.loads(out)
    jsonschema.validate(data, schema())
    assert code == 0 and not data["proof"]["proved"] and data["summary"]["verdict"] == "blocked"
    assert 0 < len(data["proof"]["unannounced"]) <= 20 <= data["proof"]["unannounced_classes"]


def test_several_controllers_are_refused(estate: Path) -> None:
    given = ("--ingress-class", "a", "--ingress-class", "b=ns/gw")
    code, _, told = run("convert", estate, "--verify", *given)
    assert code == 2 and "--ingress-class" in told
