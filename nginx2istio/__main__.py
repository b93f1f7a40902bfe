"""``python -m nginx2istio``, and the commands that pip installs."""

import signal

# Until ``main`` can end a run in order, Ctrl-C ends the process without a traceback.
if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import gc
import os
import sys
from types import FrameType

from nginx2istio.cli import command_line


def main() -> None:
    """Runs the command line in a process of its own.

    Nothing there leaves cycles behind, and the garbage collector would take a third of the time.
    """
    gc.disable()
    _open_standard_streams()
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _stop)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command_line()
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        # All is written; a signal would only disturb the end of the interpreter.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)


def _stop(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _open_standard_streams() -> None:
    """Opens what the shell closed (``>&-``), or the first file that is opened takes its place.

    Reading such an input or writing such an output is an error; what is said on such a stderr is
    lost.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            useless = os.O_RDONLY if name == "stdout" else os.O_WRONLY
            os.open(os.devnull, useless)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))


if __name__ == "__main__":
    main()
