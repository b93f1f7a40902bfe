"""What is wrong with a rule or a message as it is written, in words for its author."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from string import Formatter
from typing import get_args

from nginx2istio.rule.message import Aspect, Message, Severity
from nginx2istio.rule.no_rule import Fate
from nginx2istio.rule.rule import Rule, Scope, When

OWN_PREFIX = "N2I"
"""The codes of nginx2istio's own messages begin with it."""
_CODE = re.compile(r"[A-Z][A-Z0-9]*[0-9]{3}")


def rule_problems(rule: Rule) -> Iterator[str]:
    """What the engine does not understand of a rule."""
    yield from _unknown(f"the rule {rule.name}: at", rule.at, get_args(Scope))
    yield from _unknown(f"the rule {rule.name}: when", rule.when, get_args(When))


def message_problems(message: Message, builtin: bool) -> Iterator[str]:
    """What the report does not understand of a message; ``builtin``: it is nginx2istio's own."""
    code = message.code
    if not _CODE.fullmatch(code):
        yield f"the code {code!r} is not capital letters and three digits, such as ACME001"
    elif code.startswith(OWN_PREFIX) and not builtin:
        yield f"the codes {OWN_PREFIX}... are nginx2istio's own; write a prefix of yours, ACME001"
    yield from _unknown(f"the message {code}: fate", message.fate, get_args(Fate))
    yield from _unknown(f"the message {code}: severity", message.severity, get_args(Severity))
    for aspect in sorted(message.aspects):
        yield from _unknown(f"the message {code}: aspect", aspect, get_args(Aspect))
    for template in (message.text, message.to_do):
        try:
            list(Formatter().parse(template))
        except ValueError as error:
            yield f"the message {code}: {template!r} is no template ({error})"


def nearest_hint(name: str, names: Iterable[str]) -> str:
    """A clause that names the nearest of ``names``, "" when none is near."""
    matches = get_close_matches(name, sorted(names), n=1)
    return f"; the nearest name is {matches[0]}" if matches else ""


def _unknown(what: str, value: str, values: tuple[str, ...]) -> Iterator[str]:
    if value not in values:
        hint = nearest_hint(value, values) or f"; write one of {', '.join(values)}"
        yield f"{what} {value!r} is not known{hint}"
