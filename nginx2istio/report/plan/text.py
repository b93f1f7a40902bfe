"""The plan as text: a script for a POSIX shell, whose steps can also be followed one by one.

Every line that is no command is a comment or stands in a here-document, so pasting any part of
it runs the commands and nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from textwrap import wrap

from nginx2istio.base.printable import printable
from nginx2istio.base.shell import shell_comment, shell_word
from nginx2istio.report.data import Data
from nginx2istio.report.formats.text import lines_of
from nginx2istio.report.words.labels import some

_SHOWN = 10
"""Hosts whose requests are shown, and commands of a step; the JSON report has all."""
_YAML_LINES = 60
"""Lines of YAML that are shown."""


def plan_text(report: Data) -> str:
    """The steps; "" when there is nothing to apply."""
    if not report["plan"]:
        return ""
    return lines_of(["", *_head(report["trial"]), *_steps(report["plan"])])


def _head(trial: Sequence[Data]) -> Iterator[str]:
    yield "# The cut-over, step by step, for a POSIX shell with kubectl and jq."
    yield "# zsh takes comments after: setopt interactive_comments"
    if trial:
        yield "#"
        yield "# On trial under other names:"
    for renamed in trial[:_SHOWN]:
        yield shell_comment(f"   {renamed['host']} as {renamed['as']}")
    if len(trial) > _SHOWN:
        yield f"#    and {len(trial) - _SHOWN} more; all of them:"
        yield "jq -r '.trial[] | .host + \" as \" + .as' report.json"


def _steps(plan: Sequence[Data]) -> Iterator[str]:
    for number, step in enumerate(plan, 1):
        yield ""
        yield shell_comment(f"{number}. {step['title']}")
        yield from _step(step)


def _step(step: Data) -> Iterator[str]:
    if step.get("why"):
        why = printable(step["why"])
        yield from (shell_comment(f"   {x}") for x in wrap(why, 94, break_on_hyphens=False))
    if step.get("ingresses"):
        yield shell_comment(f"   Ingresses: {some(step['ingresses'])}")
    commands = step.get("commands", [])
    yield from commands[:_SHOWN]
    if len(commands) > _SHOWN:
        yield f"# and {len(commands) - _SHOWN} more; all of them:"
        yield _all(step, ".commands[]")
    yield from _yaml(step)
    yield from _tests(step)


def _yaml(step: Data) -> Iterator[str]:
    """The YAML in a here-document: a shell prints it and runs none of it."""
    lines = step.get("yaml", "").splitlines()
    if not lines:
        return
    end = "YAML"
    while end in lines:
        end += "_"
    yield f"cat <<'{end}'"
    yield from lines[:_YAML_LINES]
    yield end
    if len(lines) > _YAML_LINES:
        yield f"# and {len(lines) - _YAML_LINES} more lines; all of them:"
        yield _all(step, ".yaml")


def _tests(step: Data) -> Iterator[str]:
    tests = step.get("tests", [])
    hosts = step.get("hosts", [])
    shown = set(hosts[:_SHOWN])
    for test in tests:
        if test["host"] in shown:
            if test["status"]:
                yield shell_comment(f"expected: {test['status']} {test['location']}")
            yield test["command"]
    if len(hosts) > _SHOWN and tests:
        yield f"# and {len(hosts) - _SHOWN} more hosts; to try all of them:"
        yield f"{_all(step, '.tests[].command')} | GATEWAY=$GATEWAY sh"


def _all(step: Data, what: str) -> str:
    program = f".plan[] | select(.id == {json.dumps(step['id'])}) | {what}"
    return f"jq -r {shell_word(program)} report.json"
