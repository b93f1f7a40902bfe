"""What is uploaded to a package index: complete, small, and enough to convert with."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from hatch_build import LINK, with_addresses
from nginx2istio.cli import command_line
from nginx2istio.cli.help.man_page import man_pages

ROOT = Path(__file__).parent.parent
MIB = 2**20
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The sdist and the wheel that is built of it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


def metadata(wheel: Path) -> dict[str, list[str]]:
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        message = Parser().parsestr(archive.read(name).decode())
    return {key: message.get_all(key, []) for key in set(message.keys())}


def test_an_index_takes_both(distributions: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, distributions)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_wheel_has_the_package_and_nothing_else(distributions: tuple[Path, Path]) -> None:
    command = [sys.executable, "-m", "check_wheel_contents", str(distributions[1])]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(distributions[1]) as archive:
        names = archive.namelist()
    folders = {n.split("/")[0].partition("-")[0] for n in names if ".dist-info/" not in n}
    assert folders == {"nginx2istio"}
    assert any(n.endswith(".dist-info/licenses/LICENSE") for n in names)
    rules = {p.name for p in (ROOT / "rules").glob("*.py")}
    assert {n.split("/")[-1] for n in names if n.startswith("nginx2istio/rules/")} == rules
    pages = {p.relative_to(ROOT).as_posix() for p in (ROOT / "docs" / "rules").glob("*.md")}
    pages.add("docs/findings.md")
    docs = "nginx2istio/docs/"
    assert {n.removeprefix("nginx2istio/") for n in names if n.startswith(docs)} == pages


def test_the_wheel_has_the_manual_pages(distributions: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(distributions[1]) as archive:
        pages = {n.split("/")[-1]: n for n in archive.namelist() if "/share/man/man1/" in n}
        texts = {name: archive.read(path).decode() for name, path in pages.items()}
    assert texts == man_pages(command_line, "nginx2istio", VERSION)


def test_the_sdist_has_no_recordings(distributions: tuple[Path, Path]) -> None:
    with tarfile.open(distributions[0]) as archive:
        folders = {n.split("/")[1] for n in archive.getnames() if "/" in n}
    assert {"nginx2istio", "rules", "LICENSE", "CHANGELOG.md", "hatch_build.py"} <= folders
    assert not folders & {"fixtures", "tests", "benchmarks"}
    assert distributions[0].stat().st_size < 2 * MIB


def test_the_metadata_say_license_and_python(distributions: tuple[Path, Path]) -> None:
    fields = metadata(distributions[1])
    assert fields["License-Expression"] == ["Apache-2.0"]
    assert fields["Requires-Python"] == [">=3.11"]
    assert fields["Author"] and fields["Keywords"] and fields["Classifier"]


def test_the_page_of_an_index_has_no_link_that_leads_nowhere(
    distributions: tuple[Path, Path],
) -> None:
    with zipfile.ZipFile(distributions[1]) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    assert "No silent divergence" in text
    assert not LINK.search(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](docs/a.md#b)", "[a](https://git.example/r/blob/v1/docs/a.md#b)"),
        ("![a, b](docs/a.webp)", "![a, b](https://git.example/r/raw/v1/docs/a.webp)"),
        ("[a](https://a.example) [b](#c)", "[a](https://a.example) [b](#c)"),
    ],
)
def test_links_of_a_release_lead_to_its_repository(text: str, expected: str) -> None:
    assert with_addresses(text, "https://git.example/r", "v1") == expected


def test_an_empty_environment_converts(distributions: tuple[Path, Path], tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    pip = [str(programs / "pip"), "install", "-q", str(distributions[1])]
    run = subprocess.run(pip, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    example = ROOT / "examples" / "walkthrough" / "all-three-needs.yaml"
    command = [str(programs / "nginx2istio"), "convert", str(example), "-o", "istio"]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=120, cwd=tmp_path, env=environment
    )
    assert run.returncode == 0, run.stderr
    assert list((tmp_path / "istio").rglob("*.yaml"))
    show = [str(programs / "nginx2istio"), "rules", "show", "N2I300"]
    shown = subprocess.run(
        show, capture_output=True, text=True, timeout=60, cwd=tmp_path, env=environment
    )
    pages = re.findall(r"\S+\.md", shown.stdout)
    assert len(pages) == 2 and all((tmp_path / page).is_file() for page in pages), shown.stdout
