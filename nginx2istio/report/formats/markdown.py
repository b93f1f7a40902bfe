"""The report for a pull request's comment: short, its details folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nginx2istio.base.printable import printable
from nginx2istio.report.data import Data
from nginx2istio.report.words.labels import (
    SEVERITIES,
    assumed_words,
    assumption_words,
    counted,
    fate_counts,
    figures,
    verdict_words,
)

ROOM = 60_000
"""Characters: code hosts take some 65,000 in a comment."""
_SPECIAL = re.compile(r"[&<>\[\]*_`|~#@\\]|://")


def markdown(report: Data) -> str:
    """The report, cut with a remark where it would not fit into a comment."""
    out: list[str] = [*_head(report)]
    left = ROOM - sum(len(line) + 1 for line in out)
    for title, *lines in _folds(report):
        block = [f"<details><summary>{title}</summary>", ""]
        left -= len(block[0]) + 100
        shown = 0
        for line in lines:
            if len(line) + 1 > left:
                break
            left -= len(line) + 1
            block.append(line)
            shown += 1
        if shown < len(lines):
            block.append(f"- and {len(lines) - shown} more: see the report in another format")
        out += [*block, "", "</details>", ""]
    return "\n".join(out).rstrip() + "\n"


def escaped(text: str) -> str:
    """The text on one line, which no Markdown reader takes for markup, a link or a person's name.

    White space becomes a space; any other unprintable character is shown by its number.
    """
    flat = printable(" ".join(text.split()))
    return _SPECIAL.sub(lambda m: "".join(f"&#{ord(c)};" for c in m[0]), flat)


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>" if text else ""


def _sentence(text: str) -> str:
    return escaped(text).removesuffix(".") + "."


def _head(report: Data) -> Iterator[str]:
    summary = report["summary"]
    verdict, meaning = verdict_words(summary)
    yield f"### nginx2istio: {verdict}"
    yield ""
    yield f"{meaning[:1].upper()}{meaning[1:]}."
    yield ""
    yield " → ".join(figures(summary)) + "."
    yield ""
    accepted = summary.get("accepted")
    yield "| | " + " | ".join(SEVERITIES) + " |"
    yield "|---" * (len(SEVERITIES) + 1) + "|"
    yield "| findings | " + " | ".join(str(summary["findings"][s]) for s in SEVERITIES) + " |"
    if accepted:
        yield "| of these accepted | " + " | ".join(str(accepted[s]) for s in SEVERITIES) + " |"
    if any(summary["annotations"].values()):
        yield ""
        yield f"Annotations: {fate_counts(summary['annotations'])}."
    yield ""
    if report["assumptions"]:
        yield from (f"- Assumed: {escaped(assumption_words(a))}" for a in report["assumptions"])
        yield ""


def _folds(report: Data) -> Iterator[list[str]]:
    """Title and lines of each folded part."""
    for severity in SEVERITIES:
        open_findings = [
            f for f in report["findings"] if f["severity"] == severity and "accepted" not in f
        ]
        if open_findings:
            title = counted(len(open_findings), severity)
            yield [title, *map(_finding, open_findings)]
    accepted = [f for f in report["findings"] if "accepted" in f]
    if accepted:
        yield [counted(len(accepted), "accepted finding"), *map(_finding, accepted)]
    if report["actions"]:
        yield [f"To do before the cut-over ({len(report['actions'])})", *_actions(report)]
    if report["errors"]:
        yield [f"Not read ({len(report['errors'])})", *map(_error, report["errors"])]


def _finding(finding: Data) -> str:
    obj = finding["object"]
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    at = f"{finding['file']}:{finding['line']}" if finding["file"] else ""
    place = " ".join(part for part in map(_code, (named, finding["key"], at)) if part)
    hosts = _some(finding["hosts"])
    if hosts and finding["hosts"] != ["*"]:
        place += f" ({hosts} {_some(finding['paths'])})"
    title = "" if finding["title"] == finding["text"] else f" {_sentence(finding['title'])}"
    parts = [f"- **{finding['code']}**{title}", place, _sentence(finding["text"])]
    if assumed := assumed_words(finding.get("assumed", ())):
        parts.append(f"*Assumed:* {_sentence(assumed)}")
    if finding["instead"]:
        parts.append(f"*To do:* {_sentence(finding['instead'])}")
    if "accepted" in finding:
        accepted = finding["accepted"]
        parts.append(f"*Accepted until {accepted['expires']}:* {_sentence(accepted['reason'])}")
    return " ".join(part for part in parts if part)


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(map(_code, listed[:3]))
    return shown + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _actions(report: Data) -> Iterator[str]:
    for action in report["actions"]:
        more = f" {_code(str(action['command']))}" if "command" in action else ""
        yield f"- {escaped(action['text'])}{more}"
        if "yaml" in action:
            yield "\n".join(f"  {line}" for line in _fenced(str(action["yaml"])))


def _fenced(yaml: str) -> list[str]:
    """A code block: its fence is longer than any in the text."""
    lines = [printable(line) for line in yaml.splitlines()]
    longest = max((len(run) for run in re.findall("~+", yaml)), default=0)
    fence = "~" * max(4, longest + 1)
    return [f"{fence}yaml", *lines, fence]


def _error(error: Data) -> str:
    at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
    return f"- {_code(at)}: {escaped(error['text'])}"
