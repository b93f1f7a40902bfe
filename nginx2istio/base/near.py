"""The name that was meant, for errors."""

from __future__ import annotations

import os
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile


def did_you_mean(name: str, names: Collection[str]) -> str:
    """The question `` Did you mean X?`` for the most similar of ``names``, "" for none.

    Of several that are equally similar it is one that begins alike.
    """

    def likeness(other: str) -> tuple[float, int]:
        beginning = takewhile(lambda pair: pair[0] == pair[1], zip(name, other, strict=False))
        return SequenceMatcher(None, other, name).ratio(), len(list(beginning))

    near = get_close_matches(name, names, max(len(names), 1))
    return f" Did you mean {max(near, key=likeness)}?" if near else ""


def did_you_mean_path(path: str) -> str:
    """The same for a path that leads nowhere: what lies in the folder that should hold it."""
    path = path.rstrip("/")
    folder = os.path.dirname(path)
    try:
        names = os.listdir(folder or os.curdir)
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ""
    return did_you_mean(path, [os.path.join(folder, each) for each in names])
