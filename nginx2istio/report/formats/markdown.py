"""The report for a pull request's comment: short, its details folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.report.formats.text import VERDICTS
from nginx2istio.report.group import SEVERITIES

Data = Mapping[str, Any]
ROOM = 60_000
"""Characters: code hosts take some 65,000 in a comment."""
SPECIAL = re.compile(r"[&<>\[\]*_`|~#@\\]|://")


def markdown(report: Data) -> str:
    """The report, cut with a remark where it would not fit into a comment."""
    out: list[str] = [*_head(report)]
    left = ROOM - sum(len(line) + 1 for line in out)
    for fold in _folds(report):
        title, *lines = fold
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
    """Text that no Markdown reader takes for markup, a link or somebody's name; one line."""
    flat = " ".join(text.split())
    return SPECIAL.sub(lambda m: "".join(f"&#{ord(c)};" for c in m[0]), flat)


def _code(text: str) -> str:
    return f"<code>{escaped(text)}</code>" if text else ""


def _head(report: Data) -> Iterator[str]:
    figures = report["summary"]
    word, _, meaning = VERDICTS[figures["verdict"]].partition(": ")
    yield f"### nginx2istio: {word}"
    yield ""
    yield meaning[:1].upper() + meaning[1:] + "."
    yield ""
    made = ", ".join(f"{n} {kind}" for kind, n in figures["objects"].items()) or "no objects"
    ingresses, hosts, paths = (figures[k] for k in ("ingresses", "hosts", "paths"))
    yield f"{ingresses} Ingresses, {hosts} hosts, {paths} paths → {made}."
    yield ""
    accepted = figures.get("accepted")
    yield "| | " + " | ".join(SEVERITIES) + " |"
    yield "|---" * (len(SEVERITIES) + 1) + "|"
    yield "| findings | " + " | ".join(str(figures["findings"][s]) for s in SEVERITIES) + " |"
    if accepted:
        yield "| of these accepted | " + " | ".join(str(accepted[s]) for s in SEVERITIES) + " |"
    fates = {name: n for name, n in figures["annotations"].items() if n}
    if fates:
        yield ""
        yield "Annotations: " + ", ".join(f"{n} {name}" for name, n in fates.items()) + "."
    yield ""


def _folds(report: Data) -> Iterator[list[str]]:
    """Title and lines of each folded part."""
    for severity in SEVERITIES:
        found = [f for f in report["findings"] if f["severity"] == severity and "accepted" not in f]
        if found:
            yield [_many(len(found), severity), *map(_finding, found)]
    accepted = [f for f in report["findings"] if "accepted" in f]
    if accepted:
        yield [_many(len(accepted), "accepted finding"), *map(_finding, accepted)]
    if report["actions"]:
        yield [f"To do before switching over ({len(report['actions'])})", *_actions(report)]
    if report["errors"]:
        yield [f"Not read ({len(report['errors'])})", *map(_error, report["errors"])]


def _many(number: int, what: str) -> str:
    plural = "" if number == 1 or what == "info" else "s"
    return f"{number} {what}{plural}"


def _finding(found: Data) -> str:
    obj = found["object"]
    named = f"{obj['namespace']}/{obj['name']}" if obj["name"] else ""
    at = f"{found['file']}:{found['line']}" if found["file"] else ""
    place = " ".join(x for x in (_code(named), _code(found["key"]), _code(at)) if x)
    hosts = _some(found["hosts"])
    where = f" ({hosts} {_some(found['paths'])})" if hosts and found["hosts"] != ["*"] else ""
    about = f"**{found['code']}** {place}{where}".rstrip()
    said = f"- {about}: {escaped(found['text'])}."
    said += f" *Instead:* {escaped(found['instead'])}."
    if "accepted" in found:
        reason, expires = found["accepted"]["reason"], found["accepted"]["expires"]
        said += f" *Accepted until {expires}:* {escaped(reason)}."
    return said


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    shown = ", ".join(map(_code, listed[:3]))
    return shown + (f" and {len(listed) - 3} more" if len(listed) > 3 else "")


def _actions(report: Data) -> Iterator[str]:
    for wanted in report["actions"]:
        more = f" {_code(str(wanted['command']))}" if "command" in wanted else ""
        yield f"- {escaped(wanted['text'])}{more}"
        if "yaml" in wanted:
            fence = "~~~~"
            lines = [f"{fence}yaml", *str(wanted["yaml"]).rstrip("\n").splitlines(), fence]
            yield "\n".join(f"  {line}" for line in lines)


def _error(error: Data) -> str:
    at = f"{error['file']}:{error['line']}" if error["line"] else error["file"]
    return f"- {_code(at)}: {escaped(error['text'])}"
