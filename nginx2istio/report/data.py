"""The report as data: the contract is ``schema.json`` beside this file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from importlib.resources import files
from typing import Any, TypeVar

from nginx2istio.base.credentials import mask_all, mask_credentials
from nginx2istio.base.documentation import finding_page
from nginx2istio.convert.convert import Conversion
from nginx2istio.inputs.redact import LAST_APPLIED
from nginx2istio.istio.objects import SOURCE
from nginx2istio.nginx.model import DEFAULT_SERVER, Origin
from nginx2istio.report.group import GroupedFinding, grouped
from nginx2istio.report.hosts import hosts_of, readiness_counts
from nginx2istio.report.plan.plan import plan
from nginx2istio.report.plan.step import Remade
from nginx2istio.report.words.labels import FATES, SEVERITIES
from nginx2istio.rule import Requests, Severity

T = TypeVar("T")
Data = dict[str, Any]
"""The report or a part of it, as JSON has it."""


def report(conversion: Conversion, with_plan: bool = True) -> Data:
    """The whole report; keys are in a fixed order, and so are all lists.

    ``with_plan`` False leaves the plan out: a summary does not show it.
    """
    data = report_to_write(conversion, with_plan)
    for step in data.get("plan", ()):
        step |= {key: list(value) for key, value in step.items() if isinstance(value, Remade)}
    return data


def report_to_write(conversion: Conversion, with_plan: bool) -> Data:
    """The same, but tests of the plan are Remade: of a large estate they take much memory."""
    findings = grouped(conversion.findings)
    parts = SharedParts()
    listed = [finding_data(f, conversion.options.docs_url, parts) for f in findings]
    annotations = list(_annotations(conversion))
    hosts = hosts_of(listed, conversion)
    return {
        "schema": 1,
        "tool": {"name": "nginx2istio", "version": version("nginx2istio")},
        "options": _options(conversion),
        "summary": _summary(conversion, findings, annotations, hosts),
        "assumptions": [asdict(assumption) for assumption in conversion.assumptions],
        "findings": listed,
        "hosts": hosts,
        "annotations": annotations,
        "objects": [_object(o) for o in conversion.objects],
        "actions": [mask_all(dict(a)) for a in conversion.actions],
        "trial": [{"host": old, "as": new} for old, new in sorted(conversion.trial.items())],
        **({"plan": mask_all(plan(conversion))} if with_plan else {}),
        "errors": [asdict(p) for p in conversion.problems],
    }


def schema() -> Data:
    """The report's JSON Schema."""
    content: Data = json.loads((files(__package__) / "schema.json").read_text(encoding="utf-8"))
    return content


def _options(conversion: Conversion) -> Data:
    fields = asdict(conversion.options)
    options = {k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}
    kinds = conversion.options.envoy_filters
    options["envoy_filters"] = kinds if isinstance(kinds, bool) else sorted(kinds)
    options["istio_version"] = ".".join(str(n) for n in conversion.options.istio_version or ())
    return options


def _summary(
    conversion: Conversion,
    findings: Iterable[GroupedFinding],
    annotations: list[Data],
    hosts: list[Data],
) -> Data:
    severities = Counter(f.severity for f in findings)
    is_own = of_controller(conversion)
    servers = conversion.config.servers
    return {
        "ingresses": len(conversion.ingresses),
        "converted": len(conversion.converted),
        "hosts": len({s.host for s in servers} - {DEFAULT_SERVER}),
        "paths": sum(len({loc.declared for loc in s.locations}) for s in servers),
        "readiness": readiness_counts(hosts),
        "objects": dict(sorted(Counter(str(o["kind"]) for o in conversion.objects).items())),
        "annotations": _counts(FATES, Counter(a["fate"] for a in annotations if is_own(a))),
        "findings": _counts(SEVERITIES, severities),
        "verdict": verdict(severities, bool(conversion.problems), bool(conversion.converted)),
    }


def verdict(severities: Mapping[Severity, int], unread: bool, converted: bool) -> str:
    """The verdict, by the number of findings of each severity; ``unread`` input blocks.

    Without anything ``converted`` nothing is ready.
    """
    if severities.get("error") or unread:
        return "blocked"
    if severities.get("warning"):
        return "review"
    return "ready" if converted else "nothing"


def _counts(names: Iterable[str], counter: Mapping[Any, int]) -> dict[str, int]:
    return {name: counter.get(name, 0) for name in names}


class SharedParts:
    """Parts of the findings of one report: equal ones are one value, for less memory."""

    def __init__(self) -> None:
        self._parts: dict[object, Any] = {}

    def about(self, origin: Origin) -> Data:
        """The object of an origin."""
        return self._one(
            ("object", origin.kind, origin.namespace, origin.name),
            lambda: {"kind": origin.kind, "namespace": origin.namespace, "name": origin.name},
        )

    def requests(self, requests: tuple[Requests, ...]) -> list[Data]:
        """Of which requests findings speak."""
        return self._one(("requests", *requests), lambda: [each.data() for each in requests])

    def names(self, names: tuple[str, ...]) -> list[str]:
        """Hosts, paths, aspects or what is assumed."""
        return self._one(("names", *names), lambda: list(names))

    def _one(self, key: object, make: Callable[[], T]) -> T:
        part: T | None = self._parts.get(key)
        if part is None:
            part = self._parts[key] = make()
        return part


def finding_data(finding: GroupedFinding, site: str = "", parts: SharedParts | None = None) -> Data:
    """One finding. A message without a title has its text for one; ``site`` has the pages."""
    message, origin = finding.message, finding.origin
    parts = parts or SharedParts()
    return {
        "code": message.code,
        "severity": finding.severity,
        "fate": message.fate,
        "key": finding.key,
        "value": mask_credentials(finding.value),
        "object": parts.about(origin),
        "file": origin.file,
        "line": origin.line,
        "hosts": parts.names(finding.hosts),
        "paths": parts.names(finding.paths),
        "aspects": parts.names(tuple(sorted(message.aspects))),
        **({"requests": parts.requests(finding.requests)} if finding.requests else {}),
        **({"assumed": parts.names(finding.assumed)} if finding.assumed else {}),
        "title": message.title or mask_credentials(finding.text),
        "text": mask_credentials(finding.text),
        "instead": mask_credentials(finding.to_do),
        "doc": finding_page(message.code, site),
    }


def of_controller(conversion: Conversion) -> Callable[[Data], bool]:
    """Whether an annotation of the report has the controller's prefix."""
    prefix = conversion.config.controller.annotations_prefix
    return lambda annotation: annotation["prefix"] == prefix


def _annotations(conversion: Conversion) -> Iterable[Data]:
    """Each annotation of each Ingress that was read, as it is written."""
    for ingress in sorted(conversion.ingresses, key=lambda ingress: ingress.origin):
        for name, text in sorted(ingress.annotations.items()):
            origin = ingress.at(name)
            if origin not in conversion.fates:
                continue  # of an Ingress that has nothing in this wave
            fate, rule, code = conversion.fates[origin]
            yield {
                "object": origin.object,
                "prefix": name.rpartition("/")[0],
                "key": origin.written,
                # kubectl's copy of the whole object says nothing that is not read already.
                "value": "" if name == LAST_APPLIED else mask_credentials(text),
                "file": origin.file,
                "line": origin.line,
                "fate": fate,
                "rule": rule,
                "code": code,
            }


def _object(obj: Mapping[str, Any]) -> Data:
    metadata = obj["metadata"]
    sources = str((metadata.get("annotations") or {}).get(SOURCE) or "")
    return {
        "kind": obj["kind"],
        "namespace": metadata.get("namespace", ""),
        "name": metadata["name"],
        "from": sources.split(", ") if sources else [],
    }
