"""Writes the generated pages: ``python docs/generate.py``; a test holds them up to date."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import families

from nginx2istio.findings.all_messages import OWN
from nginx2istio.rule import Message
from nginx2istio.rule.loader import load

HERE = Path(__file__).parent


def findings() -> str:
    """The page of all findings, by code."""
    rules = load()
    messages = {m.code: m for m in (*OWN, *rules.messages.values())}
    lines = [
        "# Findings",
        "",
        "What the report can say, by code. Severity is what a client or an attacker notices:",
        "*error*, traffic or protection breaks; *warning*, some client notices, or it fails today",
        "and will fail alike; *info*, nobody relies on it. `{...}` stands for what it is about.",
        "Written by",
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
    yield f"Instead: {_sentence(message.to_do)}"
    yield ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def schema() -> str:
    """The JSON report's schema, as it is in the package."""
    return (files("nginx2istio.report") / "schema.json").read_text(encoding="utf-8")


def pages() -> dict[str, str]:
    """Every generated page by its path below docs/."""
    return {"findings.md": findings(), "report.schema.json": schema(), **families.pages(load())}


if __name__ == "__main__":
    (HERE / "rules").mkdir(exist_ok=True)
    made = pages()
    for old in {p.relative_to(HERE).as_posix() for p in (HERE / "rules").iterdir()} - made.keys():
        (HERE / old).unlink()
    for name, page in made.items():
        (HERE / name).write_text(page, encoding="utf-8")
