"""Findings that somebody has accepted: a file of them, and a report that heeds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from ruamel.yaml.error import YAMLError

from nginx2istio.findings import configuration
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.model import Origin
from nginx2istio.report.data import Data, finding_data, verdict
from nginx2istio.report.group import SEVERITIES, GroupedFinding
from nginx2istio.rule import Message

HEAD = """\
# Findings that are accepted: nginx2istio convert|report ... --accept THIS-FILE
#
# They stay in the report, marked with their reason, but count neither for --fail-on nor for the
# verdict. Fill in for each entry
#   reason:  why the difference does no harm here, or what was done about it
#   expires: the last day on which it counts; after that the finding counts again
# All other lines say which finding is meant. An entry holds as long as the finding says the same
# of the same place: it may move to another line or file, and lose hosts or paths, but a new value,
# host, path, severity or wording makes it a new finding. Delete entries that match nothing.
# --accept-all THIS-FILE adds what is new and keeps what you wrote.
"""
UNJUDGED = "not judged yet"
FIELDS = ("code", "severity", "object", "key", "value", "hosts", "paths", "text")


class BadFile(ValueError):
    """A file of accepted findings that can't be used; the message has file and line."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One entry; ``object`` is ``Kind namespace/name``, ``line`` where it stands in the file."""

    code: str
    severity: str
    object: str
    key: str
    value: str
    hosts: tuple[str, ...]
    paths: tuple[str, ...]
    text: str
    reason: str
    expires: date
    line: int = 0

    @property
    def meaning(self) -> tuple[str, ...]:
        """What the accepted finding says: see ``meaning``."""
        return self.code, self.severity, self.object, self.key, self.value, self.text

    def covers(self, finding: Data) -> bool:
        """Whether the places of a finding with this meaning are among those that were accepted."""
        return all(
            "*" in ours or set(theirs) <= set(ours)
            for ours, theirs in ((self.hosts, finding["hosts"]), (self.paths, finding["paths"]))
        )


def meaning(finding: Mapping[str, Any]) -> tuple[str, ...]:
    """What a finding says of what, without the line where it stands: what it is known by."""
    code, severity, key, value = (finding[k] for k in ("code", "severity", "key", "value"))
    return code, severity, object_name(finding), key, value, finding["text"]


def object_name(finding: Mapping[str, Any]) -> str:
    """``Kind namespace/name`` of the object that a finding is about, "" when it is about none."""
    obj = finding["object"]
    return f"{obj['kind']} {obj['namespace']}/{obj['name']}" if obj["name"] else ""


def read(text: str, file: str) -> tuple[Accepted, ...]:
    """The entries of a file. Raises BadFile."""
    try:
        content = YAML(typ="rt").load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{file}:{mark.line + 1}" if mark else file
        raise BadFile(f"{at}: this is no YAML: {getattr(error, 'problem', error)}") from None
    entries = content.get("accepted") if isinstance(content, Mapping) else None
    if not isinstance(entries, CommentedSeq):
        raise BadFile(f"{file}: there must be a list under the key accepted")
    return tuple(_entry(x, file, entries.lc.item(i)[0] + 1) for i, x in enumerate(entries))


def _entry(entry: object, file: str, line: int) -> Accepted:
    if not isinstance(entry, Mapping):
        raise BadFile(f"{file}:{line}: an entry must have fields such as code and reason")
    missing = [k for k in (*FIELDS, "reason", "expires") if k not in entry]
    unknown = [str(k) for k in entry if k not in (*FIELDS, "reason", "expires")]
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"unknown field {unknown[0]}"
        raise BadFile(f"{file}:{line}: {what}; --accept-all writes entries as they should be")
    for key in ("hosts", "paths"):
        if not isinstance(entry[key], list):
            raise BadFile(f"{file}:{line}: {key} must be a list")
    if not str(entry["reason"] or "").strip():
        raise BadFile(f"{file}:{line}: say in reason why this finding is accepted")
    try:
        expires = date.fromisoformat(str(entry["expires"]))
    except ValueError:
        day = f"{file}:{line}: expires must be a day such as 2027-03-31"
        raise BadFile(f"{day}, not {entry['expires']!s}") from None
    words = {k: str(entry[k]) for k in FIELDS if k not in ("hosts", "paths")}
    hosts, paths = (tuple(str(x) for x in entry[k]) for k in ("hosts", "paths"))
    reason = " ".join(str(entry["reason"]).split())
    return Accepted(**words, hosts=hosts, paths=paths, reason=reason, expires=expires, line=line)


def heed(report: Data, entries: Iterable[Accepted], file: str, today: date) -> Data:
    """The report with accepted findings marked, a new verdict, and what is wrong with entries."""
    findings = [dict(f) for f in report["findings"]]
    by_meaning: dict[tuple[str, ...], list[Data]] = {}
    for found in findings:
        by_meaning.setdefault(meaning(found), []).append(found)
    said: list[Data] = []
    for entry in entries:
        matching = [f for f in by_meaning.get(entry.meaning, ()) if entry.covers(f)]
        if entry.expires < today:
            message = configuration.EXPIRED if matching else configuration.UNMATCHED
            said.append(_about(message, entry, file))
        elif matching:
            for found in matching:
                found["accepted"] = {"reason": entry.reason, "expires": entry.expires.isoformat()}
        else:
            said.append(_about(configuration.UNMATCHED, entry, file))
    findings += said
    findings.sort(key=lambda f: SEVERITIES.index(f["severity"]))
    open_ones = Counter(f["severity"] for f in findings if "accepted" not in f)
    all_of_them = Counter(f["severity"] for f in findings)
    summary = {
        **report["summary"],
        "findings": {s: all_of_them[s] for s in SEVERITIES},
        "accepted": {s: all_of_them[s] - open_ones[s] for s in SEVERITIES},
        "verdict": verdict(open_ones, bool(report["errors"])),
    }
    return {**report, "summary": summary, "findings": findings}


def _about(message: Message, entry: Accepted, file: str) -> Data:
    facts = {"code": entry.code, "place": entry.object or "all hosts", "date": entry.expires}
    return finding_data(
        GroupedFinding(
            message,
            message.severity,
            entry.key,
            entry.value,
            Origin(field="accepted", file=file, line=entry.line),
            (),
            ("*",),
            message.text.format(**facts),
            message.to_do.format(**facts),
        )
    )


def counting(report: Data, severity: str) -> int:
    """How many findings of a severity are not accepted."""
    counts = report["summary"]
    return int(counts["findings"][severity]) - int(counts.get("accepted", {}).get(severity, 0))


def written(report: Data, old: Iterable[Accepted], until: date, severities: Iterable[str]) -> str:
    """A file that accepts all findings of ``severities``; what stands in ``old`` keeps its words.

    New entries are accepted up to ``until``.
    """
    wanted = set(severities)
    kept: dict[tuple[str, ...], list[Accepted]] = {}
    for one in old:
        kept.setdefault(one.meaning, []).append(one)
    entries = []
    for found in report["findings"]:
        if found["severity"] not in wanted:
            continue
        if found["code"] in (configuration.EXPIRED.code, configuration.UNMATCHED.code):
            continue
        known = next((e for e in kept.get(meaning(found), ()) if e.covers(found)), None)
        entry = {k: found[k] for k in FIELDS} | {"object": object_name(found)}
        entry["reason"] = known.reason if known else UNJUDGED
        entry["expires"] = (known.expires if known else until).isoformat()
        entries.append(entry)
    entries.sort(key=lambda e: (e["code"], e["object"], e["key"], e["hosts"], e["paths"]))
    return HEAD + document({"accepted": entries})
