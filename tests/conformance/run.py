"""Runs many cases on several rigs side by side."""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from .bench import Bench, empty_result
from .records import Case
from .results import Result


def run_cases(
    cases: Sequence[Case], make_bench: Callable[[], Bench], jobs: int, progress: bool = False
) -> tuple[list[Result], float]:
    """Results in the order of the cases' ids, and the seconds that the run took.

    SIGTERM and SIGINT end the run after the cases at hand, with the rigs closed as usual.
    """
    work: queue.SimpleQueue[Case] = queue.SimpleQueue()
    for case in cases:
        work.put(case)
    done: list[Result] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def worker() -> None:
        try:
            bench = make_bench()
        except BaseException as error:
            errors.append(error)
            stop.set()
            return
        try:
            while not stop.is_set():
                try:
                    case = work.get_nowait()
                except queue.Empty:
                    return
                done.append(_run(bench, case))
                if progress:
                    print(f"\r{len(done)}/{len(cases)}", end="", file=sys.stderr, flush=True)
        finally:
            bench.close()

    start = time.monotonic()
    with _Signals(stop):
        threads = [threading.Thread(target=worker) for _ in range(max(1, min(jobs, len(cases))))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if progress:
        print(file=sys.stderr)
    if errors:
        raise errors[0]
    if stop.is_set():
        raise KeyboardInterrupt
    return sorted(done, key=lambda result: result["id"]), time.monotonic() - start


def _run(bench: Bench, case: Case) -> Result:
    try:
        return bench.run(case)
    except Exception:  # of the rig itself: never to be taken for a verdict on the converter
        failure = "RIG " + traceback.format_exc(limit=-5)
        return empty_result(case) | {"failure": failure}


class _Signals:
    """Turns SIGTERM and SIGINT into an event, in the main thread."""

    def __init__(self, stop: threading.Event):
        self._stop = stop
        self._old: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._old[number] = signal.signal(number, lambda *_: self._stop.set())

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
