"""A step of the plan."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.report.plan.checks import Check


@dataclass(frozen=True, slots=True)
class Step:
    """What to do and why: lines for a POSIX shell, YAML to write, requests to try.

    ``hosts`` and ``ingresses`` are those that the step concerns; empty where it concerns all.
    """

    id: str
    title: str
    why: str
    commands: tuple[str, ...] = ()
    yaml: str = ""
    hosts: tuple[str, ...] = ()
    ingresses: tuple[str, ...] = ()
    tests: tuple[Check, ...] = ()
