"""Building Go helpers: cached by content, honest about what is missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from .build import KEPT, BuildError, Missing, build
from .parts import find_envoy

FAKE_GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version $GO_VERSION"; exit 0; fi
echo built >> "$BUILDS"
if [ -n "$GO_FAILS" ]; then echo "$GO_FAILS" >&2; exit 1; fi
while [ "$1" != -o ]; do shift; done
echo "#!/bin/sh" > "$2"
"""


@pytest.fixture
def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module of Go sources, a go that only notes its calls, and a cache of its own."""
    folder = tmp_path / "helper"
    folder.mkdir()
    (folder / "go.mod").write_text("module helper\n")
    (folder / "main.go").write_text("package main\n")
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "go").write_text(FAKE_GO)
    (tools / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("GO_VERSION", "go1.0")
    monkeypatch.delenv("GO_FAILS", raising=False)
    return folder


@pytest.fixture
def builds(tmp_path: Path) -> Callable[[], int]:
    return lambda: (tmp_path / "builds").read_text().count("built")


def test_built_once(helper: Path, builds: Callable[[], int], tmp_path: Path) -> None:
    first = build(helper)
    assert first.is_file() and first.name == "helper"
    assert first.is_relative_to(tmp_path / "cache" / "nginx2istio")
    assert build(helper) == first
    assert builds() == 1


def test_built_anew_when_something_changes(
    helper: Path, builds: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    binaries = {build(helper)}
    (helper / "main_test.go").write_text("package main\n")
    (helper / "README.md").write_text("words\n")
    assert {build(helper)} == binaries, "neither tests nor words are in a binary"
    (helper / "main.go").write_text("package main // other\n")
    binaries.add(build(helper))
    monkeypatch.setenv("GO_VERSION", "go2.0")
    binaries.add(build(helper))
    binaries.add(build(helper, ldflags="-s"))
    assert (len(binaries), builds()) == (4, 4)


def test_old_builds_go(helper: Path) -> None:
    for n in range(KEPT + 2):
        (helper / "main.go").write_text(f"package main // {n}\n")
        cache = build(helper).parents[1]
    assert len([path for path in cache.iterdir() if path.is_dir()]) == KEPT


def test_packages_of_one_module(helper: Path) -> None:
    (helper / "cmd" / "server").mkdir(parents=True)
    assert build(helper, "./cmd/server").name == "server"


def test_own_mistake_is_no_reason_to_skip(helper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO_FAILS", "./main.go:3: undefined: x")
    with pytest.raises(BuildError, match="undefined: x"):
        build(helper)


def test_no_way_to_the_modules(helper: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GO_FAILS", "dial tcp: lookup proxy.test: no such host")
    with pytest.raises(Missing, match="a download fails"):
        build(helper)


def test_no_go(helper: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Missing, match="no Go on this machine"):
        build(helper)


def test_envoy_may_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVOY", "/opt/envoy")
    assert find_envoy() == Path("/opt/envoy")
