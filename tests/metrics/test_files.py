"""The command: dashboards and rules as files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import FINDINGS, USAGE
from tests.cli.test_report import INGRESS
from tests.conformance.oracle import Oracle

RULES = """\
# Kept.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: shop}
spec:
  groups:
  - name: shop
    rules:
    - alert: Errors
      # Kept, too.
      expr: sum(rate(nginx_ingress_controller_requests{ingress="shop"}[5m])) by (ingress) > 1
      for: 5m
      annotations:
        summary: 'Ingress {{ $labels.ingress }} fails'
    - record: certificates
      expr: min(nginx_ingress_controller_ssl_expire_time_seconds) by (host)
    - {record: others, expr: sum(up)}
"""
DASHBOARD = {
    "title": "Board",
    "panels": [
        {
            "title": "Panel",
            "targets": [
                {
                    "expr": "sum(nginx_ingress_controller_requests) by (status)",
                    "legendFormat": "{{ status }}",
                },
                {"expr": "sum(up) by (status)", "legendFormat": "{{ status }}"},
            ],
        }
    ],
    "templating": {
        "list": [
            {
                "name": "ingress",
                "definition": "label_values(nginx_ingress_controller_requests, ingress)",
                "query": {"query": "label_values(nginx_ingress_controller_requests, ingress)"},
            }
        ]
    },
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("rules.yaml").write_text(RULES, encoding="utf-8")
    Path("board.json").write_text(json.dumps(DASHBOARD), encoding="utf-8")
    Path("ingress.yaml").write_text(INGRESS, encoding="utf-8")


def run(*args: str) -> Result:
    result = CliRunner().invoke(command_line, ["metrics", *args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_rules_keep_all_but_their_queries() -> None:
    result = run("rules.yaml", "--manifests", "ingress.yaml")
    old, changed = RULES.splitlines(), result.stdout.splitlines()
    assert len(old) == len(changed)
    different = [(a, b) for a, b in zip(old, changed, strict=True) if a != b]
    assert [a.split()[0] for a, _ in different] == ["expr:", "summary:"]
    assert 'destination_service_name=~"shop"' in different[0][1]
    assert "by (destination_service_name) > 1" in different[0][1]
    assert "{{ $labels.destination_service_name }}" in different[1][1]
    assert "rules.yaml: 1 of 2 queries rewritten" in result.stderr
    assert "not rewritten: nginx_ingress_controller_ssl_expire_time_seconds" in result.stderr
    assert "(certificates)" in result.stderr


def test_a_dashboard_with_its_legends_and_variables() -> None:
    result = run("board.json")
    board = json.loads(result.stdout)
    ours, others = board["panels"][0]["targets"]
    assert ours["expr"].endswith(") by (response_code)")
    assert ours["legendFormat"] == "{{ response_code }}"
    assert others == DASHBOARD["panels"][0]["targets"][1]  # type: ignore[index]
    (variable,) = board["templating"]["list"]
    assert variable["name"] == "ingress"
    assert variable["definition"] == variable["query"]["query"]
    assert variable["definition"].endswith(", destination_service_name)")
    assert "board.json: 2 of 2 queries rewritten" in result.stderr


def test_what_is_rewritten_has_nothing_left_to_rewrite() -> None:
    Path("again.json").write_text(run("board.json").stdout, encoding="utf-8")
    again = run("again.json")
    assert again.stdout == Path("again.json").read_text("utf-8")
    assert "0 of 0 queries" in again.stderr


def test_several_files_go_into_a_folder() -> None:
    assert run("board.json", "rules.yaml").exit_code == USAGE
    assert run("board.json", "rules.yaml", "-o", "new").exit_code == 0
    assert sorted(path.name for path in Path("new").iterdir()) == ["board.json", "rules.yaml"]
    refused = run("board.json", "-o", ".")
    assert refused.exit_code == USAGE and "choose another folder" in refused.stderr
    assert json.loads(Path("board.json").read_text()) == DASHBOARD


def test_the_exit_code() -> None:
    assert run("rules.yaml").exit_code == 0
    assert run("rules.yaml", "--exit-code").exit_code == FINDINGS
    assert run("board.json", "--exit-code").exit_code == 0


@pytest.mark.parametrize(
    ("name", "content"), [("a.json", "{"), ("a.yaml", "a: [b"), ("b.json", "\xff"), ("c.json", "")]
)
def test_a_file_that_is_none(name: str, content: str) -> None:
    Path(name).write_text(content, encoding="latin-1")
    result = run(name)
    assert result.exit_code == USAGE
    assert f"{name} can't be read: " in result.stderr


def test_istio_takes_the_telemetry(validator: Oracle) -> None:
    from ruamel.yaml import YAML

    printed = run("--print-telemetry").stdout
    telemetry = YAML(typ="safe").load(printed)
    overrides = telemetry["spec"]["metrics"][0]["overrides"][0]["tagOverrides"]
    assert set(overrides) == {"request_host", "request_method", "route_name"}
    assert validator.validate(printed)["ok"]
