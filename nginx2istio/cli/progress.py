"""Shows on a terminal what a long run does; nothing in a pipe or a quiet run.

A timer's signal draws, in the main thread: no thread of ours is there when a process forks, and
none takes the interpreter from the work. A forked process has no timer, so it draws nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING

from nginx2istio.base.printable import printable

if TYPE_CHECKING:
    from rich.progress import Progress

_FIRST, _EVERY = 1.0, 0.5
"""Seconds until a stage is shown, and between two drawings: 40 ms for the first, 0.5 for others."""


@contextmanager
def progress(quiet: bool, what: str) -> Iterator[Callable[[str], None]]:
    """Shows ``what`` and the time since it began; the function in ``as`` replaces the text."""
    if quiet or not _possible():
        yield lambda text: None
        return
    display = _Display(what)
    before = signal.signal(signal.SIGALRM, display.draw)
    signal.setitimer(signal.ITIMER_REAL, _FIRST, _EVERY)
    try:
        yield display.say
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        display.stop()


def _possible() -> bool:
    return (
        sys.stderr.isatty()
        and os.environ.get("TERM") not in ("dumb", "unknown")
        and hasattr(signal, "setitimer")
        and threading.current_thread() is threading.main_thread()
    )


class _Display:
    def __init__(self, what: str) -> None:
        self.what = printable(what)
        self.bar: Progress | None = None

    def say(self, text: str) -> None:
        self.what = printable(text)

    def draw(self, number: int, frame: FrameType | None) -> None:
        """Draws. An error of the terminal is none of the run's."""
        if self.bar is None and _imports(frame):
            return  # a module that is half there can't be imported: the next time will do
        try:
            if self.bar is None:
                self.bar = _bar()
            self.bar.update(self.bar.task_ids[0], description=self.what)
            self.bar.refresh()
        except Exception:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def stop(self) -> None:
        if self.bar is not None:
            with suppress(OSError):
                self.bar.stop()


def _imports(frame: FrameType | None) -> bool:
    """Whether the program is in the middle of an import."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _bar() -> Progress:
    """A line that goes when it stops. ``rich`` leaves colours out for NO_COLOR."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    bar.add_task("")
    bar.start()
    return bar
