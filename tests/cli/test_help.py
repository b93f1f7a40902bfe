"""Help: sections, widths, whole sentences; manual pages that say the same; colour."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from nginx2istio.cli import COMMANDS, command_line
from nginx2istio.cli.help.man_page import man_pages
from tests.cli.test_report import INGRESS
from tests.conformance.build import find_program
from tests.conftest import needed

REPOSITORY = Path(__file__).parent.parent.parent
LINES_AS_THEY_ARE = re.compile(r"^\s*(\S.*\| )?(nginx2istio|kubectl|source|kubectl-nginx2istio) ")
CONVERT_FIRST = [
    *("--output", "--report", "--fail-on", "--verify", "--accept", "--ingress-class"),
    *("--gateway", "--compat", "--envoy-filters", "--auth-service", "--istio-version"),
]
PAGES = man_pages(command_line, "nginx2istio", "1.2.3")


def commands(
    group: click.Group = command_line, name: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield name, group
    with click.Context(group) as ctx:
        for each in group.list_commands(ctx):
            below = group.get_command(ctx, each)
            assert below is not None
            if isinstance(below, click.Group):
                yield from commands(below, (*name, each))
            else:
                yield (*name, each), below


ALL = dict(commands())
NAMES = [pytest.param(name, id=" ".join(name) or "nginx2istio") for name in ALL]


def run(*args: str, **environment: str) -> Result:
    return CliRunner().invoke(command_line, args, input=INGRESS, env=environment)


def sections(text: str) -> dict[str, list[str]]:
    """The options of each section, by their long names."""
    titled: dict[str, list[str]] = {}
    options: list[str] = []  # what stands before the first title is none of a section
    for line in text.splitlines():
        if re.fullmatch(r"[A-Z][a-z ]+:", line):
            options = titled.setdefault(line[:-1], [])
        elif match := re.match(r"  (?:-\w, )?(--[\w-]+)", line):
            options.append(match[1])
    return titled


def test_what_most_need_comes_first() -> None:
    first, *others = sections(run("convert", "--help").output).items()
    assert first == ("Main options", CONVERT_FIRST)
    assert [title for title, _ in others] == [
        *("Input", "Hosts and trials", "Gateway", "Objects", "Report", "Options")
    ]
    assert others[-1][1] == ["--help"]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_section_is_long(name: str) -> None:
    for title, options in sections(run(name, "--help").output).items():
        assert len(options) <= 14, (title, options)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("columns", [30, 40, 60, 80, 100, 200])
def test_help_fits_into_the_terminal(name: tuple[str, ...], columns: int) -> None:
    result = CliRunner().invoke(
        command_line, [*name, "--help"], prog_name="nginx2istio", env={"COLUMNS": str(columns)}
    )
    assert result.exit_code == 0
    for line in result.output.splitlines():
        is_name = re.match(r"  (-|[a-zA-Z])\S* ?\S*( \S+)?$", line) or len(line.split()) == 1
        assert len(line) <= min(columns, 100) or LINES_AS_THEY_ARE.match(line) or is_name, line


@pytest.mark.parametrize("name", NAMES)
def test_every_explanation_is_whole(name: tuple[str, ...]) -> None:
    for param in ALL[name].params:
        if isinstance(param, click.Option):
            assert param.help and re.search(r"\.(  |$)", param.help), param.opts
    for line in run(*name, "--help").output.splitlines():
        assert line.startswith("Usage: ") or not line.endswith("..."), line


@pytest.mark.parametrize("name", NAMES)
def test_the_manual_page_has_what_help_has(name: tuple[str, ...]) -> None:
    page = PAGES["-".join(("nginx2istio", *name)) + ".1"].replace("\\-", "-")
    assert page.startswith(f'.TH "{"-".join(("NGINX2ISTIO", *map(str.upper, name)))}" 1 ""')
    for param in ALL[name].params:
        for option in param.opts if isinstance(param, click.Option) else ():
            assert option in page
    help_text = run(*name, "--help").output
    titles = re.findall(r"^([A-Z][a-z ]+):$", help_text, re.M)
    assert [f".SH {title.upper()}" in page for title in titles] == [True] * len(titles)


@pytest.mark.parametrize("file", PAGES)
def test_groff_has_nothing_to_say_about_a_manual_page(file: str, tmp_path: Path) -> None:
    groff = needed(lambda: find_program("groff", "groff-base"))
    (tmp_path / file).write_text(PAGES[file], encoding="utf-8")
    command = [groff, "-man", "-Tutf8", "-P-c", "-ww", str(tmp_path / file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (result.returncode, result.stderr) == (0, "")
    assert "ALSO" in re.sub(".\b", "", result.stdout)  # a bold letter is printed twice


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")
@pytest.mark.parametrize(
    ("args", "environment", "has_colour"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        (["--color", "never"], {}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"NGINX2ISTIO_COLOR": "never"}, False),
    ],
)
def test_colour_on_a_terminal(
    args: list[str], environment: dict[str, str], has_colour: bool, tmp_path: Path
) -> None:
    (tmp_path / "ingress.yaml").write_text(INGRESS, encoding="utf-8")
    ours, theirs = os.openpty()
    base = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    base["PYTHONPATH"] = str(REPOSITORY)
    command = [sys.executable, "-m", "nginx2istio", "report", "ingress.yaml", *args]
    subprocess.run(
        command, cwd=tmp_path, env=base | environment, stdout=theirs, stderr=theirs, timeout=60
    )
    os.close(theirs)
    text = b""
    while chunk := _read(ours):
        text += chunk
    os.close(ours)
    assert b"N2I520" in text
    assert (b"\x1b[31m\x1b[1merror\x1b[0m N2I520" in text) is has_colour


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux: nothing holds the other side any more
        return b""


def test_colour_in_a_pipe() -> None:
    assert "\x1b" not in run("report", "-").output
    assert "\x1b[31m" in run("report", "-", "--color", "always").output
    assert "\x1b" not in run("report", "-", "--color", "always", "--format", "json", "-q").output
