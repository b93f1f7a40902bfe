"""What a report was made from and how: version, input, options that are not the usual ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from nginx2istio.base.options import Options
from nginx2istio.report.words.labels import some

_FLAGS = {"watch_without_class": "watch-ingress-without-class"}
"""Names of options on the command line that differ from those in JSON."""


def given_options(options: Mapping[str, Any]) -> list[str]:
    """The options of a JSON report that differ from the defaults, as one would write them."""
    usual = asdict(Options())
    flags = []
    for name, value in options.items():
        if value == usual.get(name) or value in ("", None):
            continue
        flag = f"--{_FLAGS.get(name, name).replace('_', '-')}"
        if isinstance(value, Mapping):
            value = some((f"{key}={val}" for key, val in value.items()), 5)
        elif isinstance(value, list):
            value = ",".join(map(str, value))
        flags.append(flag if value is True else f"{flag}={value}")
    return flags


def report_facts(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names and values for the foot of a report."""
    tool = report["tool"]
    facts = [("Version", f"{tool['name']} {tool['version']}")]
    if report.get("inputs"):
        facts.append(("Input", some(report["inputs"], 10)))
    facts.append(("Options", " ".join(given_options(report["options"])) or "the usual ones"))
    if "date" in report:
        facts.append(("Date", report["date"]))
    return facts
