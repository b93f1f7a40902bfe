"""How the rig calls a converter: the one place that knows the project's API.

A converter is a function of a case's objects (text of several documents), the case, and whether
EnvoyFilters may be used; it returns the Istio objects as a text and the report as its JSON. It
raises to fail.
"""

from __future__ import annotations

import importlib
import json
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from nginx2istio import api
from nginx2istio.base.options import Options

from .objects import join
from .records import Case

Converter = Callable[[str, Case, bool], tuple[str, dict[str, Any]]]

COMMAND = "nginx2istio convert {input} -o {out} --report {report} {envoy_filters}"
TIMEOUT = 120  # seconds that a command may take


class Refusal(Exception):
    """The converter gave nothing to serve."""


Compat = Literal["exact", "full", "lean"]


def convert(objects_text: str, case: Case, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
    """The project's own conversion, in process, as like nginx as it can be."""
    return _converted(objects_text, Options(envoy_filters=envoy_filters, compat="exact"))


def for_release(version: str, compat: Compat = "exact", auth_service: bool = False) -> Converter:
    """The same for a release of Istio, another degree of likeness, with --auth-service.

    Its last answers are kept: a case of a sample is converted to choose it, and then to run it.
    """
    major, minor = map(int, version.split("."))

    @lru_cache(maxsize=8)
    def converted(objects_text: str, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
        options = Options(
            envoy_filters=envoy_filters,
            istio_version=(major, minor),
            compat=compat,
            auth_service=auth_service,
        )
        return _converted(objects_text, options)

    def run(objects_text: str, case: Case, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
        return converted(objects_text, envoy_filters)

    return run


def _converted(objects_text: str, options: Options) -> tuple[str, dict[str, Any]]:
    conversion = api.convert_text(objects_text, options)
    return api.yaml(conversion), api.report(conversion)


def by_name(name: str) -> Converter:
    """The function ``module.function``."""
    module, _, function = name.rpartition(".")
    converter: Converter = getattr(importlib.import_module(module), function)
    return converter


def by_command(command: str) -> Converter:
    """A command line with {input} (a folder), {out} (a folder), {report} (.json), {envoy_filters}.

    Without {out} the objects are read from its standard output.
    """

    def run(objects_text: str, case: Case, envoy_filters: bool) -> tuple[str, dict[str, Any]]:
        with tempfile.TemporaryDirectory(prefix="conformance-convert-") as place:
            source, out, report = (Path(place, n) for n in ("input", "out", "report.json"))
            source.mkdir()
            (source / "objects.yaml").write_text(objects_text)
            option = "--envoy-filters" if envoy_filters else ""
            words = command.format(input=source, out=out, report=report, envoy_filters=option)
            ran = subprocess.run(
                shlex.split(words), capture_output=True, text=True, timeout=TIMEOUT, check=False
            )
            objects = "" if "{out}" in command else ran.stdout
            manifests = sorted(p for p in out.rglob("*") if p.suffix in (".yaml", ".yml"))
            texts = [p.read_text() for p in manifests if p.name != "kustomization.yaml"]
            text = join(objects, *texts)
            findings = json.loads(report.read_text()) if report.exists() else {}
            # 1: findings, 3: some input could not be read; both come with what was converted.
            if ran.returncode not in (0, 1, 3) or (ran.returncode and not findings and not text):
                raise Refusal(f"exit {ran.returncode}: {_complaint(ran.stderr)}")
            return text, findings

    return run


def _complaint(stderr: str) -> str:
    """What a failed command says: from its first error on."""
    return " ".join(stderr[max(stderr.find("Error"), 0) :].split())[:400]
