"""Shells complete commands, options and their values."""

from __future__ import annotations

import os
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cli.completion import SHELLS
from tests.conformance.build import find_program
from tests.conftest import needed
from tests.programs import ROOT, program

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


INSTALLED = f"""\
PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -P -c '
import sys
from nginx2istio.__main__ import main
sys.argv[0] = "nginx2istio"
main()' "$@"
"""
BASH = """\
bind 'set enable-bracketed-paste off'; source <(nginx2istio completion bash); echo a'ready'
"""
ZSH = """\
autoload -U compinit; compinit -u; source <(nginx2istio completion zsh); echo a'ready'
"""
LINES = pytest.mark.parametrize(
    ("line", "rest"),
    [
        ("nginx2istio con", "vert"),
        ("nginx2istio convert --comp", "at"),
        ("nginx2istio convert --compat le", "an"),
        ("nginx2istio completion z", "sh"),
    ],
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    program(tmp_path / "programs" / "nginx2istio", INSTALLED)
    path = f"{tmp_path / 'programs'}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "> "}


@LINES
def test_fish_completes_what_is_typed(line: str, rest: str, environment: dict[str, str]) -> None:
    run = subprocess.run(
        [
            *(needed(lambda: find_program("fish", "fish")), "-c"),
            f"nginx2istio completion fish | source; complete --do-complete '{line}'",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stderr == ""
    # A description follows a tabulator.
    assert [each.split("\t")[0] for each in run.stdout.splitlines()] == [line.split()[-1] + rest]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
@LINES
@pytest.mark.parametrize(
    ("shell", "options", "script"),
    [("bash", ("--norc", "--noprofile"), BASH), ("zsh", ("-f",), ZSH)],
)
def test_a_shell_completes_what_is_typed(
    shell: str,
    options: tuple[str, ...],
    script: str,
    line: str,
    rest: str,
    environment: dict[str, str],
) -> None:
    """The tabulator is pressed, and the rest of the word appears."""
    import pty  # not on Windows

    path = needed(lambda: find_program(shell, shell))
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [path, *options, "-i"],
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            os.write(ours, script.encode())
            await_text(ours, "aready")
            os.write(ours, f"{line}\t".encode())
            await_text(ours, line + rest)
        finally:
            process.kill()
            os.close(ours)


def await_text(terminal: int, text: str) -> None:
    """Reads what appears on a terminal until it has a text, apart from bells."""
    appeared = ""
    while text not in appeared.replace("\a", ""):
        if not select.select([terminal], [], [], 60)[0]:
            pytest.fail(f"{text!r} did not appear: {appeared!r}")
        appeared += os.read(terminal, 4096).decode(errors="replace")


def test_another_shell_is_refused_with_the_list() -> None:
    result = CliRunner().invoke(command_line, ["completion", "tcsh"])
    assert result.exit_code == 2
    assert "bash" in result.output
