"""The writer by itself: hostile objects, files of others, files of other runs, faults."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from nginx2istio.cli.exits import UNWRITTEN, USAGE
from nginx2istio.cli.output import swap, system
from nginx2istio.cli.output.files import write_file
from nginx2istio.cli.output.folder import NoObjects, Read, write_folder
from nginx2istio.cli.output.manifest import Run
from tests.cli.kills import contents

Object = dict[str, Any]
RUN = Run("nginx", False, ("manifests",))


def virtual_service(name: str, namespace: str = "web", source: str = "web/shop") -> Object:
    metadata: Object = {"name": name, "namespace": namespace}
    if source:
        metadata["annotations"] = {"nginx2istio/from": source}
    return {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}


def write(folder: Path, *objects: Object, read: Read | None = None, **extra: Any) -> list[str]:
    sources = frozenset(
        source
        for obj in objects
        for source in obj["metadata"].get("annotations", {}).get("nginx2istio/from", "").split(", ")
    )
    return write_folder(folder, objects, "yaml", read or Read(RUN, sources), **extra)


def paths(folder: Path) -> set[str]:
    return set(contents(folder) or {})


OWN = {".nginx2istio.json", "kustomization.yaml"}
HOSTILE = [
    "/etc",
    "..",
    "../..",
    "a/../../b",
    ".",
    "../x",
    "a\\..\\b",
    "C:\\x",
    "kustomization.yaml",
    "x" * 300,
    "é" * 300,
    "a\x00b",
    "a\nb",
    "\ud800",
    "~",
    "-rf",
    "con",
    " ",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("processes", [1, 2])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, text: str, processes: int) -> None:
    out = tmp_path / "deep" / "out"
    objects = [virtual_service("a", text), virtual_service(text, "web")]
    objects += [{**virtual_service("a", text), "kind": text}]
    write(out, *objects, processes=processes)
    assert [p.name for p in tmp_path.iterdir()] == ["deep"]
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["out"]
    written = paths(out) - OWN
    assert len(written) == 3
    for path in written:
        assert swap.is_safe(path) and path.count("/") == 1, path
        assert all(len(part.encode()) <= 255 for part in path.split("/"))
        assert not path.endswith("/kustomization.yaml")
    first = contents(out)
    write(out, *objects, processes=3 - processes)
    assert contents(out) == first


def test_names_that_differ_in_case_do_not_meet(tmp_path: Path) -> None:
    names = ["shop", "Shop", "SHOP", "s" * 300, "s" * 301]
    write(tmp_path / "out", *(virtual_service("a", name) for name in names))
    lower = {path.lower() for path in paths(tmp_path / "out") - OWN}
    assert len(lower) == len(names)


def test_links_are_not_followed(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.yaml").write_text("mine")
    out.mkdir()
    (out / "web").symlink_to(elsewhere)
    with pytest.raises(click.ClickException, match="did not write: web"):
        write(out, virtual_service("a"))
    write(out, virtual_service("a"), force=True)
    assert (out / "web" / "a.yaml").is_file() and not (out / "web").is_symlink()
    (out / "web" / "a.yaml").unlink()
    (out / "web" / "a.yaml").symlink_to(elsewhere / "a.yaml")
    write(out, virtual_service("a"))
    assert not (out / "web" / "a.yaml").is_symlink()
    assert contents(elsewhere) == {"a.yaml": b"mine"}


def test_a_folder_of_ours_that_became_a_link_is_not_emptied(tmp_path: Path) -> None:
    out, elsewhere = tmp_path / "out", tmp_path / "elsewhere"
    write(out, virtual_service("a"))
    (out / "web").rename(elsewhere)
    (out / "web").symlink_to(elsewhere)
    other = virtual_service("b", "shop")
    write(out, other)
    assert list(contents(elsewhere) or {}) == ["a.yaml"]


@pytest.fixture(params=["exchanged", "two renames", "in place", "no links"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The ways in which a folder is replaced."""
    match request.param:
        case "two renames":
            monkeypatch.setattr(swap, "exchange", lambda one, other: False)
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

    def replace(one: Any, other: Any) -> None:
        nonlocal renames
        renames += 1
        if renames > number:
            raise SystemExit(137)
        real(one, other)

    monkeypatch.setattr(swap.os, "replace", replace)
    with pytest.raises(SystemExit):
        write(out, *objects)
    monkeypatch.setattr(swap.os, "replace", real)
    swap.settle(out)
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
    swap.settle(out)
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


# What this run can't know


def test_a_run_with_unread_input_removes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"), virtual_service("b", source="web/b"))
    kept = (out / "web/b.yaml").read_bytes()
    read = Read(RUN, frozenset({"web/a"}), all_read=False)
    remarks = write(out, virtual_service("a", source="web/a"), read=read)
    [remark] = remarks
    assert remark.startswith(f"kept: {out}/web/b.yaml (Ingress web/b may be in the input")
    assert (out / "web/b.yaml").read_bytes() == kept
    assert "- web/b.yaml" in (out / "kustomization.yaml").read_text()
    assert write(out, virtual_service("a", source="web/a")) == [f"removed: {out}/web/b.yaml"]


def test_a_shared_file_keeps_what_is_from_unread_input(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, {**virtual_service("a", source="web/a, web/b"), "spec": {"hosts": ["old"]}})
    read = Read(RUN, frozenset({"web/a"}), all_read=False)
    [remark] = write(out, virtual_service("a", source="web/a"), read=read)
    assert "Ingress web/b" in remark
    assert "old" in (out / "web/a.yaml").read_text()
    assert write(out, virtual_service("a", source="web/a"), read=read, force=True) == []
    assert "old" not in (out / "web/a.yaml").read_text()


def test_no_object_at_all_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    before = contents(out)
    with pytest.raises(NoObjects) as caught:
        write(out)
    assert caught.value.exit_code == USAGE and contents(out) == before
    assert write(out, force=True) == [f"removed: {out}/web/a.yaml"]
    assert paths(out) == OWN
    write(out)  # there is nothing to lose any more


def test_two_controllers_do_not_delete_each_others_files(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    other = Read(Run("internal", False, ("manifests",)), frozenset({"web/a", "web/b"}))
    [remark] = write(out, virtual_service("b", source="web/b"), read=other)
    assert remark == f"kept: {out}/web/a.yaml (written for IngressClass nginx)"
    assert write(out, virtual_service("a", source="web/a")) == [
        f"kept: {out}/web/b.yaml (written for IngressClass internal)"
    ]
    before = contents(out)
    with pytest.raises(click.ClickException, match="written for IngressClass internal"):
        write(out, virtual_service("b", source="web/b"))
    assert contents(out) == before


def test_files_from_other_input_stay(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    other = Read(Run("nginx", False, ("other",)), frozenset({"web/b"}))
    [remark] = write(out, virtual_service("b", source="web/b"), read=other)
    assert remark == f"kept: {out}/web/a.yaml (written from manifests)"
    with pytest.raises(click.ClickException, match="also made from Ingress web/a"):
        write(out, virtual_service("a", source="web/b"), read=other)
    assert write(out, virtual_service("b", source="web/b"), read=other, force=True) == [
        f"removed: {out}/web/a.yaml"
    ]


def test_a_file_that_was_deleted_by_hand_is_forgotten(tmp_path: Path) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a", source="web/a"))
    (out / "web/a.yaml").unlink()
    other = Read(Run("nginx", False, ("other",)), frozenset({"web/b"}))
    assert write(out, virtual_service("b", source="web/b"), read=other) == []
    assert "web/a" not in (out / ".nginx2istio.json").read_text()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"runs": [], "files": {"a/b.yaml": {"run": 1}}}']
)
def test_a_damaged_manifest_is_said(tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    (out / ".nginx2istio.json").write_text(text)
    with pytest.raises(click.ClickException, match="is damaged"):
        write(out, virtual_service("b"))
    assert (out / "web/a.yaml").exists()


# Single files


def _link(path: Path) -> None:
    path.symlink_to(path.parent / "target")


def _fifo(path: Path) -> None:
    os.mkfifo(path)
    _fifo.reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # type: ignore[attr-defined]


@pytest.mark.parametrize("prepare", [_link, _fifo])
def test_a_report_goes_where_its_path_leads(
    tmp_path: Path, prepare: Callable[[Path], None]
) -> None:
    path = tmp_path / "report.json"
    prepare(path)
    is_link, is_fifo = path.is_symlink(), path.is_fifo()
    write_file(path, "content")
    assert (path.is_symlink(), path.is_fifo()) == (is_link, is_fifo)


def test_a_report_that_a_kill_left_is_cleared(tmp_path: Path) -> None:
    left = tmp_path / ".report.json.nginx2istio-0123456789ab"
    left.write_text("half")
    write_file(tmp_path / "report.json", "whole")
    assert contents(tmp_path) == {"report.json": b"whole"}
    write_file(tmp_path / f"{'x' * 250}.md", "a name as long as it may be")
