"""The plan as text: a script for a POSIX shell, whose steps can also be followed one by one.

Every line that is no command is a comment or stands in a here-document, so pasting any part of
it runs the commands and nothing else.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from textwrap import wrap

from nginx2istio.base.printable import printable
from nginx2istio.base.shell import shell_comment, shell_word
from nginx2istio.report.data import Data
from nginx2istio.report.formats.text import lines_of
from nginx2istio.report.words.labels import counted, some


@dataclass(frozen=True, slots=True)
class _Room:
    """What of a step is shown: hosts, their requests, commands, lines of YAML."""

    hosts: int = 4
    tests: int = 6
    commands: int = 4
    yaml: int = 25


_ALL = _Room(*[sys.maxsize] * 4)


def plan_text(report: Data, verbose: bool = False) -> str:
    """The steps with the first commands of each, or all; "" when there is nothing to apply."""
    if not report["plan"]:
        return ""
    room = _ALL if verbose else _Room()
    return lines_of(["", *_head(report["trial"], room), *_steps(report["plan"], room)])


def _head(trial: Sequence[Data], room: _Room) -> Iterator[str]:
    yield "# The cut-over, step by step, for a POSIX shell with kubectl and jq."
    yield "# zsh takes comments after: setopt interactive_comments"
    if trial:
        yield "#"
        yield "# On trial under other names:"
    for renamed in trial[: room.hosts]:
        yield shell_comment(f"   {renamed['host']} as {renamed['as']}")
    if len(trial) > room.hosts:
        yield f"#    and {len(trial) - room.hosts} more; all of them:"
        yield "jq -r '.trial[] | .host + \" as \" + .as' report.json"


def _steps(plan: Sequence[Data], room: _Room) -> Iterator[str]:
    for number, step in enumerate(plan, 1):
        yield ""
        yield shell_comment(f"{number}. {step['title']}")
        yield from _step(step, room)


def _step(step: Data, room: _Room) -> Iterator[str]:
    if step.get("why"):
        why = printable(step["why"])
        yield from (shell_comment(f"   {x}") for x in wrap(why, 94, break_on_hyphens=False))
    if step.get("ingresses"):
        yield shell_comment(f"   Ingresses: {some(step['ingresses'])}")
    commands = step.get("commands", [])
    yield from commands[: room.commands]
    if len(commands) > room.commands:
        yield f"# and {len(commands) - room.commands} more; all of them:"
        yield _all(step, ".commands[]")
    yield from _yaml(step, room.yaml)
    yield from _tests(step, room)


def _yaml(step: Data, room: int) -> Iterator[str]:
    """The YAML in a here-document: a shell prints it and runs none of it."""
    lines = step.get("yaml", "").splitlines()
    if not lines:
        return
    end = "YAML"
    while end in lines:
        end += "_"
    yield f"cat <<'{end}'"
    yield from lines[:room]
    yield end
    if len(lines) > room:
        yield f"# and {counted(len(lines) - room, 'more line')}; all of them:"
        yield _all(step, ".yaml")


def _tests(step: Data, room: _Room) -> Iterator[str]:
    tests = step.get("tests", [])
    total = sum(1 for _ in tests)
    hosts = set(step.get("hosts", [])[: room.hosts])
    shown = list(islice((test for test in tests if test["host"] in hosts), room.tests))
    for test in shown:
        if test["status"]:
            yield shell_comment(f"expected: {test['status']} {test['location']}")
        yield test["command"]
    if len(shown) < total:
        yield f"# and {counted(total - len(shown), 'more request')}; to try all of them:"
        yield f"{_all(step, '.tests[].command')} | GATEWAY=$GATEWAY sh"


def _all(step: Data, what: str) -> str:
    program = f".plan[] | select(.id == {json.dumps(step['id'])}) | {what}"
    return f"jq -r {shell_word(program)} report.json"
