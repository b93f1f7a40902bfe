"""Parts of the text report: the list of codes, and what a code says and where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nginx2istio.report.data import Data
from nginx2istio.report.formats.kinds import FindingKind, place, where
from nginx2istio.report.words.labels import assumed_words, some
from nginx2istio.rule.requests import in_words

FEW = 10
"""The number of codes that need no list of codes, and of namespaces that are shown."""


def code_list(sections: Sequence[FindingKind]) -> Iterator[str]:
    """The errors and warnings by code, where there are too many to be seen at a look."""
    listed = [kind for kind in sections if kind.severity != "info"]
    if len(listed) <= FEW:
        return
    yield ""
    for kind in listed:
        yield f"  {kind.severity:<7} {kind.code} {kind.extent:>9}  {kind.title}"


def section_lines(kind: FindingKind, limit: int) -> Iterator[str]:
    """What a code says and where, at most so many texts and places."""
    left = limit
    for same in kind.texts("text")[:limit]:
        if same[0]["text"] != kind.title:
            yield f"  {same[0]['text']}"
        if assumed := assumed_words(same[0].get("assumed", ())):
            yield f"  Assumed: {assumed}"
        for finding in same[:left]:
            yield from _where(finding)
        left = max(0, left - len(same))
        if not left:
            break
    if len(kind.findings) > limit:
        yield f"    and {len(kind.findings) - limit} more"
    first = kind.findings[0]
    if first["aspects"]:
        yield f"  Differs: {', '.join(first['aspects'])}{_requests(first)}"
    to_do = [same for same in kind.texts("instead") if same[0]["instead"]]
    for same in to_do if limit >= len(kind.findings) else to_do[:1]:
        which = "" if len(same) == len(kind.findings) else f" ({some(map(place, same), 3)})"
        yield f"  To do{which}: {same[0]['instead']}"


def _where(finding: Data) -> Iterator[str]:
    at = where(finding)
    if at:
        yield f"    at {at}"
    if "accepted" in finding:
        accepted = finding["accepted"]
        yield f"    accepted until {accepted['expires']}: {accepted['reason']}"


def _requests(finding: Data) -> str:
    # That a finding is about http only, its text says, or its host has no https.
    only = [
        {name: value for name, value in predicate.items() if (name, value) != ("scheme", "http")}
        for predicate in finding.get("requests") or ()
    ]
    return "" if {} in only or not only else f" (only requests {in_words(only)})"
