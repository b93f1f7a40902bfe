"""Text that is safe to show: no character acts on a terminal, reorders its neighbours or hides."""

from __future__ import annotations

import re

UNPRINTABLE = re.compile(
    "["
    "\\x00-\\x1f\\x7f-\\x9f"  # C0, DEL, C1
    "\\xad\\u061c\\u180e\\u200b-\\u200f"  # soft hyphen, zero width, direction marks
    "\\u2028-\\u202e\\u2060-\\u206f"  # line separators, embedded and isolated directions
    "\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f"  # byte order mark, interlinear marks, tags
    "\\ud800-\\udfff"  # halves of a character: no encoding writes them
    "]"
)
"""A character that a terminal or a browser does not show; ``web/js/dom.js`` has the same."""


def printable(text: str) -> str:
    """The text as one line; each unprintable character is shown by its number: ``⟨U+001B⟩``."""
    return UNPRINTABLE.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def printable_lines(text: str) -> str:
    """The text with its line ends; every other unprintable character is shown by its number."""
    return "\n".join(printable(line) for line in text.split("\n"))
