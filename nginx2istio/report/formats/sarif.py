"""The report as SARIF 2.1.0, by which code hosts annotate the lines of files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from nginx2istio.report.accepted import meaning

Data = dict[str, Any]
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
LEVELS = {"error": "error", "warning": "warning", "info": "note"}
STDIN = "stdin"


def sarif(report: Mapping[str, Any]) -> str:
    """The report as one run.

    Code hosts refuse a result without a place, so that what holds everywhere is said at the first
    file.
    """
    findings = report["findings"]
    files = (x["file"] for x in (*report["annotations"], *findings) if x["file"])
    first = next(files, STDIN)
    codes = sorted({f["code"] for f in findings})
    number = {code: index for index, code in enumerate(codes)}
    run = {
        "tool": {"driver": _driver(report, codes)},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report["errors"],
                "toolExecutionNotifications": [_unread(e) for e in report["errors"]],
            }
        ],
        "results": [_result(f, number[f["code"]], first) for f in findings],
        "properties": {"summary": report["summary"]},
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _driver(report: Mapping[str, Any], codes: Iterable[str]) -> Data:
    example = {f["code"]: f for f in reversed(report["findings"])}
    return {
        "name": report["tool"]["name"],
        "semanticVersion": report["tool"]["version"],
        "rules": [_rule(example[code]) for code in codes],
    }


def _rule(finding: Mapping[str, Any]) -> Data:
    about = ", ".join(finding["aspects"]) or "nothing that a client sees"
    return {
        "id": finding["code"],
        "shortDescription": {"text": f"{finding['code']} ({finding['fate']}): {about}"},
        "help": {"text": f"See {finding['doc']}."},
        "defaultConfiguration": {"level": LEVELS[finding["severity"]]},
        "properties": {"tags": finding["aspects"]},
    }


def _result(finding: Mapping[str, Any], index: int, first: str) -> Data:
    where = "everywhere" if finding["hosts"] == ["*"] else ", ".join(finding["hosts"])
    paths = "" if finding["paths"] == ["*"] else " " + ", ".join(finding["paths"])
    at = f" ({where}{paths})" if where else ""
    obj = finding["object"]
    named = "/".join(x for x in (obj["namespace"], obj["name"], finding["key"]) if x)
    result: Data = {
        "ruleId": finding["code"],
        "ruleIndex": index,
        "level": LEVELS[finding["severity"]],
        "message": {"text": f"{finding['text']}{at}. Instead: {finding['instead']}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(finding["file"] or first)},
                    "region": {"startLine": finding["line"] or 1},
                },
                **({"logicalLocations": [{"fullyQualifiedName": named}]} if named else {}),
            }
        ],
        "partialFingerprints": {"meaning/v1": _fingerprint(finding)},
        "properties": {k: finding[k] for k in ("fate", "hosts", "paths", "aspects")},
    }
    if "accepted" in finding:
        accepted = finding["accepted"]
        why = f"{accepted['reason']} (until {accepted['expires']})"
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return result


def _fingerprint(finding: Mapping[str, Any]) -> str:
    """What makes it the same finding although lines have moved."""
    said = json.dumps([*meaning(finding), finding["hosts"], finding["paths"]])
    return hashlib.sha256(said.encode()).hexdigest()


def uri(file: str) -> str:
    """A file's place, relative where its name is, so that code hosts find it in the repository."""
    if file == "-":
        return STDIN
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _unread(error: Mapping[str, Any]) -> Data:
    place = {
        "artifactLocation": {"uri": uri(error["file"])},
        "region": {"startLine": error["line"] or 1},
    }
    return {
        "level": "error",
        "message": {"text": error["text"]},
        "locations": [{"physicalLocation": place}],
    }
