"""The hook of pre-commit: what pre-commit itself says of it, and what it runs."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner
from ruamel.yaml import YAML

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import FINDINGS
from tests.integrations.runners import manifests
from tests.programs import ROOT

FILE = ROOT / ".pre-commit-hooks.yaml"
(HOOK,) = YAML(typ="safe").load(FILE.read_text("utf-8"))


def test_pre_commit_takes_it() -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-manifest", str(FILE)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_hook_fails_for_an_error(tmp_path: Path) -> None:
    folder = manifests(tmp_path)
    assert HOOK["args"] == ["."] and HOOK["pass_filenames"] is False
    program, *words = shlex.split(HOOK["entry"])
    assert program == "nginx2istio"
    result = CliRunner().invoke(command_line, [*words, str(folder)])
    assert result.exit_code == FINDINGS
    assert "N2I520" in result.stdout and "\ninfo " not in result.stdout
    (folder / "ingress.yaml").write_text(
        (folder / "ingress.yaml").read_text().replace("limit-rps", "app-root").replace('"5"', "/a")
    )
    assert CliRunner().invoke(command_line, [*words, str(folder)]).exit_code == 0
