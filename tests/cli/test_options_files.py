"""Hostile files and values of options: exit 2, a clear text that can be printed, no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line

from .test_convert import GOOD

ENTRY = (
    "accepted:\n- {{code: {code}, severity: error, object: a, key: k, value: v, hosts: [a],"
    " paths: [b], reason: {reason}, expires: {expires}}}\n"
)
FILES = {
    "binary": bytes(range(256)) * 8,
    "not UTF-8": b"accepted: [\xff]\n",
    "not UTF-16": b"\xff\xfe\x00",
    "control": b"accepted: [\x1b[31m]\n",
    "deep": b"accepted: " + b"[" * 20_000,
    "tag of Python": b"accepted: !!python/object/apply:os.system [x]\n",
    "mapping as code": ENTRY.format(code="{}", reason="ok", expires="2027-01-01").encode(),
    "list as reason": ENTRY.format(code="N", reason="[a]", expires="2027-01-01").encode(),
    "no day": ENTRY.format(code="N", reason="ok", expires='"\\e[31m"').encode(),
    "unknown day": ENTRY.format(code="N", reason="ok", expires="2027-13-01").encode(),
    "alias of itself": b"accepted: &a\n- *a\n",
    "bomb": b"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a]\nc: [*b,*b,*b]\naccepted: [*b]\n",
    "twice": b"accepted: []\naccepted: []\n",
    "two documents": b"accepted: []\n---\naccepted: []\n",
    "empty": b"",
    "huge": b"#" * (16 * 2**20 + 1),
}


@pytest.mark.parametrize(
    "option", ["--accept", "--accept-all", "--host-map", "--controller-config"]
)
@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_of_an_option_is_usage(tmp_path: Path, option: str, name: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(FILES[name])
    result = CliRunner().invoke(command_line, ["convert", "-", option, str(file)], input=GOOD)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", result.stderr)
    assert len(result.stderr) < 1000
    assert file.read_bytes() == FILES[name]


@pytest.mark.parametrize("option", ["--accept", "--host-map"])
def test_files_of_windows_are_read(tmp_path: Path, option: str) -> None:
    text = {"--accept": "accepted: []", "--host-map": "shop.example.com=a.test"}[option]
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbf" + text.encode() + b"\r\n")
    result = CliRunner().invoke(
        command_line, ["convert", "-", option, str(tmp_path / "file"), "-q"], input=GOOD
    )
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["{}"],
        ["convert", "{}"],
        ["convert", "-", "-o", "{}"],
        ["convert", "-", "--report", "{}.foo"],
        ["convert", "-", "--rules", "{}"],
        ["convert", "-", "--accept", "no{}"],
        ["convert", "-", "--controller-config", "{}"],
        ["convert", "-", "--gateway-namespace", "{}"],
        ["convert", "-", "--gateway-selector", "{}"],
        ["convert", "-", "--host-suffix", "{}"],
        ["diff", "{}", "--against", "{}"],
    ],
)
def test_what_the_user_types_is_printed_safely(tmp_path: Path, arguments: list[str]) -> None:
    name = "a\x1b[31m\x9b\u202e.yaml"
    (tmp_path / name).write_text("kind: [\n")
    result = subprocess.run(
        [sys.executable, "-m", "nginx2istio", *(a.format(name) for a in arguments)],
        cwd=tmp_path,
        input=GOOD,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert result.returncode in (2, 3), result.stderr
    assert "Traceback" not in result.stderr
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", result.stderr), result.stderr
