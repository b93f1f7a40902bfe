"""One case in full, for whoever writes a rule: what was asked, what was made, what differs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .objects import PREFIX, documents, key
from .records import Case
from .results import Result

SHOWN = 2000  # characters of a multi-line annotation


def show(case: Case, text: str, report: dict[str, Any], result: Result) -> str:
    """The case's Ingresses, the Istio objects as text, the findings, and what differs."""
    parts = [
        f"# {case['id']} ({case['source']})",
        *_given(case),
        "",
        text.strip(),
        "",
        *_findings(report),
        *_complaints(result),
        *_exchanges(result),
    ]
    return "\n".join(parts)


def _given(case: Case) -> Iterator[str]:
    if case.get("configmap"):
        yield "ConfigMap: " + ", ".join(f"{k}: {v!r}" for k, v in case["configmap"].items())
    if case.get("flags"):
        yield "flags: " + " ".join(case["flags"])
    for obj in documents(case["objects"]):
        if obj.get("kind") != "Ingress":
            continue
        _, namespace, name = key(obj)
        spec = obj.get("spec") or {}
        tls = " tls" if spec.get("tls") else ""
        yield f"Ingress {namespace}/{name}{tls}"
        for name, value in ((obj.get("metadata") or {}).get("annotations") or {}).items():
            yield f"  {name.removeprefix(PREFIX)}: {str(value)[:SHOWN]}"
        if spec.get("defaultBackend"):
            yield f"  -> {_backend(spec['defaultBackend'])}"
        for rule in spec.get("rules") or []:
            for path in (rule.get("http") or {}).get("paths") or [{}]:
                where = f"{rule.get('host', '*')} {path.get('path', '/')}"
                kind = path.get("pathType", "no path")
                yield f"  {where} ({kind}) -> {_backend(path.get('backend') or {})}"
    pods = ", ".join(f"{service}: {len(names)}" for service, names in case["pods"].items())
    yield f"pods: {pods}" + (f"; TLS: {case['tls_pods']}" if case.get("tls_pods") else "")
    if (case.get("nginx") or {}).get("dropped"):
        yield f"the controller ignores: {case['nginx']['dropped']}"


def _backend(backend: dict[str, Any]) -> str:
    service = backend.get("service") or {}
    port = service.get("port") or {}
    return f"{service.get('name')}:{port.get('number') or port.get('name')}"


def _findings(report: dict[str, Any]) -> Iterator[str]:
    for f in report.get("findings") or []:
        where = f"{','.join(f.get('hosts') or [])} {','.join(f.get('paths') or [])}"
        about = f"{f.get('key')}: {f.get('value')!r}" if f.get("key") else ""
        aspects = "+".join(f.get("aspects") or [])
        yield f"{f.get('code')} {f.get('severity')} [{aspects}] at {where} {about}".rstrip()
        yield f"  {f.get('text')}"
    for action in report.get("actions") or []:
        yield f"action {action.get('kind')}: {action.get('text')}"


def _complaints(result: Result) -> Iterator[str]:
    if result["failure"]:
        yield "FAILED " + result["failure"]
        yield result.get("trace", "")
    for line in result["refused"]:
        yield f"REFUSED {line}"
    for kind, line in result["rejected"].items():
        yield f"REJECTED {kind}: {line}"
    for line in result["analysis"]:
        yield f"ANALYZER {line}"
    for line in result["false_alarms"]:
        yield f"FALSE ALARM {line}"
    for line in result["idle_findings"]:
        yield f"idle {line}"


def _exchanges(result: Result) -> Iterator[str]:
    same = sum(exchange["class"] == "same" for exchange in result["exchanges"])
    yield f"{len(result['exchanges'])} exchanges, {same} same"
    for number, exchange in enumerate(result["exchanges"]):
        if exchange["class"] in ("same", "unserved"):
            continue
        yield f"#{number} {exchange['class'].upper()} {exchange['request']}"
        for d in exchange["differences"]:
            yield f"  {d['way']:8} {d['aspect']} {d['what']}:"
            yield f"           nginx {d['nginx']!r}"
            yield f"           istio {d['istio']!r}"
