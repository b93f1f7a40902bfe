"""A folder is replaced as one step, whatever goes wrong and however it has to be done."""

from __future__ import annotations

import errno
import os
import resource
from pathlib import Path
from typing import Any

import click
import pytest

from nginx2istio.cli.exits import UNWRITTEN
from nginx2istio.cli.output import swap, system
from tests.cli.kills import contents, kills
from tests.cli.written import OWN, paths, virtual_service, write


@pytest.fixture(params=["exchanged", "two renames", "in place", "no links"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways in which a folder is replaced."""
    match request.param:
        case "two renames":
            monkeypatch.setattr(swap, "exchange", lambda first, second: False)
        case "in place":
            monkeypatch.setattr("os.path.ismount", lambda path: True)
        case "no links":
            monkeypatch.setattr(swap, "_link", _refuse)
    return str(request.param)


def _refuse(*_: object) -> None:
    raise OSError(errno.EXDEV, "not on this disk")


def test_what_others_wrote_stays(tmp_path: Path, way: str) -> None:
    out = tmp_path / "out"
    (out / "notes").mkdir(parents=True)
    (out / "empty").mkdir()
    (out / "notes" / "a.txt").write_text("mine")
    (out / "link").symlink_to("nowhere")
    out.chmod(0o750)
    write(out, virtual_service("a"), virtual_service("b"))
    write(out, virtual_service("b"))
    assert paths(out) == OWN | {"web/b.yaml", "notes/a.txt"}
    assert os.readlink(out / "link") == "nowhere"
    assert (out / "empty").is_dir()
    assert out.stat().st_mode & 0o777 == 0o750
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_in_the_way_is_replaced_by_force(tmp_path: Path, way: str) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text("mine")
    out.mkdir()
    (out / "web").symlink_to(elsewhere)
    for _ in range(2):
        write(out, virtual_service("a"), force=True)
        assert paths(out) == OWN | {"web/a.yaml"} and not (out / "web").is_symlink()
    assert contents(elsewhere) == {"a.yaml": b"mine"}


def test_a_fault_while_writing_leaves_the_folder_as_it_was(tmp_path: Path, way: str) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    (out / "notes.txt").write_text("mine")
    before = contents(out)
    bad = {**virtual_service("c"), "spec": {"x": object()}}  # of no kind that YAML has
    bad["spec"] = _Exploding()
    with pytest.raises(RuntimeError):
        write(out, virtual_service("b"), bad)
    assert contents(out) == before
    assert os.listdir(tmp_path) == ["out"]


class _Exploding(dict[str, Any]):
    def __bool__(self) -> bool:
        raise RuntimeError("a bug")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_full_disk_leaves_the_folder_as_it_was(tmp_path: Path, processes: int, way: str) -> None:
    """RLIMIT_FSIZE refuses what a full disk refuses: the write, not the open."""
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    before = contents(out)
    large = {**virtual_service("b"), "spec": {"http": ["x" * 50_000]}}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(click.ClickException) as caught:
            write(out, large, virtual_service("c"), processes=processes)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.exit_code == UNWRITTEN
    assert "File too large" in caught.value.message
    assert contents(out) == before
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("number", range(4))
def test_a_kill_amid_a_journal_is_completed(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk ends at the n-th rename; the next look at the folder finds the new files."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    objects = [virtual_service(name) for name in "bcd"]
    for folder in (out, whole):
        write(folder, virtual_service("a"))
    write(whole, *objects)
    monkeypatch.setattr("os.path.ismount", lambda path: True)
    renames = 0
    real = os.replace

    def replace(source: Any, target: Any) -> None:
        nonlocal renames
        renames += 1
        if renames > number:
            raise SystemExit(137)
        real(source, target)

    monkeypatch.setattr("os.replace", replace)
    with pytest.raises(SystemExit):
        write(out, *objects)
    monkeypatch.setattr("os.replace", real)
    swap.recover(out)
    assert (contents(out) == contents(whole)) == (number > 0)  # no journal yet: nothing is done
    write(out, *objects)
    assert contents(out) == contents(whole)


def test_a_hostile_journal_does_not_lead_out(tmp_path: Path) -> None:
    out, victim = tmp_path / "out", tmp_path / "victim"
    out.mkdir()
    victim.write_text("mine")
    (out / swap.JOURNAL).write_text('{"write": [], "remove": ["../victim"]}')
    with pytest.raises(click.ClickException, match="damaged"):
        write(out, virtual_service("a"))
    assert victim.read_text() == "mine"


def test_what_a_kill_left_is_cleared(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    before = contents(out)
    old = out.rename(tmp_path / ".out.nginx2istio-0123456789ab.old")  # between the two renames
    (tmp_path / ".out.nginx2istio-ba9876543210").mkdir()
    (tmp_path / ".out.nginx2istio-notes").mkdir()  # of somebody else
    swap.recover(out)
    assert contents(out) == before and not old.exists()
    assert sorted(os.listdir(tmp_path)) == [".out.nginx2istio-notes", "out"]


def test_the_real_exchange_works_here(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    if not system.exchange(tmp_path / "a", tmp_path / "b"):
        pytest.skip("this file system has no exchange")
    assert os.listdir(tmp_path / "a") == ["b"]


@pytest.mark.parametrize("way_in", ["of the run", "a link", "a link above"])
def test_the_folder_may_be_a_link_or_where_we_are(
    tmp_path: Path, way_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / "real" / "out"
    real.mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "above").symlink_to(real.parent)
    folder = {"a link": tmp_path / "link", "a link above": tmp_path / "above" / "out"}
    if way_in == "of the run":
        monkeypatch.chdir(real)
    inode = real.stat().st_ino
    write(folder.get(way_in, Path(".")), virtual_service("a"))
    assert paths(real) == OWN | {"web/a.yaml"}
    assert (tmp_path / "link").is_symlink()
    assert way_in != "of the run" or real.stat().st_ino == inode


def test_killed_runs_leave_a_whole_folder() -> None:
    """A few kills; ``python -m tests.cli.kills 100`` makes many."""
    wrong, figures = kills(8, seed=3, ingresses=60)
    assert not wrong, "\n".join(wrong)
    assert sum(figures.values()) == 8
