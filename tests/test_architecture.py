"""nginx/ knows nothing of Istio, istio/ nothing of nginx; rules/ is where they meet."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "nginx2istio"


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{a.name}" for a in node.names)}
    return names


@pytest.mark.parametrize(
    ("folder", "stranger"),
    [
        ("nginx", "nginx2istio.istio"),
        ("nginx", "nginx2istio.rule"),
        ("nginx", "nginx2istio.sources"),
        ("istio", "nginx2istio.nginx"),
        ("istio", "nginx2istio.rule"),
        ("sources", "nginx2istio.istio"),
        ("report", "nginx2istio.cli"),
    ],
)
def test_a_folder_does_not_know_the_other(folder: str, stranger: str) -> None:
    for path in (PACKAGE / folder).glob("*.py"):
        found = {n for n in imported(path) if n == stranger or n.startswith(f"{stranger}.")}
        assert not found, path


def test_only_the_command_line_knows_click() -> None:
    for path in PACKAGE.rglob("*.py"):
        if "cli" not in path.relative_to(PACKAGE).parts and path.name != "__main__.py":
            assert "click" not in imported(path), path


@pytest.mark.parametrize("path", sorted((ROOT / "rules").glob("*.py")), ids=lambda p: p.name)
def test_rules_do_not_import_each_other(path: Path) -> None:
    strangers = ("cli", "api", "convert", "engine", "loader", "report", "sources", "translate")
    for name in imported(path):
        assert not name.startswith("rules"), name
        assert not name.startswith("nginx2istio.rules"), name
        assert not name.startswith(tuple(f"nginx2istio.{s}" for s in strangers)), name


@pytest.mark.parametrize(
    "path", sorted([*PACKAGE.rglob("*.py"), *(ROOT / "rules").glob("*.py")]), ids=lambda p: p.name
)
def test_modules_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400
