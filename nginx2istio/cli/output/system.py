"""What the writer asks of the operating system: locks, an exchange of folders, delayed signals."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

import click

from nginx2istio.base.processes import STOPPING


@contextmanager
def locked(folder: Path, waiting: str = "") -> Iterator[None]:
    """Lets one run at a time write into a folder; the lock ends with the process that holds it.

    ``waiting`` is what stderr says when another run holds the lock. It is an advisory lock on the
    folder itself, so nothing stays behind. Where the file system has no such locks, there is none.
    """
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if waiting:
                click.echo(waiting, err=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError:
            pass  # some network file systems have no locks for folders
        yield
    finally:
        os.close(handle)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Delays the signals that end a run until the block is done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        pending.append(number)

    before = {number: signal.signal(number, remember) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if pending:
            signal.raise_signal(pending[0])


def exchange(first: Path, second: Path) -> bool:
    """Swaps two folders in one step; False where the system or the file system can't.

    Linux has renameat2 for it and macOS renamex_np; Python's os has neither.
    """
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(first), os.fsencode(second)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(*names, ctypes.c_uint(2))
    elif hasattr(library, "renameat2"):
        here = ctypes.c_int(-100)  # AT_FDCWD; RENAME_EXCHANGE is 2
        failed = library.renameat2(here, names[0], here, names[1], ctypes.c_uint(2))
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), os.fspath(first))


def flush(folder: Path) -> None:
    """Waits until everything written to the folder's file system is on the disk.

    One call for all files: fsync for each of 20,000 takes seconds.
    """
    import ctypes

    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            library = ctypes.CDLL(None)
            if hasattr(library, "syncfs"):
                library.syncfs(handle)
            else:
                os.sync()
        finally:
            os.close(handle)
