"""Converters by name and as command lines."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .converter import Refusal, by_command, by_name, convert
from .objects import documents
from .records import load, truth_files

SCRIPT = """
import json, pathlib, sys
given, out, report, *options = sys.argv[1:]
text = pathlib.Path(given, "objects.yaml").read_text()
print("Error: as wished", file=sys.stderr)
if out != "-":
    pathlib.Path(out).mkdir()
    pathlib.Path(out, "b.yaml").write_text("kind: B")
    pathlib.Path(out, "a.yaml").write_text(f"kind: A{len(text)}")
    pathlib.Path(out, "kustomization.yaml").write_text("kind: No")
    pathlib.Path(report).write_text(json.dumps({"findings": options}))
else:
    print("kind: Printed")
sys.exit(%d)
"""


def command(tmp_path: Path, status: int, arguments: str) -> str:
    script = tmp_path / "convert.py"
    script.write_text(SCRIPT % status)
    return f"{sys.executable} {script} {{input}} {arguments}"


@pytest.mark.parametrize("status", [0, 1, 3])
def test_command(tmp_path: Path, status: int) -> None:
    run = by_command(command(tmp_path, status, "{out} {report} {envoy_filters}"))
    text, report = run("12345", {}, True)
    assert [obj["kind"] for obj in documents(text)] == ["A5", "B"]
    assert report == {"findings": ["--envoy-filters"]}
    assert run("12345", {}, False)[1] == {"findings": []}


def test_command_that_prints(tmp_path: Path) -> None:
    text, report = by_command(command(tmp_path, 0, "- -"))("x", {}, False)
    assert (documents(text), report) == ([{"kind": "Printed"}], {})


def test_command_that_fails(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="exit 2: Error: as wished"):
        by_command(command(tmp_path, 2, "{out} {report}"))("x", {}, False)


def test_by_name() -> None:
    assert by_name(f"{convert.__module__}.convert") is convert


@pytest.mark.parametrize("envoy_filters", [True, False])
def test_ours(envoy_filters: bool) -> None:
    (case,) = load(truth_files(), ["seed/cors-after"])
    text, report = convert(case["objects"], case, envoy_filters)
    assert {"Gateway", "VirtualService"} <= {obj["kind"] for obj in documents(text)}
    assert report["options"]["envoy_filters"] is envoy_filters
