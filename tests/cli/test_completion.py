"""Shells complete commands, options and their values."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cli.completion import SHELLS

ASK = "from nginx2istio.cli import command_line; command_line(prog_name='nginx2istio')"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_asks_the_command_for_completions(shell: str) -> None:
    result = CliRunner().invoke(command_line, ["completion", shell], prog_name="nginx2istio")
    assert result.exit_code == 0, result.output
    assert f"_NGINX2ISTIO_COMPLETE={shell}_complete" in result.output


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("nginx2istio con", "convert"),
        ("nginx2istio convert --comp", "--compat"),
        ("nginx2istio convert --compat le", "lean"),
        ("nginx2istio completion z", "zsh"),
    ],
)
def test_bash_gets_what_fits(words: str, expected: str) -> None:
    environment = os.environ | {
        "_NGINX2ISTIO_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
    }
    run = subprocess.run(
        [sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stderr
    assert expected in [line.partition(",")[2] for line in run.stdout.splitlines()]


def test_bash_runs_the_script() -> None:
    script = (
        CliRunner().invoke(command_line, ["completion", "bash"], prog_name="nginx2istio").output
    )
    run = subprocess.run(
        ["bash", "-c", f"{script}\ncomplete -p nginx2istio"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.rstrip().endswith("nginx2istio")


def test_another_shell_is_refused_with_the_list() -> None:
    result = CliRunner().invoke(command_line, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "bash" in result.output
