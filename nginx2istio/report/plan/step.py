"""A step of the plan."""

from __future__ import annotations

from dataclasses import dataclass

from nginx2istio.report.plan.probes import Probe


@dataclass(frozen=True, slots=True)
class Step:
    """What to do and why: lines for a POSIX shell, YAML to write, requests to try.

    ``hosts`` and ``ingresses`` are those that the step is for; empty where it is for all. Each
    command is one line.
    """

    id: str
    title: str
    why: str
    commands: tuple[str, ...] = ()
    yaml: str = ""
    hosts: tuple[str, ...] = ()
    ingresses: tuple[str, ...] = ()
    tests: tuple[Probe, ...] = ()
