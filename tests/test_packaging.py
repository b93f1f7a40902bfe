"""Lock files are up to date; the Containerfile builds what the Job needs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nginx2istio.cluster.job import USER
from tests import lock
from tests.conformance.build import Missing
from tests.conftest import needed

ROOT = Path(__file__).parent.parent
CONTAINERFILE = (ROOT / "Containerfile").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_locks_are_up_to_date(tmp_path: Path) -> None:
    """What is locked stays, so only a change of pyproject.toml makes a difference."""
    for name in lock.LOCKS:
        shutil.copy(ROOT / "requirements" / name, tmp_path)
    lock.write(tmp_path)
    for name in lock.LOCKS:
        ours = (ROOT / "requirements" / name).read_text("utf-8")
        assert ours == (tmp_path / name).read_text("utf-8"), "run python -m tests.lock"


def test_a_lock_is_not_up_to_date(tmp_path: Path) -> None:
    """The check above can fail: a package that is gone from a lock comes back."""
    text = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    without = re.sub(r"(?m)^click==[^\n]*\n(    --hash[^\n]*\n)+", "", text)
    assert without != text
    (tmp_path / "runtime.txt").write_text(without, "utf-8")
    shutil.copy(ROOT / "requirements" / "ci.txt", tmp_path)
    lock.write(tmp_path)
    assert "\nclick==" in (tmp_path / "runtime.txt").read_text("utf-8")


@pytest.mark.parametrize("name", lock.LOCKS)
def test_a_lock_names_hashes_and_no_host(name: str) -> None:
    lines = (ROOT / "requirements" / name).read_text("utf-8").splitlines()
    names = [line for line in lines if re.match(r"[a-z]", line)]
    assert all(re.match(r"[\w.-]+==\S+( ; .*)? \\$", line) for line in names)
    assert not [line for line in lines if "://" in line or line.startswith("--")]
    project = PROJECT["project"]
    required = {re.split(r"[^\w.-]", each)[0] for each in project["dependencies"]}
    locked = {re.sub(r"[._]", "-", line.partition("==")[0]) for line in names}
    assert {re.sub(r"[._]", "-", each) for each in required} <= locked


def hadolint() -> Path:
    program = Path(sys.executable).with_name("hadolint")
    if not program.exists():
        raise Missing("hadolint is not installed (dependency group test, on Linux)")
    return program


def test_hadolint_has_nothing_to_say() -> None:
    command = [str(needed(hadolint)), "--failure-threshold", "style", str(ROOT / "Containerfile")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout) == (0, "")


def test_the_image_is_of_two_stages_and_has_the_user_of_the_job() -> None:
    assert len(re.findall(r"(?m)^FROM ", CONTAINERFILE)) == 2
    last = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM ") :]
    assert f"\nUSER {USER}:{USER}\n" in last
    assert "RUN" not in last


COPIED = [
    source
    for line in re.findall(r"(?m)^COPY (?!--from)(.*)$", CONTAINERFILE)
    for source in line.split()[:-1]
]


def test_all_that_is_copied_is_let_through() -> None:
    ignore = (ROOT / ".containerignore").read_text("utf-8").splitlines()
    for source in COPIED:
        assert (ROOT / source).exists()
        assert f"!{source.split('/')[0]}" in ignore


def test_all_that_the_wheel_takes_is_copied() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= set(COPIED)
