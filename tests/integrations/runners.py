"""What runners on another machine do: scripts, noted calls, files of manifests."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cli.test_report import INGRESS

NOTE = 'printf "%s\\n" "$(basename "$0") $*" >>"$CALLS"'
"""A line of sh that notes how a program was called."""


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
