"""The layout of help on a terminal, narrow ones included."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

import click

_LEAST_WIDTH = 20
_HYPHEN = "\ue000"
"""Stands for a hyphen while lines are folded: names such as rate-limit stay whole."""


class Formatter(click.HelpFormatter):
    """Fits into any terminal; click takes 50 columns at least, and 30 of them for the names."""

    def __init__(
        self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None
    ) -> None:
        if width is None:
            columns = min(shutil.get_terminal_size().columns, max_width or 80)
            width = max(columns - 2, _LEAST_WIDTH)
        super().__init__(indent_increment, width, max_width)

    def write(self, string: str) -> None:
        """Adds text to the help."""
        super().write(string.replace(_HYPHEN, "-"))

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Writes names and explanations in two columns."""
        whole = [(name, text.replace("-", _HYPHEN)) for name, text in rows]
        super().write_dl(whole, min(col_max, self.width // 3), col_spacing)


class Context(click.Context):
    """A context whose help has that layout."""

    formatter_class = Formatter
