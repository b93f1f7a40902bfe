"""Shows on a terminal what a long run does; nothing in a pipe or a quiet run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(quiet: bool, what: str) -> Iterator[Callable[[str], None]]:
    """Shows ``what``, followed by the text that the function in ``as`` was given last."""
    if quiet or not sys.stderr.isatty():
        yield lambda text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status(escape(what)) as status:
        yield lambda text: status.update(escape(f"{what}: {text}"))
