"""The commands of pages print what the pages show; those of examples write what is committed."""

from __future__ import annotations

from pathlib import Path

import pytest

from .page import (
    EXAMPLES,
    PAGES,
    CommandFailed,
    begin,
    files_of,
    is_output,
    needs_cluster,
    run,
    steps,
    with_outputs,
)

ALONE = [name for name, path in PAGES.items() if not needs_cluster(path.read_text())]


def test_each_folder_has_a_page_with_commands() -> None:
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert {f"examples/{name}" for name in folders} <= set(PAGES)
    assert all(steps(path.read_text()) for path in PAGES.values())
    index = (EXAMPLES / "README.md").read_text()
    assert all(f"({name}/README.md)" in index for name in folders)


@pytest.mark.parametrize("name", ALONE)
def test_commands_do_what_the_page_says(name: str, tmp_path: Path) -> None:
    check(name, tmp_path, {})


def check(name: str, tmp_path: Path, environment: dict[str, str]) -> None:
    """Runs a page's commands; `python -m tests.pages` writes anew what they come to."""
    folder = begin(name, tmp_path / "example")
    page = PAGES[name].read_text()
    printed = run(page, folder, tmp_path / "programs", environment)
    if PAGES[name].parent.parent == EXAMPLES:
        assert files_of(folder) == files_of(PAGES[name].parent)
    for step, text in zip(steps(page), printed, strict=True):
        if step.output is not None:
            assert is_output(step.output, text), f"{step.commands}{text}"


def run_text(page: str, tmp_path: Path) -> list[str]:
    return run(page, tmp_path, tmp_path / "programs", {})


def test_a_failing_command_fails_the_page(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="exit code 3"):
        run_text("```sh\n(exit 3) | cat\n```\n```sh\necho never\n```\n", tmp_path)


def test_output_blocks_are_compared() -> None:
    assert is_output("a\n...\nd\n", "a\nb\nc\nd\n")
    assert is_output("a\n...\n", "a\n")
    assert not is_output("a\n...\nd\n", "a\nb\n")
    assert not is_output("a\n", "a\nb\n")


def test_output_blocks_are_written_anew(tmp_path: Path) -> None:
    page = "```sh\nx=1; echo $x\n```\n\n```text\nold\n```\n\n```sh\necho $x\n```\n"
    assert steps(page)[0].output == "old\n" and steps(page)[1].output is None
    printed = run_text(page, tmp_path)
    assert printed == ["1\n", "1\n"]
    assert with_outputs(page, printed) == page.replace("old", "1")
