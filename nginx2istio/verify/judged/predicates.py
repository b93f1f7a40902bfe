"""The requests that a finding says it is about (``requests`` in the report)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import re2  # type: ignore[import-untyped]

from nginx2istio.verify.judged.declared import path_of
from nginx2istio.verify.judged.exchange import FindingData, RequestRecord


def predicates(finding: FindingData) -> list[dict[str, Any]]:
    """The predicates of a finding, any of which has to hold; none: all requests."""
    given = finding.get("requests") or []
    return [given] if isinstance(given, dict) else list(given)


def is_about(finding: FindingData, request: RequestRecord) -> bool:
    """Whether a finding is about a request, as far as its predicates say."""
    given = predicates(finding)
    return not given or any(holds(predicate, request) for predicate in given)


def holds(predicate: dict[str, Any], request: RequestRecord) -> bool:
    """Whether everything that a predicate names is true of a request; never for an unknown name."""
    return all(name in TESTS and TESTS[name](request, value) for name, value in predicate.items())


@lru_cache(maxsize=1 << 14)
def searched(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text."""
    return _searcher(pattern)(text)


_LONG = 500
_NONE_OF = re.compile(r"\(\?i\)\^\(\?!(.*)\)")
"""None of many hosts: ``re`` tries one after the other, RE2 all at once."""


@lru_cache(maxsize=1024)
def _searcher(pattern: str) -> Callable[[str], bool]:
    """What searches a text for a pattern: a long one is read once."""
    none_of = _NONE_OF.fullmatch(pattern) if len(pattern) > _LONG else None
    automaton = _automaton(none_of[1]) if none_of else None
    if automaton is not None:
        return lambda text: automaton.match(text) is None
    compiled = re.compile(pattern)
    return lambda text: compiled.search(text) is not None


def _automaton(pattern: str) -> Any:
    """A pattern in any case; None for one that RE2 does not take."""
    options = re2.Options()
    options.log_errors, options.case_sensitive, options.max_mem = False, False, 1 << 28
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def _headers(request: RequestRecord) -> list[list[str]]:
    return request.get("headers") or []


def _unknown_length(request: RequestRecord) -> bool:
    return bool(request.get("chunked") or str(request.get("http")) == "2")


TESTS: dict[str, Callable[[RequestRecord, Any], bool]] = {
    "header": lambda r, value: any(name.lower() == value.lower() for name, _ in _headers(r)),
    "method": lambda r, value: r["method"] in ([value] if isinstance(value, str) else value),
    "not_method": lambda r, value: r["method"] not in value,
    "http": lambda r, value: str(r.get("http") or "1.1") == str(value),
    "target": lambda r, value: searched(value, path_of(r["target"])),
    "host": lambda r, value: searched(value, r["host"] or ""),
    "header_over": lambda r, value: (
        any(len(name) + len(text) > value for name, text in _headers(r)) or len(r["target"]) > value
    ),
    "headers_over": lambda r, value: len(_headers(r)) > value,
    "body_over": lambda r, value: (r.get("body_bytes") or 0) > value,
    "no_length": lambda r, value: _unknown_length(r) == bool(value),
    "scheme": lambda r, value: r["scheme"] == value,
    "absolute_form": lambda r, value: ("://" in r["target"].split("?")[0]) == value,
    # What only bytes show; no recorded request is malformed, or has a response that is. Of a
    # response only nginx's answer is recorded, which lacks what nginx hides.
    "malformed": lambda r, value: bool(r.get("malformed")) == value,
    "response": lambda r, value: r.get("response") == value,
    "response_header": lambda r, value: any(
        re.fullmatch(value, name, re.IGNORECASE) for name in r.get("response_headers", ())
    ),
    "response_header_over": lambda r, value: r.get("response_header_bytes", 0) > value,
}
