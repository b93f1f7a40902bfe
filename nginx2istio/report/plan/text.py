"""The plan as text: steps with their commands, in an order that can be followed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

Data = Mapping[str, Any]
SHOWN = 10
"""Hosts whose requests are shown, and commands of a step; the JSON report has all."""
LINES = 60
"""Lines of YAML that are shown."""


def plan_text(report: Data) -> str:
    """The steps; "" when there is nothing to apply."""
    if not report["plan"]:
        return ""
    head = ["", "the way over, step by step (commands are for a POSIX shell with kubectl and jq):"]
    lines = [*head, *_names(report["trial"])]
    for number, step in enumerate(report["plan"], 1):
        lines += ["", f"{number}. {step['title']}", *_step(step)]
    return "\n".join(lines) + "\n"


def _names(trial: Sequence[Data]) -> Iterator[str]:
    if trial:
        yield ""
        yield "on trial under other names:"
    for one in trial[:SHOWN]:
        yield f"   {one['host']} as {one['as']}"
    if len(trial) > SHOWN:
        yield f"   # and {len(trial) - SHOWN} more; all of them:"
        yield "   jq -r '.trial[] | .host + \" as \" + .as' report.json"


def _step(step: Data) -> Iterator[str]:
    if step.get("why"):
        yield from (f"   {line}" for line in wrap(step["why"], 97, break_on_hyphens=False))
    if step.get("ingresses"):
        yield f"   Ingresses: {_some(step['ingresses'])}"
    commands = step.get("commands", [])
    yield from (f"     {line}" for command in commands[:SHOWN] for line in command.splitlines())
    if len(commands) > SHOWN:
        yield f"     # and {len(commands) - SHOWN} more; all of them:"
        yield f"     {_all(step, '.commands[]')}"
    yaml = step.get("yaml", "").splitlines()
    yield from (f"     {line}" for line in yaml[:LINES])
    if len(yaml) > LINES:
        yield f"     # and {len(yaml) - LINES} more lines; all of them:"
        yield f"     {_all(step, '.yaml')}"
    tests = step.get("tests", [])
    hosts = step.get("hosts", [])
    for test in tests:
        if test["host"] in hosts[:SHOWN]:
            yield f"     {test['command']}{_expected(test)}"
    if len(hosts) > SHOWN and tests:
        yield f"     # and {len(hosts) - SHOWN} more hosts; to try all of them:"
        yield f"     {_all(step, '.tests[].command')} | GATEWAY=$GATEWAY sh"


def _expected(test: Data) -> str:
    return f"  # {test['status']} {test['location']}".rstrip() if test["status"] else ""


def _all(step: Data, what: str) -> str:
    return f"jq -r '.plan[] | select(.id == \"{step['id']}\") | {what}' report.json"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
