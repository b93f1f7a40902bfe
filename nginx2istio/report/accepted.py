"""Accepted findings: a file of them, and a report that marks them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from nginx2istio.findings import acceptance
from nginx2istio.inputs.document import Unreadable
from nginx2istio.inputs.resource import Node
from nginx2istio.inputs.text import read_text
from nginx2istio.inputs.yaml.anchors import Memo
from nginx2istio.istio.yaml import document
from nginx2istio.nginx.model import Origin
from nginx2istio.report.data import Data, finding_data, verdict
from nginx2istio.report.group import GroupedFinding
from nginx2istio.report.hosts import readiness_counts, with_readiness
from nginx2istio.report.identity import Identity, finding_identity, identity_of, object_name
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.rule import Message

_HEAD = """\
# Findings that are accepted: nginx2istio convert|report ... --accept THIS-FILE
#
# Write for each entry
#   reason:  why the difference does no harm here, or what was done about it.
#            An entry whose reason is empty or "not judged yet" accepts nothing.
#   expires: the last day on which the entry counts. After it the finding counts again.
# The other fields say which finding is meant. The text is for the reader only.
# An accepted finding stays in the report with its reason. It counts neither for --fail-on nor for
# the verdict. The entry still holds when the annotation moves to another line or file, and when
# the finding loses hosts or paths or becomes less severe. A new value, host or path, or a worse
# severity, is a new finding. Delete an entry that matches nothing.
# --accept-all THIS-FILE adds new findings and keeps your reasons.
"""
_NO_REASON = "not judged yet"
"""The reason that --accept-all writes into a new entry; it accepts nothing."""
_LISTS = ("hosts", "paths")
_WORDS = ("code", "severity", "object", "key", "value")
_FIELDS = (*_WORDS, *_LISTS, "reason", "expires")
_ABOUT_ENTRIES = (acceptance.EXPIRED, acceptance.UNMATCHED, acceptance.UNJUDGED)


class BadAcceptFile(ValueError):
    """A file of accepted findings that can't be used; the message has file and line."""


@dataclass(frozen=True, slots=True)
class AcceptedFinding:
    """One entry. ``object`` is ``Kind namespace/name``, ``line`` is the entry's line in the file.

    ``text`` is what the finding said when the entry was written.
    """

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
    def identity(self) -> Identity:
        """The identity of the finding that is meant."""
        return finding_identity(self.code, self.object, self.key, self.value)

    @property
    def judged(self) -> bool:
        """Whether the entry has a reason."""
        return self.reason.casefold().strip(" .") not in ("", _NO_REASON)

    def covers(self, finding: Data) -> bool:
        """Whether a finding of this identity is no worse, and holds nowhere else."""
        rank: dict[str, int] = {severity: number for number, severity in enumerate(SEVERITIES)}
        if rank[finding["severity"]] < rank.get(self.severity, len(rank)):
            return False
        return all(
            "*" in ours or set(theirs) <= set(ours)
            for ours, theirs in ((self.hosts, finding["hosts"]), (self.paths, finding["paths"]))
        )

    def choose(self, findings: Iterable[Data]) -> list[Data]:
        """The findings that this entry accepts, of those that it covers.

        Of two that hold for the same host and path it accepts one, as it was written for one: the
        one that no other entry accepts, then the one with the same text.
        """
        chosen: list[Data] = []
        for finding in sorted(findings, key=lambda f: ("accepted" in f, f["text"] != self.text)):
            if not any(_overlap(finding, other) for other in chosen):
                chosen.append(finding)
        return chosen


def _overlap(first: Data, second: Data) -> bool:
    return all(
        not {*first[field]}.isdisjoint(second[field]) or not first[field] for field in _LISTS
    )


def read_accepted(data: bytes, file: str) -> tuple[AcceptedFinding, ...]:
    """The entries of a file. Raises BadAcceptFile."""
    documents = []
    for _, piece in read_text(data, Memo()):
        if isinstance(piece, Unreadable):
            raise BadAcceptFile(f"{file}:{piece.line}: {piece.text}")
        if piece.marks:
            raise BadAcceptFile(f"{file}:{piece.marks[0].line}: {piece.marks[0].text}")
        documents += [] if piece.body is None else [piece]
    body = documents[0].body if len(documents) == 1 else None
    entries = body.get("accepted") if isinstance(body, Node) else None
    if not isinstance(body, Node) or not isinstance(entries, list):
        raise BadAcceptFile(f"{file}: the key accepted must hold a list")
    first = body.lines["accepted"]
    return tuple(_entry(entry, documents[0].written, file, first) for entry in entries)


def _entry(
    entry: object, written: Mapping[tuple[int, str], str], file: str, line: int
) -> AcceptedFinding:
    if not isinstance(entry, Node):
        raise BadAcceptFile(f"{file}:{line}: an entry must have fields such as code and reason")
    line = min(entry.lines.values(), default=line)
    missing = [field for field in _FIELDS if field not in entry]
    unknown = [field for field in entry if field not in (*_FIELDS, "text")]
    if missing or unknown:
        what = f"{missing[0]} is missing" if missing else f"unknown field {unknown[0]}"
        raise BadAcceptFile(f"{file}:{line}: {what}; --accept-all writes entries with all fields")
    for field in _LISTS:
        if not isinstance(entry[field], list):
            raise BadAcceptFile(f"{file}:{line}: {field} must be a list")
    words = {}
    for field in (*_WORDS, "reason", "expires", "text"):
        value = entry.get(field, "")
        if isinstance(value, Node | list):
            raise BadAcceptFile(f"{file}:{line}: {field} must be text")
        # What is a number or a truth value to YAML is text here, as it is written.
        words[field] = value if isinstance(value, str) else written[id(entry), field]
    try:
        expires = date.fromisoformat(words.pop("expires"))
    except ValueError:
        day = f"{file}:{line}: expires must be a day such as 2027-03-31"
        raise BadAcceptFile(f"{day}, not {entry['expires']!s}") from None
    hosts, paths = (tuple(str(name) for name in entry[field]) for field in _LISTS)
    words["reason"] = "" if entry["reason"] is None else " ".join(words["reason"].split())
    return AcceptedFinding(**words, hosts=hosts, paths=paths, expires=expires, line=line)


def mark_accepted(report: Data, entries: Iterable[AcceptedFinding], file: str, today: date) -> Data:
    """The report with accepted findings marked, and a verdict that does not count them.

    Each entry that accepts nothing is a finding: it has expired, has no reason or matches nothing.
    """
    findings = [dict(finding) for finding in report["findings"]]
    by_identity: dict[Identity, list[Data]] = {}
    for finding in findings:
        by_identity.setdefault(identity_of(finding), []).append(finding)
    remarks: list[Data] = []
    site = report["options"]["docs_url"]
    for entry in entries:
        covered = [f for f in by_identity.get(entry.identity, ()) if entry.covers(f)]
        if not covered:
            remarks.append(_remark(acceptance.UNMATCHED, entry, file, site))
        elif entry.expires < today:
            remarks.append(_remark(acceptance.EXPIRED, entry, file, site))
        elif not entry.judged:
            remarks.append(_remark(acceptance.UNJUDGED, entry, file, site))
        else:
            for finding in entry.choose(covered):
                finding["accepted"] = {"reason": entry.reason, "expires": entry.expires.isoformat()}
    findings += remarks
    findings.sort(key=lambda finding: SEVERITIES.index(finding["severity"]))
    hosts = with_readiness(report["hosts"], findings)
    summary = _summary(report, findings, hosts)
    return {**report, "summary": summary, "findings": findings, "hosts": hosts}


def _summary(report: Data, findings: Sequence[Data], hosts: Sequence[Data]) -> Data:
    not_accepted = Counter(f["severity"] for f in findings if "accepted" not in f)
    all_findings = Counter(f["severity"] for f in findings)
    summary = report["summary"]
    return {
        **summary,
        "readiness": readiness_counts(hosts),
        "findings": {s: all_findings[s] for s in SEVERITIES},
        "accepted": {s: all_findings[s] - not_accepted[s] for s in SEVERITIES},
        "verdict": verdict(not_accepted, bool(report["errors"]), summary["converted"] > 0),
    }


def _remark(message: Message, entry: AcceptedFinding, file: str, site: str) -> Data:
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
            message.requests,
            (),
        ),
        site,
    )


def counting(report: Data, severity: str) -> int:
    """The number of findings of a severity that are not accepted."""
    summary = report["summary"]
    return int(summary["findings"][severity]) - int(summary.get("accepted", {}).get(severity, 0))


def accept_file(
    report: Data, old: Iterable[AcceptedFinding], until: date, severities: Iterable[str]
) -> str:
    """A file with an entry for each finding of ``severities``.

    An entry keeps the reason and the day that it has in ``old``. A new entry has no reason yet; it
    expires after the day ``until``.
    """
    listed = set(severities)
    earlier: dict[Identity, list[AcceptedFinding]] = {}
    for entry in old:
        earlier.setdefault(entry.identity, []).append(entry)
    own = {message.code for message in _ABOUT_ENTRIES}
    entries = []
    for finding in report["findings"]:
        if finding["severity"] not in listed or finding["code"] in own:
            continue
        known = next((e for e in earlier.get(identity_of(finding), ()) if e.covers(finding)), None)
        fields = (*_WORDS, *_LISTS, "text")
        entry_data = {field: finding[field] for field in fields} | {"object": object_name(finding)}
        entry_data["reason"] = known.reason if known and known.judged else _NO_REASON
        entry_data["expires"] = (known.expires if known else until).isoformat()
        entries.append(entry_data)
    order = ("code", "object", "key", "hosts", "paths", "text")
    entries.sort(key=lambda entry: [entry[field] for field in order])
    return _HEAD + document({"accepted": entries})
