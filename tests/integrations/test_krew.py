"""The plugin for krew: checked and installed by krew itself, run with uv and with pipx."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

from tests.conformance.build import build
from tests.conftest import needed
from tests.integrations.runners import NOTE, bash
from tests.programs import ROOT, program

MODULE = Path(__file__).parent / "krew"
spec = importlib.util.spec_from_file_location("release", ROOT / "integrations/krew/release.py")
assert spec is not None and spec.loader is not None
krew = importlib.util.module_from_spec(spec)
spec.loader.exec_module(krew)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder with the archive and the manifest."""
    folder = tmp_path / "release"
    folder.mkdir()
    krew.release("https://git.example.com/nginx2istio/", folder)
    return folder


def test_the_validator_of_krews_index_takes_the_manifest(release: Path) -> None:
    validator = needed(lambda: build(MODULE, "sigs.k8s.io/krew/cmd/validate-krew-manifest"))
    command = [str(validator), "-manifest", str(release / "nginx2istio.yaml"), "-skip-install"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    assert "structural validation OK" in run.stderr


@pytest.mark.parametrize("runner", ["uvx", "pipx"])
def test_krew_installs_it(release: Path, tmp_path: Path, runner: str) -> None:
    binary = needed(lambda: build(MODULE, "sigs.k8s.io/krew/cmd/krew"))
    root, programs = tmp_path / "root", tmp_path / "programs"
    archive = release / "kubectl-nginx2istio.tar.gz"
    install = f"{binary} install --manifest={release}/nginx2istio.yaml --archive={archive}"
    run = bash(install, tmp_path, programs, {"KREW_ROOT": str(root)})
    assert run.returncode == 0, run.stderr
    assert list((root / "store").rglob("LICENSE"))

    plugin, calls = root / "bin" / "kubectl-nginx2istio", tmp_path / "calls"
    only = {"PATH": f"{programs}:/usr/bin:/bin", "CALLS": str(calls)}
    missing = bash(f"{plugin} scan -A", tmp_path, programs, only)
    assert (missing.returncode, missing.stderr.count("needs uv or pipx")) == (2, 1)
    program(programs / runner, NOTE)
    assert bash(f"{plugin} scan -A", tmp_path, programs, only).returncode == 0
    first, *words = calls.read_text().split()
    assert first == runner and words[-3:] == ["kubectl-nginx2istio", "scan", "-A"]
    assert any(word.startswith("nginx2istio==") for word in words)


def test_a_release_is_the_same_bytes_each_time(release: Path) -> None:
    before = [path.read_bytes() for path in sorted(release.iterdir())]
    krew.release("https://git.example.com/nginx2istio", release)
    assert before == [path.read_bytes() for path in sorted(release.iterdir())]
    assert "@" not in (release / "nginx2istio.yaml").read_text()
