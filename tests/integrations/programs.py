"""Programs that stand in for those of another machine, and files of manifests."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cli.test_report import INGRESS

ROOT = Path(__file__).parents[2]
NGINX2ISTIO = (
    f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m nginx2istio "$@"'
)
NOTE = 'printf "%s\\n" "$(basename "$0") $*" >>"$CALLS"'
"""A line of sh that notes how a program was called."""


def program(path: Path, *lines: str) -> None:
    """Makes a program of lines of sh."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)


def bash(
    script: str, folder: Path, programs: Path, variables: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Runs a script as runners do: the first command that fails ends it."""
    environment = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def manifests(folder: Path) -> Path:
    """A folder whose Ingress has a finding that is an error, on line 7."""
    (folder / "my manifests").mkdir()
    (folder / "my manifests" / "ingress.yaml").write_text(INGRESS, encoding="utf-8")
    return folder / "my manifests"
