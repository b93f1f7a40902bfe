"""What a rule yields, looked at before the engine takes it, and why a rule failed."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import GeneratorType
from typing import get_args

from nginx2istio.bridge.place import Place
from nginx2istio.istio.edits import Edit
from nginx2istio.rule.message import Finding
from nginx2istio.rule.rule import Rule

_KINDS = frozenset({Finding, *get_args(Edit)})


def results(rule: Rule, place: Place) -> Sequence[Edit | Finding]:
    """What the rule yields at a place. Raises TypeError for what is no edit and no finding."""
    values = rule.translate(place)
    if not isinstance(values, GeneratorType | Iterable):
        raise TypeError(f"the function returns {_a(values)}; a rule yields edits and findings")
    yielded = list(values)
    for value in yielded:
        if value.__class__ not in _KINDS:
            raise TypeError(f"the rule yields {_a(value)}, which is no edit and no finding")
    return yielded


def failure(rule: Rule, error: Exception) -> str:
    """Why a rule failed: the error, and the line of the rule's file where it happened."""
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    file = Path(rule.translate.__code__.co_filename)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(file)]
    where = f"{file.name}, line {lines[-1]}" if lines else file.name
    return f"{type(error).__name__}: {text} ({where})"


def _a(value: object) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
