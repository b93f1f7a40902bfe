"""Words and comments for a POSIX shell that stay what they are, whatever a user's text holds."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from nginx2istio.base.printable import printable


def shell_word(text: str) -> str:
    """One word of a command. No object's name holds an unprintable character, so none is passed."""
    return shlex.quote(printable(text))


def shell_words(texts: Iterable[str]) -> str:
    """Words of a command, with spaces between them."""
    return " ".join(map(shell_word, texts))


def shell_comment(text: str) -> str:
    """A comment of one line: only a line break could end it."""
    return f"# {printable(text)}".rstrip()
