"""The report as text: what a person reads in a terminal, and what fixtures keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

Data = Mapping[str, Any]
FEW = 10
"""How many errors a summary shows one by one; of more it shows the first of each kind."""
VERDICTS = {
    "ready": "ready: nothing that a client is likely to notice",
    "review": "to be reviewed: something differs that some client notices",
    "blocked": "blocked: traffic or protection would break; see the errors",
}


def text(report: Data) -> str:
    """The whole report, worst first."""
    return (
        "\n".join([*_head(report), *_findings(report), *_actions(report), *_errors(report)]) + "\n"
    )


def summary(report: Data) -> str:
    """The few lines for the end of a run: figures, errors, what has to be done."""
    lines = [*_head(report)]
    errors = [f for f in report["findings"] if f["severity"] == "error" and "accepted" not in f]
    if len(errors) > FEW:
        kinds: dict[str, list[Data]] = {}
        for finding in errors:
            kinds.setdefault(finding["code"], []).append(finding)
        for code, found in sorted(kinds.items(), key=lambda kind: (-len(kind[1]), kind[0])):
            lines.append(_error(found[0], f"{code} {len(found)} times, first"))
    else:
        lines += [_error(finding, finding["code"]) for finding in errors]
    return "\n".join([*lines, *_errors(report)]) + "\n"


def _error(finding: Data, kind: str) -> str:
    return f"  error {kind} {_place(finding)} {finding['text']}"


def _head(report: Data) -> Iterator[str]:
    figures = report["summary"]
    yield (
        f"{figures['ingresses']} Ingresses, {figures['hosts']} hosts, {figures['paths']} paths -> "
        + (", ".join(f"{n} {kind}" for kind, n in figures["objects"].items()) or "no objects")
    )
    yield "annotations: " + _counted(figures["annotations"])
    accepted = _counted(figures.get("accepted", {}))
    yield (
        "findings: "
        + _counted(figures["findings"])
        + (f" (accepted: {accepted})" if "accepted" in figures else "")
    )
    yield VERDICTS[figures["verdict"]]


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n) or "none"


def _place(finding: Data) -> str:
    obj = finding["object"]
    at = f"{finding['file']}:{finding['line']}" if finding["file"] else ""
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    return " ".join(x for x in (at, named, finding["key"]) if x)


def _findings(report: Data) -> Iterator[str]:
    for finding in report["findings"]:
        yield ""
        yield f"{finding['severity']} {finding['code']} {_place(finding)}".rstrip()
        if finding["hosts"]:
            yield f"  at {_some(finding['hosts'])} {_some(finding['paths'])}"
        yield f"  {finding['text']}"
        if finding["aspects"]:
            yield f"  differs: {', '.join(finding['aspects'])}{_requests(finding)}"
        yield f"  instead: {finding['instead']}"
        if "accepted" in finding:
            accepted = finding["accepted"]
            yield f"  accepted until {accepted['expires']}: {accepted['reason']}"


def _requests(finding: Data) -> str:
    only = finding.get("requests")
    return f" (of requests with the header {only['header']} only)" if only else ""


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return shown + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _actions(report: Data) -> Iterator[str]:
    if report["actions"]:
        yield ""
        yield "to do:"
    for wanted in report["actions"]:
        yield f"- {wanted['text']}"
        if "command" in wanted:
            yield f"    {wanted['command']}"
        if "yaml" in wanted:
            yield from _indented(str(wanted["yaml"]).splitlines())


def _indented(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {line}"


def _errors(report: Data) -> Iterator[str]:
    if report["errors"]:
        yield ""
        yield "not read:"
    for error in report["errors"]:
        at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
        which = f" (document {error['document']})" if error["document"] else ""
        yield f"- {at}{which}: {error['text']}"
