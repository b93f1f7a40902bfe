"""Writes the lock files of pyproject.toml: ``python -m tests.lock [--upgrade]``.

Releases stay what they are until --upgrade, or until pyproject.toml asks for others.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCKS = {"runtime.txt": (), "ci.txt": ("--group", "dev")}
"""Files below requirements/, and of which dependencies beside the package's own they are."""


def write(folder: Path, more: Sequence[str] = ()) -> None:
    """Brings the files in ``folder`` up to date: all platforms, each file by its hashes."""
    for name, group in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", *group, "-q"]
        command += ["--universal", "--python-version=3.11", "--generate-hashes", "--no-annotate"]
        command += ["--custom-compile-command=python -m tests.lock", *more]
        subprocess.run(
            [*command, "-o", str(folder / name)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )


if __name__ == "__main__":
    write(ROOT / "requirements", sys.argv[1:])
