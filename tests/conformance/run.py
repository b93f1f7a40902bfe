"""Runs many cases on several rigs side by side."""

from __future__ import annotations

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Sized
from typing import Any

from .bench import Bench, empty_result
from .records import Case
from .results import Result


def run_cases(
    cases: Iterable[Case], make_bench: Callable[[], Bench], jobs: int, progress: bool = False
) -> tuple[list[Result], float]:
    """Results in the order of the cases' ids, and the seconds that the run took.

    A case is asked for when a rig is free: while one waits for a sample's next, others run theirs.
    SIGTERM and SIGINT end the run after the cases at hand, with the rigs closed as usual.
    """
    left, asking = iter(cases), threading.Lock()
    of_all = f"/{len(cases)}" if isinstance(cases, Sized) else ""
    done: list[Result] = []
    errors: list[BaseException] = []
    stop = threading.Event()

    def following() -> Case | None:
        with asking:
            return None if stop.is_set() else next(left, None)

    def worker() -> None:
        try:
            case = following()
            if case is None:
                return
            bench = make_bench()
        except BaseException as error:
            errors.append(error)
            stop.set()
            return
        try:
            while case is not None:
                done.append(_run(bench, case))
                if progress:
                    print(f"\r{len(done)}{of_all}", end="", file=sys.stderr, flush=True)
                case = following()
        except BaseException as error:
            errors.append(error)
            stop.set()
        finally:
            bench.close()

    start = time.monotonic()
    with _Signals(stop):
        threads = [threading.Thread(target=worker) for _ in range(max(1, jobs))]
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
