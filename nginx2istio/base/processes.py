"""Work side by side: in processes that begin with all that this one has (fork).

Nothing is copied to them; what they return is. No lock and no semaphore is shared.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
STOPPING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Signals that ask a run to end."""


class EndedEarly(Exception):
    """A process ended without its result, as when the system stops it for its memory."""


def side_by_side(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """What the tasks return, in their order.

    The first one runs here, each other one in a process of its own; where the system has no fork,
    all run here in turn. A process ends when this one does, however that ends. Raises what the
    first task raises, and EndedEarly where another one raises or its process ends.
    """
    if not hasattr(os, "fork"):
        return [task() for task in tasks]
    alive, parent_end = os.pipe()
    running: list[tuple[int, int]] = []
    try:
        running += [_started(task, alive, parent_end) for task in tasks[1:]]
        return [tasks[0](), *(_received(reader) for _, reader in running)]
    finally:
        os.close(parent_end)
        os.close(alive)
        for process, reader in running:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(process, 0)
            os.close(reader)


def shares(items: Sequence[T], sizes: Iterable[int], processes: int, least: int) -> list[list[T]]:
    """The items in up to so many shares, in order, each of about one size, and of ``least``.

    There is always one share, which may be empty.
    """
    sizes = list(sizes)
    total = sum(sizes)
    count = max(1, min(processes, total // least))
    parts: list[list[T]] = [[] for _ in range(count)]
    before = 0
    for item, size in zip(items, sizes, strict=True):
        parts[min(before * count // max(total, 1), count - 1)].append(item)
        before += size
    return [part for part in parts if part] or [[]]


def _started(task: Callable[[], object], alive: int, parent_end: int) -> tuple[int, int]:
    """Starts a process: its id, and the end of a pipe that its result comes from."""
    reader, writer = os.pipe()
    # Ctrl-C reaches every process of the terminal; one that is not yet _work would complain.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        process = os.fork()
        if not process:
            try:
                os.close(parent_end)
                _work(task, writer, alive)
            finally:
                os._exit(1)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
    os.close(writer)
    return process, reader


def _work(task: Callable[[], object], writer: int, alive: int) -> None:
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    threading.Thread(target=_end_with_parent, args=(alive,), daemon=True).start()
    result = pickle.dumps(task(), pickle.HIGHEST_PROTOCOL)
    with os.fdopen(writer, "wb") as stream:
        stream.write(result)
    os._exit(0)


def _end_with_parent(alive: int) -> None:
    """Ends this process when no process holds the other end of the pipe any more."""
    os.read(alive, 1)
    os._exit(1)


def _received(reader: int) -> Any:
    with os.fdopen(os.dup(reader), "rb") as stream:
        data = stream.read()
    if not data:
        raise EndedEarly
    try:
        return pickle.loads(data)
    except (EOFError, pickle.UnpicklingError) as error:  # it ended while it wrote
        raise EndedEarly from error
