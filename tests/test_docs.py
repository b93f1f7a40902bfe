"""Generated pages are as the code is, and every command has help."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from click.testing import CliRunner

from nginx2istio.cli import COMMANDS, main

DOCS = Path(__file__).parent.parent / "docs"
spec = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
assert spec is not None and spec.loader is not None
generate = importlib.util.module_from_spec(spec)
spec.loader.exec_module(generate)


@pytest.mark.parametrize("name", sorted(generate.PAGES))
def test_page_is_up_to_date(name: str) -> None:
    kept = (DOCS / name).read_text(encoding="utf-8")
    assert kept == generate.PAGES[name](), "run python docs/generate.py"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_has_help_with_examples(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.output
