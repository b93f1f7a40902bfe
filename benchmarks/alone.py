"""Measurements in a process of their own, so that memory is theirs alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def alone(module: str, *arguments: str) -> dict[str, float]:
    """The figures that ``python -m MODULE --one ARGUMENTS`` prints as JSON."""
    command = [sys.executable, "-m", module, "--one", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
