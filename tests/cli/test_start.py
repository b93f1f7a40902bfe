"""What help and version import: nothing that converts."""

from __future__ import annotations

import subprocess
import sys

import pytest

from nginx2istio.cli import COMMANDS

SLOW = ("kubernetes", "deepdiff", "rich", "jinja2", "cryptography", "ruamel", "re2", "crossplane")
OURS = ("nginx2istio.api", "nginx2istio.convert", "nginx2istio.rule", "nginx2istio.rules")
CODE = """
import sys
from nginx2istio.cli import command_line
try:
    command_line(sys.argv[1:])
finally:
    print("imported", *sys.modules, file=sys.stderr)
"""
HELPS = [["--help"], ["--version"], *([name, "--help"] for name in COMMANDS)]


@pytest.mark.parametrize(
    "args", [*HELPS, ["rules", "list", "--help"], ["rules", "show", "--help"]], ids=" ".join
)
def test_help_imports_no_library_of_the_work(args: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE, *args], capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    modules = set(run.stderr[run.stderr.index("imported") :].split())
    assert "nginx2istio.cli" in modules
    assert not modules & {*SLOW, *OURS}
