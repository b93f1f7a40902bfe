"""Programs of lines of sh: nginx2istio as if it were installed, and what stands in for others."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
NGINX2ISTIO = (
    f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m nginx2istio "$@"'
)


def program(path: Path, *lines: str) -> None:
    """Makes a program of lines of sh."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("#!/bin/sh", *lines, "")), encoding="utf-8")
    path.chmod(0o755)
