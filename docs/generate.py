"""Writes the generated pages: ``python docs/generate.py``; a test keeps them up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import families
import reference

from nginx2istio.findings.all_messages import OWN
from nginx2istio.report.words.labels import FATES
from nginx2istio.rule import Message
from nginx2istio.rule.loader import load
from nginx2istio.rule.requests import in_words

HERE = Path(__file__).parent


def findings() -> str:
    """The page of all findings, by code."""
    rules = load()
    messages = {m.code: m for m in (*OWN, *rules.messages.values())}
    lines = [
        "# Findings",
        "",
        "The findings of the report, by code. The severity is what clients or attackers notice:",
        "",
        "- *error*: traffic or protection breaks.",
        "- *warning*: some clients notice a difference, or something fails today and will fail in",
        "  the same way.",
        "- *info*: no client relies on the difference.",
        "",
        "The fate is what happens to the setting: *converted*, *approximated*, *not converted*,",
        "*no effect* (in nginx today) or *no change needed*. `{...}` is a value of your input.",
        "This page is written by `python docs/generate.py`.",
        "",
        "| code | title | severity | fate |",
        "|---|---|---|---|",
    ]
    ordered = [messages[code] for code in sorted(messages)]
    lines += [_row(message) for message in ordered]
    lines.append("")
    for message in ordered:
        lines += _finding(message)
    return "\n".join(lines).rstrip() + "\n"


def _row(message: Message) -> str:
    link = f"[{message.code}](#{message.code.lower()})"
    cells = (families.cell(_title(message)), message.severity, FATES[message.fate])
    return f"| {link} | {' | '.join(cells)} |"


def _title(message: Message) -> str:
    return message.title or message.text


def _finding(message: Message) -> Iterable[str]:
    yield f"## {message.code}"
    yield ""
    if message.title:
        yield f"**{families.plain(message.title)}** ({message.severity}, {FATES[message.fate]})"
    else:
        yield f"({message.severity}, {FATES[message.fate]})"
    yield ""
    yield families.plain(families.sentence(message.text))
    yield ""
    if message.aspects:
        only = in_words([requests.data() for requests in message.requests])
        only = f" (only requests {families.plain(only)})" if only else ""
        yield f"Differs: {', '.join(sorted(message.aspects))}{only}."
        yield ""
    if message.to_do:
        yield f"To do: {families.plain(families.sentence(message.to_do))}"
        yield ""


def pages() -> dict[str, str]:
    """Every generated page, by its path below docs/."""
    return {"findings.md": findings(), **reference.pages(), **families.pages(load())}


def write() -> None:
    """Writes every page, and removes the pages of rule files that are gone."""
    (HERE / "rules").mkdir(exist_ok=True)
    new = pages()
    for old in {p.relative_to(HERE).as_posix() for p in (HERE / "rules").iterdir()} - new.keys():
        (HERE / old).unlink()
    for name, page in new.items():
        (HERE / name).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    write()
