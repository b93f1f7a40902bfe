"""Writes the generated pages: ``python docs/generate.py``; a test holds them up to date."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from nginx2istio import engine
from nginx2istio.loader import load
from nginx2istio.rule import Message
from nginx2istio.translate import BROKEN_RULE

HERE = Path(__file__).parent


def findings() -> str:
    """The page of all findings, by code."""
    rules = load()
    messages = {m.code: m for m in (*engine.MESSAGES, BROKEN_RULE, *rules.messages.values())}
    lines = [
        "# Findings",
        "",
        "What the report can say, by code. Severity is what a client or an attacker notices:",
        "*error*, traffic or protection breaks; *warning*, some client notices; *info*, nobody",
        "relies on it. `{...}` stands for what the finding is about. Written by",
        "`python docs/generate.py`.",
        "",
    ]
    for code in sorted(messages):
        lines += _finding(messages[code])
    return "\n".join(lines).rstrip() + "\n"


def _finding(message: Message) -> Iterable[str]:
    yield f"## {message.code}"
    yield ""
    yield f"*{message.severity}, {message.fate}.* {_sentence(message.text)}"
    yield ""
    if message.aspects:
        only = (
            f", of requests with the header {message.only_with} only" if message.only_with else ""
        )
        yield f"Differs: {', '.join(sorted(message.aspects))}{only}."
        yield ""
    yield f"Instead: {_sentence(message.instead)}"
    yield ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


PAGES = {"findings.md": findings}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
