"""Exit codes, and streams that are closed or full: a clear end, no traceback."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line, exits, rules
from nginx2istio.cli.exits import EXIT_CODES, UNREAD, UNWRITTEN, USAGE
from nginx2istio.cli.options import judging
from nginx2istio.cli.report_files import FORMATS
from nginx2istio.report.words.labels import SEVERITIES
from nginx2istio.rule.describe import KINDS
from tests.cli.test_convert import GOOD

REPOSITORY = Path(__file__).parent.parent.parent
RUN = f"{sys.executable} -m nginx2istio"


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command in bash; RUN stands for nginx2istio. The exit code is of the first part."""
    (folder / "good.yaml").write_text(GOOD, "utf-8")
    text = f"{command.replace('RUN', RUN)}; exit ${{PIPESTATUS[0]}}"
    return subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    ("command", "code", "text"),
    [
        ("RUN convert good.yaml -q > /dev/full", UNWRITTEN, "No space left on device"),
        ("RUN report good.yaml > /dev/full", UNWRITTEN, "No space left on device"),
        ("RUN rules list > /dev/full", UNWRITTEN, "No space left on device"),
        ("RUN --help > /dev/full", UNWRITTEN, "No space left on device"),
        ("RUN convert good.yaml -q >&-", UNWRITTEN, "Bad file descriptor"),
        ("RUN convert - -q <&-", UNREAD, "standard input cannot be read"),
        ("RUN convert good.yaml -q 2>&- > out.yaml", 0, ""),
        ("RUN convert good.yaml -o out <&- >&- 2>&-", 0, ""),
        ("RUN convert missing.yaml 2>/dev/full", UNWRITTEN, ""),
        ("(sleep 0.2; RUN convert good.yaml -q) | true", 141, ""),
        ("(sleep 0.2; RUN --help) | true", 141, ""),
        ("RUN convert good.yaml -o good.yaml", USAGE, "good.yaml is not a folder"),
        ("RUN convert good.yaml -o -", USAGE, "leave -o out to write to stdout"),
        ("RUN convert good.yaml -o good.yaml/x", USAGE, "can't be written"),
        ("RUN convert good.yaml -o /proc/x", USAGE, "can't be written"),
        ("RUN convert good.yaml --report good.yaml/x.json", USAGE, "can't be written"),
        ("RUN convert missing.yaml -q", UNREAD, "not read: missing.yaml"),
        ("RUN convert good.yaml -q --fail-on info", 1, "findings: "),
        ("RUN convrt", USAGE, "Did you mean convert?"),
    ],
)
def test_the_end_is_clear(tmp_path: Path, command: str, code: int, text: str) -> None:
    result = shell(command, tmp_path)
    assert result.returncode == code, result.stderr
    assert text in result.stderr
    assert "Traceback" not in result.stderr and "Exception ignored" not in result.stderr


def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o555)
    # Root may write anywhere, unless it gives up this right.
    without = "setpriv --bounding-set=-dac_override " if os.geteuid() == 0 else ""
    result = shell(f"{without}RUN convert good.yaml -o locked/out", tmp_path)
    assert result.returncode == USAGE, result.stderr
    assert "Permission denied" in result.stderr


def test_a_wrong_input_path_deletes_nothing(tmp_path: Path) -> None:
    assert shell("RUN convert good.yaml -o out -q", tmp_path).returncode == 0
    before = {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()}
    (tmp_path / "broken.yaml").write_text("a: [b\n", "utf-8")
    (tmp_path / "services.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: 80}]}\n", "utf-8"
    )
    for path, code in (("nope/", UNREAD), ("broken.yaml", UNREAD), ("services.yaml", USAGE)):
        result = shell(f"RUN convert {path} -o out -q", tmp_path)
        assert result.returncode == code, path
        assert "keeps its" in result.stderr
        assert {p: p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()} == before


def test_the_help_has_every_code() -> None:
    text = CliRunner().invoke(command_line, ["--help"]).output
    table = text[text.index("Exit codes:") :]
    assert [int(code) for code in re.findall(r"^  (\d+) ", table, re.M)] == list(EXIT_CODES)


def test_every_code_is_in_the_table() -> None:
    codes = [value for name, value in vars(exits).items() if name.isupper() and name[0] != "_"]
    assert sorted(value for value in codes if isinstance(value, int)) == list(EXIT_CODES)


def test_no_other_code_is_used() -> None:
    """Commands exit by these constants: no number stands in ``sys.exit`` but in ``__main__``."""
    for path in (REPOSITORY / "nginx2istio" / "cli").rglob("*.py"):
        assert not re.search(r"(sys\.exit|ctx\.exit|exit_code =) ?\(?[0-9]", path.read_text()), path


def test_the_page_has_every_code() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    for code, text in EXIT_CODES.items():
        assert f"| {code} | {text} |" in page


def test_names_that_are_known_without_an_import() -> None:
    assert tuple(KINDS) == rules.KIND_NAMES
    assert tuple(FORMATS) == judging.REPORT_SUFFIXES
    assert ("unannounced", *SEVERITIES, "never") == judging.FAIL_ON


def test_input_without_an_ingress_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(GOOD.partition("---")[0].replace("Ingress", "Other"))
    result = CliRunner().invoke(command_line, ["convert", str(tmp_path / "service.yaml")])
    assert "nothing to convert: no Ingress of this controller was read" in result.stderr
    assert "ready" not in result.stderr


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (
            "RUN convert goud.yaml",
            "goud.yaml: this file cannot be read (no such file or directory)."
            " Did you mean good.yaml?",
        ),
        ("RUN convert good.yaml --accept god.yaml", "Did you mean good.yaml?"),
        ("RUN convert good.yaml --config ./god.yaml", "Did you mean good.yaml?"),
        ("RUN diff good.yaml --against ./goof.yaml", "Did you mean ./good.yaml?"),
        ("RUN rules show N2I30O", "there is no code N2I30O. Did you mean N2I30"),
        ("RUN rules show limit-rp", "Did you mean limit-rps"),
        ("RUN convert good.yaml -o one -o two", "objects go to one folder, not to one and two"),
        ("RUN report good.yaml -o a.md -o b.md --format md", "--format is the form of one report"),
        ("RUN report good.yaml -o a.pdf", "a.pdf: say by --format which of"),
        ("RUN report good.yaml -o no/a.md/x.md -o good.yaml/x.md", "can't be written"),
        ("RUN report good.yaml -o -", "nginx2istio report alone writes a report to stdout"),
        ("RUN convert good.yaml --report -", "nginx2istio report alone writes a report to stdout"),
    ],
)
def test_the_error_says_what_was_meant(tmp_path: Path, command: str, text: str) -> None:
    result = shell(command, tmp_path)
    assert result.returncode in (UNREAD, USAGE)
    assert text in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["good.yaml"]
