"""Credentials in URLs come into no report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.base.credentials import mask_credentials, mask_json
from nginx2istio.cli import command_line
from tests.report.packed import unpacked

P = "nginx.ingress.kubernetes.io"
INGRESS = """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  annotations: {{{annotations}}}
spec:
  ingressClassName: nginx
  rules: [{{host: {name}.example.com, http: {{paths: [{{path: /, pathType: Prefix,
    backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}}}]
"""
URL = "https://joe:S3cret@h.example.com/a"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (URL, "https://***@h.example.com/a"),
        ("x https://u:p@ss@h/ y http://t@h", "x https://***@h/ y http://***@h"),
        ("http://h/a@b http://h?a@b me@h", "http://h/a@b http://h?a@b me@h"),
        ("https://$user:$pw@$host/", "https://***@$host/"),
        ("/a?x=1&access_token=S3c#b ?sig=a%20b&y", "/a?x=1&access_token=***#b ?sig=***&y"),
        ("/a?token=$arg_token&monkey=1 token=2", "/a?token=$arg_token&monkey=1 token=2"),
    ],
)
def test_user_and_password_are_masked(text: str, masked: str) -> None:
    assert mask_credentials(text) == masked


def test_json_keeps_its_line_breaks() -> None:
    text = json.dumps("https://host\nme@h https://u:p\\s@h")
    assert json.loads(mask_json(text)) == "https://host\nme@h https://***@h"


def test_no_report_has_the_password(tmp_path: Path) -> None:
    keys = {
        "auth": {"auth-url": URL, "auth-signin": URL},
        "to": {"permanent-redirect": URL},
        "rewrite": {"rewrite-target": URL},
        "snippet": {"configuration-snippet": f"proxy_pass {URL}; return 302 {URL};"},
        "unknown": {"no-such-thing": URL, "proxy-body-size": URL, "mirror-target": URL},
    }
    documents = [
        INGRESS.format(
            name=name,
            annotations=", ".join(
                json.dumps(f"{P}/{k}") + f": {json.dumps(v)}" for k, v in a.items()
            ),
        )
        for name, a in keys.items()
    ]
    source = tmp_path / "in.yaml"
    source.write_text("---\n".join(documents))
    reports = [tmp_path / f"r.{suffix}" for suffix in ("html", "json", "md", "sarif", "txt")]
    arguments = [part for report in reports for part in ("--report", str(report))]
    result = CliRunner().invoke(command_line, ["convert", str(source), *arguments])
    assert result.exit_code == 0, result.stderr
    assert "S3cret" not in result.stderr
    for report in reports:
        text = unpacked(report.read_text())
        assert "S3cret" not in text, report.suffix
        if report.suffix in (".html", ".json"):
            assert "***@h.example.com" in text, report.suffix
