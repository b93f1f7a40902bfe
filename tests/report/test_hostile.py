"""Whatever an Ingress holds, a report acts on no terminal, and its plan runs nothing of it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nginx2istio import api
from nginx2istio.base.options import Options
from nginx2istio.base.printable import UNPRINTABLE
from nginx2istio.bridge.secrets import copy_secret
from nginx2istio.cli.output.report_files import render
from nginx2istio.convert.convert import Conversion
from nginx2istio.convert.fates import AnnotationFate
from nginx2istio.report.formats.sarif import message_text
from nginx2istio.report.formats.text import text_summary
from nginx2istio.report.plan.text import plan_text
from tests.report.estates import SHOP

CANARY = ": > canary"
HOSTILE = (
    f"a\n{CANARY}\n",
    f"a\r\n{CANARY}",
    f"a\x85{CANARY}\u2028{CANARY}",
    f"$({CANARY})",
    f"`{CANARY}`",
    f"'; {CANARY}; '",
    f'"; {CANARY}; "',
    f"\\\n{CANARY} #",
    f"x\nYAML\n{CANARY}",
    f"x\n~~~~\n{CANARY}\n# [a](http://b)",
    "\x1b]0;title\x07\x1b[2J\x9b31m\x7f",
    "\u202eelif.exe\u2066\u200b\ufeff\U000e0041",
    "\ud800 half",
    "[click](javascript:alert(1)) \\[x\\]",
    "</details><script>alert(1)</script>\n\n# heading",
)
TEXTS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(
        st.one_of(st.sampled_from("\n\r$`'\"\\;#~[]()<>\x1b\x85\u2028\u202e"), st.characters())
    ),
)
NEIGHBOURS = (("cert-manager.io", "cluster-issuer"), ("external-dns.alpha.kubernetes.io", "ttl"))
FATE: AnnotationFate = ("neutral", "", "")
FIXED = (
    *("severity", "fate", "assumed", "code", "verdict", "aspects", "id"),
    *("why", "command", "commands"),
)


@cache
def converted(suffix: str = "") -> Conversion:
    return api.convert_text(SHOP, Options(host_suffix=suffix), keep_read=True)


def everywhere(value: Any, change: Callable[[str], str], key: str = "") -> Any:
    """The value with each text changed; what the report itself fixes stays."""
    if key in FIXED:
        return value
    if key == "file":  # no file's name holds half a character
        return change(value).encode("utf-8", "replace").decode()
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {k: everywhere(v, change, k) for k, v in value.items()}
    if isinstance(value, list):
        return [everywhere(v, change, key) for v in value]
    return value


def hostile_report(text: str) -> dict[str, Any]:
    changed: dict[str, Any] = everywhere(api.report(converted()), lambda old: f"{old}{text}")
    changed["errors"] = [{"file": "input.yaml", "document": 1, "line": 2, "text": text}]
    changed["options"] = {}
    return changed


@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_no_format_writes_a_character_that_acts_or_hides(text: str) -> None:
    report = hostile_report(text)
    plain = hostile_report("x")
    for suffix in (".txt", ".md", ".sarif", ".json"):
        content = render(report, converted(), suffix)
        assert not UNPRINTABLE.search(content.replace("\n", "")), suffix
        content.encode("utf-8")  # raises for half a character
    summary = text_summary(report)
    assert not UNPRINTABLE.search(summary.replace("\n", ""))
    assert summary.count("\n") == text_summary(plain).count("\n")


@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_json_still_says_the_same(text: str) -> None:
    report = hostile_report(text)
    assert json.loads(render(report, converted(), ".json")) == report


@given(text=TEXTS)
@settings(max_examples=100, deadline=None)
def test_sarif_has_no_link(text: str) -> None:
    shown = message_text(text)
    assert not re.search(r"(?<!\\)(?:\\\\)*[\[\]]", shown)
    unescaped = re.sub(r"\\([\\\[\]])", r"\1", shown)
    assert unescaped == UNPRINTABLE.sub(lambda m: f"⟨U+{ord(m[0]):04X}⟩", text)


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_has_the_blocks_of_the_report_and_no_others(text: str) -> None:
    def structure(report: dict[str, Any]) -> list[str]:
        page = render(report, converted(), ".md")
        tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(page)
        inner = (child for token in tokens for child in token.children or ())
        return [t.type for t in tokens] + [t.type for t in inner if not t.type.startswith("text")]

    assert structure(hostile_report(text)) == structure(hostile_report("x"))


def hostile_plan(text: str, suffix: str) -> dict[str, Any]:
    """A report whose plan is of objects, names and actions that hold a text wherever they can."""
    conversion = converted(suffix)
    hostile = lambda old: old.replace("shop", f"shop{text}").replace("/api", f"/api{text}")  # noqa: E731
    secret = copy_secret(f"web{text}", text, f"web--{text}", conversion.options, text)
    labelled: Any = {
        "kind": "label-service",
        "text": text,
        "service": f"web{text}/{text}",
        "labels": {text: text},
        "yaml": f"a: {text}\nYAML\n{text}\n",
    }
    other = {"kind": f"other{text}", "text": text, "yaml": text}
    ingresses = tuple(
        replace(
            ingress,
            origin=ingress.origin._replace(name=f"x{text}", namespace=f"y{text}"),
            annotations={f"{prefix}/{name}": text for prefix, name in NEIGHBOURS},
        )
        for ingress in conversion.ingresses
    )
    fates = {ingress.at(name): FATE for ingress in ingresses for name in ingress.annotations}
    changed = replace(
        conversion,
        fates=fates,
        objects=tuple(everywhere(dict(o), hostile, "objects") for o in conversion.objects),
        actions=(*conversion.actions, secret, labelled, other),
        ingresses=ingresses,
        trial={f"{old}{text}": f"{new}{text}" for old, new in conversion.trial.items()},
    )
    return api.report(changed)


def run(script: str, folder: Path) -> None:
    """Runs a script in a shell that can reach no program."""
    sh = shutil.which("sh") or "/bin/sh"
    parsed = subprocess.run([sh, "-n"], input=script.encode(), capture_output=True, timeout=20)
    assert (parsed.returncode, parsed.stderr) == (0, b"")
    subprocess.run(
        [sh], input=script.encode(), cwd=folder, env={"PATH": ""}, capture_output=True, timeout=20
    )


@given(text=TEXTS)
@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@pytest.mark.parametrize("suffix", ["", "trial.example"])
def test_a_pasted_plan_runs_nothing_of_an_ingress(tmp_path: Path, text: str, suffix: str) -> None:
    report = hostile_plan(text, suffix)
    run(plan_text(report), tmp_path)
    commands = [command for step in report["plan"] for command in step.get("commands", ())]
    commands += [test["command"] for step in report["plan"] for test in step.get("tests", ())]
    assert len(commands) > 10
    assert not UNPRINTABLE.search("".join(commands))
    run("".join(f"{command}\n" for command in commands), tmp_path)
    assert not [p.name for p in tmp_path.iterdir() if p.name != "ingresses-before.yaml"]


def test_the_canary_would_be_seen(tmp_path: Path) -> None:
    run(f"echo a # {HOSTILE[0]}", tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["canary"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hosts_paths_and_names_of_an_input_run_nothing(tmp_path: Path, text: str) -> None:
    backend = {"service": {"name": f"shop{text}", "port": {"number": 80}}}
    paths = [
        {"path": f"/{part}", "pathType": "Exact", "backend": backend} for part in ("bin", text)
    ]
    ingress = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": f"b{text}", "namespace": "team"},
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": [f"b.example.com{text}"], "secretName": f"x{text}"}],
            "rules": [
                {"host": host, "http": {"paths": paths}}
                for host in (f"b.example.com{text}", "good.example.com")
            ],
        },
    }
    for options in (Options(), Options(host_suffix="trial.example")):
        conversion = api.convert_text(json.dumps(ingress), options, keep_read=True)
        report = api.report(conversion)
        run(plan_text(report), tmp_path)
        for suffix in (".txt", ".md", ".sarif", ".json"):
            assert not UNPRINTABLE.search(render(report, conversion, suffix).replace("\n", ""))
    assert not [p.name for p in tmp_path.iterdir() if p.name != "ingresses-before.yaml"]
