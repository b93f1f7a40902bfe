"""Work side by side: parts of the output, written by processes that share what was made."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection

import click

Task = Callable[[], None]


def run(tasks: Sequence[Task], processes: int) -> None:
    """Runs the tasks, up to so many at a time.

    A process begins with all that its parent has (fork), so that nothing is copied; where the
    system has no fork, tasks run one after another. Raises the click.ClickException of the first
    task that fails; others are still run.
    """
    if processes < 2 or len(tasks) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for task in tasks:
            task()
        return
    context = multiprocessing.get_context("fork")
    sys.stdout.flush()
    sys.stderr.flush()
    failures = []
    for group in (tasks[i : i + processes] for i in range(0, len(tasks), processes)):
        running = []
        for task in group:
            mine, other = context.Pipe(duplex=False)
            process = context.Process(target=_reported, args=(task, other))
            process.start()
            other.close()
            running.append((process, mine))
        for process, mine in running:
            try:
                failures.append(mine.recv())
            except EOFError:
                failures.append("a process that wrote a part of the output ended before its work")
            process.join()
    for failure in failures:
        if failure:
            raise click.ClickException(failure)


def _reported(task: Task, to: Connection) -> None:
    try:
        task()
    except click.ClickException as error:
        to.send(error.format_message())
    else:
        to.send("")
