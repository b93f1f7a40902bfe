"""The writer by itself: hostile objects, links, single files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nginx2istio.cli import command_line
from nginx2istio.cli.exits import USAGE
from nginx2istio.cli.output import swap
from nginx2istio.cli.output.files import write_file
from tests.cli.kills import contents
from tests.cli.test_convert import GOOD
from tests.cli.written import OWN, paths, virtual_service, write

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


@pytest.mark.parametrize("name", [".nginx2istio.json", ".nginx2istio", ".nginx2istio-journal"])
@pytest.mark.parametrize("kind", ["pipe", "folder", "deep", "link"])
def test_a_file_of_ours_that_is_something_else(tmp_path: Path, name: str, kind: str) -> None:
    out = tmp_path / "out"
    write(out, virtual_service("a"))
    place = out / name
    place.unlink(missing_ok=True)
    match kind:
        case "pipe":
            os.mkfifo(place)
        case "folder":
            place.mkdir()
        case "deep":
            place.write_text("[" * 100_000)
        case _:
            place.symlink_to(tmp_path)
    try:
        write(out, virtual_service("a"))
    except click.ClickException as error:
        assert error.exit_code == USAGE
    assert (out / "web/a.yaml").is_file()


def test_an_empty_name_is_no_folder() -> None:
    result = CliRunner().invoke(command_line, ["convert", "-", "-o", ""], input=GOOD)
    assert result.exit_code == USAGE and "empty" in result.stderr
