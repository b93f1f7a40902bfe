from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.inputs.text import inputs

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: str) -> str:
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


def test_an_estate_is_always_the_same_and_without_a_flaw() -> None:
    text = run("estate", "300")
    assert run("estate", "300") == text != run("estate", "300", "--seed", "2")
    loaded = inputs(text)
    assert loaded.problems == ()
    assert not [resource for resource in loaded.resources if resource.notes]
    ingresses = [r for r in loaded.resources if r.kind == "Ingress"]
    services = {(r.namespace, r.name) for r in loaded.resources if r.kind == "Service"}
    assert len(ingresses) == 300
    for ingress in ingresses:
        for rule in ingress.body["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                assert (ingress.namespace, path["backend"]["service"]["name"]) in services


def test_the_reading_benchmark_runs() -> None:
    figures = json.loads(run("read", "--ingresses", "30", "--rounds", "1", "--json"))
    assert figures["ingresses"] == 30
    assert figures["objects"] > 30
    assert figures["ratio"] > 0
