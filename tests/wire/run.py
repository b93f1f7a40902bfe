"""All probes on all sides."""

from __future__ import annotations

import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nginx2istio.verify.judged.difference import Difference

from ..conformance.parts import Parts
from ..conformance.ports import own_address
from ..conformance.records import Exchange
from ..nginx.local_nginx import NGINX
from .compare import announcing, ask, differences
from .pod import Pod
from .probes import PROBES, Probe
from .sides import gateway_side, nginx_side

ALL = [(group, probe) for group, probes in PROBES.items() for probe in probes]
MODES = {"with": True, "without": False}


@dataclass(slots=True)
class Outcome:
    """A probe, nginx's answer, and by mode what differs with the codes that announce it."""

    group: str
    probe: Probe
    nginx: Exchange
    differences: dict[str, list[tuple[Difference, list[str]]]] = field(default_factory=dict)


def nginx_version() -> str:
    """The version of this machine's nginx."""
    assert NGINX
    ran = subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True)
    return ran.stderr.strip().rpartition("/")[2]


def outcomes(parts: Parts) -> list[Outcome]:
    """Every probe's outcome, in order; the sides are asked side by side."""
    own = own_address()
    with ThreadPoolExecutor() as pool:
        sides = {mode: pool.submit(_gateway, parts, own, on) for mode, on in MODES.items()}
        nginx = _nginx(own)
        gateways = {mode: side.result() for mode, side in sides.items()}
    results = []
    for number, (group, probe) in enumerate(ALL):
        outcome = Outcome(group, probe, nginx[number])
        for mode, (exchanges, findings) in gateways.items():
            outcome.differences[mode] = [
                (unlike, announcing(unlike, outcome.nginx, findings))
                for unlike in differences(outcome.nginx, exchanges[number])
            ]
        results.append(outcome)
    return results


def _nginx(own: str) -> list[Exchange]:
    with (
        closing(Pod()) as pod,
        tempfile.TemporaryDirectory() as folder,
        nginx_side(Path(folder), pod) as port,
    ):
        return [ask(port, pod, probe, own) for _, probe in ALL]


def _gateway(
    parts: Parts, own: str, envoy_filters: bool
) -> tuple[list[Exchange], list[dict[str, Any]]]:
    with closing(Pod()) as pod, gateway_side(parts, pod, envoy_filters) as (port, findings):
        return [ask(port, pod, probe, own) for _, probe in ALL], findings
