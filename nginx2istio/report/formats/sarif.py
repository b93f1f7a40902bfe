"""The report as SARIF 2.1.0, by which code hosts annotate the lines of files."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from urllib.parse import quote

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.formats.json_report import json_text
from nginx2istio.report.identity import Identity, identity_of
from nginx2istio.report.words.aspects import SECURITY_ASPECTS
from nginx2istio.report.words.labels import FATES, assumed_words, counted

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
"""SARIF has no level info."""
_NGINX = "https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration"
_SUBJECTS = {"Ingress": f"{_NGINX}/annotations/", "ConfigMap": f"{_NGINX}/configmap/"}
_GATEWAYS = "https://istio.io/latest/docs/tasks/traffic-management/ingress/"
"""What a rule's link leads to: SARIF wants an address on the web, and our pages have none."""
_STDIN = "stdin"
MOST_RESULTS = 5_000
"""Results of one run: code hosts show no more, and refuse a file with many more."""
_RANKS = {"error": 90.0, "warning": 50.0, "info": 10.0}
_PROTECTION = 5.0
"""What a finding about a protection ranks higher, and one without anything to do lower."""


def sarif(report: Data) -> str:
    """The report as one run.

    Code hosts refuse a result without a place. A finding that holds everywhere stands at the first
    file. Where there are more findings than MOST_RESULTS, the worst have results of their own; the
    others have one for each code and file, or for each code.
    """
    findings = report["findings"]
    files = (x["file"] for x in (*report["annotations"], *findings) if x["file"])
    first = next(files, _STDIN)
    codes = sorted({f["code"] for f in findings})
    number = {code: index for index, code in enumerate(codes)}
    listed = _limited(findings)
    run = {
        "tool": {"driver": _driver(report, codes)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report["errors"],
                "toolExecutionNotifications": [_unread(e) for e in report["errors"]],
            }
        ],
        "results": [
            _result(finding, number[finding["code"]], first, fingerprint)
            for finding, fingerprint in zip(listed, _fingerprints(listed), strict=True)
        ],
        "properties": {"summary": report["summary"], "assumptions": report["assumptions"]},
    }
    return json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _limited(findings: Sequence[Data]) -> Sequence[Data]:
    """At most MOST_RESULTS findings, as there are fewer codes: the last ones stand for several."""
    for fields in (("severity", "code", "file"), ("severity", "code")):
        if len(findings) > MOST_RESULTS:
            findings = _summed(findings, fields)
    return findings


def _summed(findings: Sequence[Data], fields: Sequence[str]) -> list[Data]:
    """The first findings, then one for all others that are alike in the fields."""
    single, sums = MOST_RESULTS, _sums(findings[MOST_RESULTS:], fields)
    while single and single + len(sums) > MOST_RESULTS:
        single = max(0, MOST_RESULTS - len(sums))
        sums = _sums(findings[single:], fields)
    return [*findings[:single], *sums]


def _sums(findings: Iterable[Data], fields: Sequence[str]) -> list[Data]:
    groups: dict[tuple[object, ...], list[Data]] = {}
    for finding in findings:
        key = *(finding[field] for field in fields), "accepted" in finding
        groups.setdefault(key, []).append(finding)
    return [_sum(group) if len(group) > 1 else group[0] for group in groups.values()]


def _sum(group: Sequence[Data]) -> Data:
    """One finding for several, at the place of the first."""
    first = group[0]
    number = sum(finding.get("times", 1) for finding in group)
    files = len({finding["file"] for finding in group})
    where = f"in {counted(files, 'file')}" if files > 1 else "in this file"
    return {
        **first,
        "key": "",
        "value": "",
        "object": {"kind": "", "namespace": "", "name": ""},
        "hosts": [],
        "paths": ["*"],
        "text": f"{number} times {where}: {first['title']}",
        "times": number,
    }


def message_text(text: str) -> str:
    """A text without SARIF's own markup, in which ``[...](...)`` is a link."""
    return re.sub(r"[\\\[\]]", r"\\\g<0>", printable(text))


def _sentence(text: str) -> str:
    return message_text(text).removesuffix(".") + "."


def _driver(report: Data, codes: Iterable[str]) -> Data:
    example = {f["code"]: f for f in reversed(report["findings"])}
    return {
        "name": report["tool"]["name"],
        "semanticVersion": report["tool"]["version"],
        "rules": [_rule(example[code]) for code in codes],
    }


def _rule(finding: Data) -> Data:
    differs = ", ".join(finding["aspects"]) or "nothing that a client sees"
    title = message_text(finding["title"])
    return {
        "id": finding["code"],
        "name": _name(finding["title"]),
        "shortDescription": {"text": title},
        "fullDescription": {"text": f"{title}. Differs: {differs}."},
        "help": {
            "text": f"nginx2istio rules show {finding['code']} explains it, or {finding['doc']}."
        },
        "helpUri": _page(finding),
        "defaultConfiguration": {"level": _LEVELS[finding["severity"]]},
        "properties": {"tags": finding["aspects"], "fate": FATES[finding["fate"]]},
    }


def _page(finding: Data) -> str:
    """The finding's own page where it has an address, else that of its subject in Istio's docs."""
    doc: str = finding["doc"]
    return doc if "://" in doc else _SUBJECTS.get(finding["object"]["kind"], _GATEWAYS)


def _result(finding: Data, index: int, first: str, fingerprint: str) -> Data:
    where = "every host" if finding["hosts"] == ["*"] else ", ".join(finding["hosts"])
    paths = "" if finding["paths"] == ["*"] else " " + ", ".join(finding["paths"])
    parts = [_sentence(finding["text"])]
    if where:
        parts.append(_sentence(f"Where: {where}{paths}"))
    if assumed := assumed_words(finding.get("assumed", ())):
        parts.append(_sentence(f"Assumed: {assumed}"))
    if finding["instead"]:
        parts.append(_sentence(f"To do: {finding['instead']}"))
    obj = finding["object"]
    named = "/".join(x for x in (obj["namespace"], obj["name"], finding["key"]) if x)
    result: Data = {
        "ruleId": finding["code"],
        "ruleIndex": index,
        "level": _LEVELS[finding["severity"]],
        "rank": _rank(finding),
        "message": {"text": " ".join(parts)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": artifact_uri(finding["file"] or first)},
                    "region": {"startLine": finding["line"] or 1},
                },
                **({"logicalLocations": [{"fullyQualifiedName": named}]} if named else {}),
            }
        ],
        "partialFingerprints": {"identity/v2": fingerprint},
        "properties": {k: finding[k] for k in ("fate", "hosts", "paths", "aspects")},
    }
    if "accepted" in finding:
        accepted = finding["accepted"]
        why = f"{accepted['reason']} (until {accepted['expires']})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _rank(finding: Data) -> float:
    """0 to 100: by severity, protections first, what nobody can act on last."""
    rank = _RANKS[finding["severity"]]
    if not SECURITY_ASPECTS.isdisjoint(finding["aspects"]):
        rank += _PROTECTION
    return rank if finding["instead"] else rank - _PROTECTION


def _name(title: str) -> str:
    """The title as a name in one word, as SARIF's viewers show rules."""
    return "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", title)) or "Finding"


def _fingerprints(findings: Iterable[Data]) -> Iterator[str]:
    """What makes each the same finding although its line, text or severity changes."""
    counts: dict[tuple[Identity, str], int] = {}
    for finding in findings:
        places = json.dumps([finding["hosts"], finding["paths"]])
        key = identity_of(finding), places
        number = counts[key] = counts.get(key, 0) + 1
        parts = json.dumps([*key, number] if number > 1 else key)
        yield hashlib.sha256(parts.encode()).hexdigest()


def artifact_uri(file: str) -> str:
    """A file's address, relative where its name is: code hosts then find it in the repository."""
    if file == "-":
        return _STDIN
    path = PurePath(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), errors="surrogateescape")


def _unread(error: Data) -> Data:
    place = {
        "artifactLocation": {"uri": artifact_uri(error["file"])},
        "region": {"startLine": error["line"] or 1},
    }
    return {
        "level": "error",
        "message": {"text": message_text(error["text"])},
        "locations": [{"physicalLocation": place}],
    }
