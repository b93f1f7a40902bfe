"""What is said of things for which no rule has to run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Fate = Literal["translated", "approximated", "unsupported", "neutral", "ineffective"]


@dataclass(frozen=True, slots=True)
class NoRule:
    """The owner of things that need no rule, or can have none.

    ``keys`` are names of the catalogue: a flag with its two dashes, a field of the Ingress, a
    silent default, a key that older releases read. ``text`` says what becomes of them and why,
    without a final period; ``to_do`` is empty when there is nothing to do.
    """

    keys: tuple[str, ...]
    fate: Fate
    text: str
    to_do: str = ""
