"""Generated pages are as the code is, and every command has help."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.cli import COMMANDS, command_line
from nginx2istio.rule.loader import Family, load

DOCS = Path(__file__).parent.parent / "docs"
spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
assert spec is not None and spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


PAGES = generate.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_page_is_up_to_date(name: str) -> None:
    page = (DOCS / name).read_text(encoding="utf-8")
    assert page == PAGES[name], "run python docs/generate.py"


def test_each_family_has_a_page_and_no_page_is_left_over() -> None:
    pages = {p.stem for p in (DOCS / "rules").iterdir()}
    assert pages == {f.name for f in load().families} | {"README"}


@pytest.mark.parametrize("family", load().families, ids=lambda f: f.name)
def test_the_page_of_a_family_shows_an_example(family: Family) -> None:
    page = PAGES[f"rules/{family.name}.md"]
    assert ("\ngives\n" in page and "\nFindings, without those" in page) or not family.rules
    for key in (k for rule in family.rules for k in rule.keys):
        assert f"`{key}`" in page
    for link in re.findall(r"\]\((?:\.\./)?findings\.md#(n2i\d{3})\)", page):
        assert f"## {link.upper()}\n" in PAGES["findings.md"]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_has_help_with_examples(name: str) -> None:
    result = CliRunner().invoke(command_line, [name, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output


def test_contributing_names_each_program_that_tests_look_for() -> None:
    root = DOCS.parent
    page = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    ci = (root / ".ci" / "run").read_text(encoding="utf-8")
    sources = [path.read_text(encoding="utf-8") for path in (root / "tests").rglob("*.py")]
    asked = re.findall(r'find_program\(\s*"([\w-]+)", "([\w-]+)"', "\n".join(sources))
    assert len(asked) >= 4
    for program, package in [*asked, ("zsh", "zsh"), ("jq", "jq"), ("nginx", "nginx")]:
        assert package in page and f"\n{program} {package}" in ci
