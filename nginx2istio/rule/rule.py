"""A rule, and the decorator that makes one of a generator."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from nginx2istio.bridge.place import Place
from nginx2istio.istio.edits import Edit
from nginx2istio.rule.message import Finding

Scope = Literal["server", "location", "proxied", "upstream", "conversion"]
When = Literal["annotated", "configured", "always"]
Translate = Callable[[Place], Iterable[Edit | Finding]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: the keys that it alone answers for, where it runs, and its function.

    ``reads`` are keys of other rules that it may look at. ``at`` is where it runs: at each
    "location"; at each "proxied" location, that is, one that sends requests to an upstream; once a
    "server"; once an "upstream" of a location, whose settings the place then has, canaries'
    included; or once a "conversion".

    ``when`` "annotated" runs it where an annotation sets one of its keys; "configured" also where
    the host or the controller's ConfigMap sets one of its keys or of those it reads; "always"
    everywhere, for rules whose defaults matter. ``protects`` marks a rule that denies
    clients: where it fails, the location answers 503. ``unless`` is a ConfigMap key with a list of
    paths: the rule does not run at a location whose path begins with one of them.
    """

    name: str
    keys: tuple[str, ...]
    at: Scope
    when: When
    reads: tuple[str, ...]
    translate: Translate
    doc: str
    source: str = ""
    protects: bool = False
    unless: str = ""


def rule(
    *keys: str,
    at: Scope = "location",
    when: When = "annotated",
    reads: str | tuple[str, ...] = (),
    protects: bool = False,
    unless: str = "",
) -> Callable[[Translate], Rule]:
    """Makes a generator function the rule that owns ``keys``; see ``Rule`` for the rest."""

    def decorate(function: Translate) -> Rule:
        return Rule(
            function.__name__.strip("_").replace("_", "-"),
            keys,
            at,
            when,
            (reads,) if isinstance(reads, str) else reads,
            function,
            function.__doc__ or "",
            function.__module__,
            protects,
            unless,
        )

    return decorate
