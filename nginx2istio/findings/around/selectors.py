"""Label selectors over labels that are known in part: yes, no, or (None) it depends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nginx2istio.inputs.held.fields import mapping, mappings

Answer = bool | None


def every(answers: Iterable[Answer]) -> Answer:
    """Whether all hold."""
    result: Answer = True
    for answer in answers:
        if answer is False:
            return False
        result = result and answer
    return result


def either(answers: Iterable[Answer]) -> Answer:
    """Whether one holds."""
    result: Answer = False
    for answer in answers:
        if answer:
            return True
        result = None if answer is None else result
    return result


def selects(selector: Any, labels: Mapping[str, str], complete: bool) -> Answer:
    """Whether a LabelSelector takes what has these labels; ``complete``: it has no others."""
    selector = mapping(selector)
    pairs = mapping(selector.get("matchLabels")).items()
    terms = [
        *(_has(labels, str(key), complete, (str(text or ""),)) for key, text in pairs),
        *(_term(term, labels, complete) for term in mappings(selector.get("matchExpressions"))),
    ]
    return every(terms)


def _has(
    labels: Mapping[str, str], key: str, complete: bool, values: tuple[str, ...] | None
) -> Answer:
    if key not in labels:
        return False if complete else None
    return values is None or str(labels[key] or "") in values


def _term(term: Mapping[str, Any], labels: Mapping[str, str], complete: bool) -> Answer:
    key, values = str(term.get("key") or ""), tuple(map(str, term.get("values") or ()))
    match str(term.get("operator") or ""):
        case "In":
            return _has(labels, key, complete, values)
        case "NotIn":
            answer = _has(labels, key, complete, values)
        case "Exists":
            return _has(labels, key, complete, None)
        case _:
            answer = _has(labels, key, complete, None)
    return None if answer is None else not answer


def matches_pattern(pattern: str, text: str) -> bool:
    """Whether Istio's pattern takes a text: a star at its beginning or end, or alone."""
    if pattern == "*":
        return bool(text)
    if pattern.startswith("*"):
        return text.endswith(pattern[1:])
    return text.startswith(pattern[:-1]) if pattern.endswith("*") else text == pattern
