"""Work side by side: parts of the output, written by processes that share what was converted."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess

import click

from nginx2istio.cli.exits import USAGE, Unwritten, Usage
from nginx2istio.cli.output.system import STOPPING

Task = Callable[[], None]


def run(tasks: Sequence[Task], processes: int) -> None:
    """Runs the tasks, up to so many at a time.

    A process begins with all that its parent has (fork), so nothing is copied; where the system
    has no fork, tasks run one after another. A process ends when its parent does, however that
    ends. Raises the click.ClickException of the first task that fails; the others still run.
    """
    if processes < 2 or len(tasks) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        for task in tasks:
            task()
        return
    sys.stdout.flush()
    sys.stderr.flush()
    failures: list[click.ClickException] = []
    for start in range(0, len(tasks), processes):
        failures += _group(tasks[start : start + processes])
    if failures:
        raise failures[0]


def _group(tasks: Sequence[Task]) -> list[click.ClickException]:
    """Runs tasks at the same time and returns the errors of those that fail."""
    alive, parent_end = os.pipe()
    running: list[tuple[ForkProcess, Connection]] = []
    errors: list[click.ClickException] = []
    try:
        for task in tasks:
            running.append(_started(task, alive, parent_end))
        for process, receiver in running:
            try:
                code, text = receiver.recv()
            except EOFError:
                code, text = 1, "a process that wrote a part of the output ended before its work"
            process.join()
            if code:
                errors.append(Usage(text) if code == USAGE else Unwritten(text))
    finally:
        os.close(parent_end)
        os.close(alive)
        for process, receiver in running:
            process.terminate()
            process.join()
            receiver.close()
    return errors


def _started(task: Task, alive: int, parent_end: int) -> tuple[ForkProcess, Connection]:
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(task, sender, alive, parent_end))
    # Ctrl-C reaches every process of the terminal; one that is not yet _work would complain.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    sender.close()
    return process, receiver


def _work(task: Task, sender: Connection, alive: int, parent_end: int) -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    os.close(parent_end)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    try:
        task()
    except click.ClickException as error:
        outcome = error.exit_code, error.format_message()
    except Exception as error:
        outcome = 1, f"a part of the output failed: {type(error).__name__}: {error}"
    else:
        outcome = 0, ""
    with suppress(BrokenPipeError):
        sender.send(outcome)


def _end_with_parent(alive: int) -> None:
    """Ends this process when no process holds the other end of the pipe any more."""
    os.read(alive, 1)
    os._exit(1)
