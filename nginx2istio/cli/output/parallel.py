"""Parts of the output, written by processes that share what was converted."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from tempfile import TemporaryFile
from typing import TextIO

import click

from nginx2istio.base.processes import EndedEarly, side_by_side
from nginx2istio.cli.exits import USAGE, Unwritten, Usage

Task = Callable[[], object]
LEAST_OBJECTS = 500
"""Objects for a process: with fewer, it costs more time than it saves."""


def run(tasks: Sequence[Task], processes: int) -> None:
    """Runs the tasks, up to so many at a time.

    Raises the click.ClickException of the first task that fails; the others still run.
    """
    if processes < 2 or len(tasks) < 2:
        for task in tasks:
            task()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    failures: list[tuple[int, str]] = []
    for start in range(0, len(tasks), processes):
        group = [partial(_outcome, task) for task in tasks[start : start + processes]]
        try:
            failures += filter(None, side_by_side(group))
        except EndedEarly:
            failures.append((1, "a process that wrote a part of the output ended before its work"))
    for code, text in failures:
        raise Usage(text) if code == USAGE else Unwritten(text)


def text_of(parts: Sequence[Iterable[str]], processes: int) -> Iterator[str]:
    """The parts of a text one behind the other, each made by a process if there are several.

    They are kept in files without a name until all are made. Raises as ``run``, and OSError.
    """
    if processes < 2:
        yield from chain.from_iterable(parts)
        return
    with ExitStack() as open_files:
        files = [
            open_files.enter_context(
                TemporaryFile("w+", encoding="utf-8", errors="backslashreplace", newline="")
            )
            for _ in parts
        ]
        run([partial(_fill, *each) for each in zip(files, parts, strict=True)], processes)
        for file in files:
            file.seek(0)
            yield from iter(partial(file.read, CHARACTERS_AT_ONCE), "")


CHARACTERS_AT_ONCE = 2**20


def _fill(file: TextIO, parts: Iterable[str]) -> None:
    file.writelines(parts)
    file.flush()


def _outcome(task: Task) -> tuple[int, str] | None:
    """The exit code and the text of a task that fails."""
    try:
        task()
    except click.ClickException as error:
        return error.exit_code, error.format_message()
    except Exception as error:
        return 1, f"a part of the output failed: {type(error).__name__}: {error}"
    return None
