"""Regular expressions for Envoy: what PCRE can say and RE2 can't; google-re2 is the judge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import re2  # type: ignore[import-untyped]

from nginx2istio.istio.spelled_patterns import spelled

LIMIT = 1024
"""Istio's limit for a regular expression, in bytes (validateStringRegexp)."""
MAX_PROGRAM_SIZE = 32_768
"""The largest program that Envoy takes: ``re2.max_program_size.error_level`` of Istio's bootstrap.

Envoy counts as RE2::ProgramSize does (CompiledGoogleReMatcher), and one larger program in a
RouteConfiguration costs the gateway all its routes.
"""
ANY_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
"""RE2's ``\\C``, which the regexp package of Go, and with it Istio's webhook, does not know."""

COMMENTS = re.compile(r"\(\?(#|[a-zA-Z^-]*x)")
CLASS_START = re.compile(r"\[\^?\]?")
"""The beginning of a class, of which a ``]`` at the very first place is a member."""


class Untranslatable(ValueError):
    """A regular expression that Envoy can't have, and why."""


@lru_cache(maxsize=65_536)  # a location's pattern is asked about many times, and once at the end
def compiled(pattern: str) -> str:
    """The pattern, if Istio and Envoy take it. Raises Untranslatable."""
    options = re2.Options()
    options.log_errors = False
    if len(pattern.encode(errors="surrogatepass")) > LIMIT:
        raise Untranslatable(f"it is longer than {LIMIT} bytes")
    try:
        size = re2.compile(pattern, options).programsize
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise Untranslatable(reason) from error
    if size > MAX_PROGRAM_SIZE:
        raise Untranslatable(f"its program has {size} steps, Envoy takes {MAX_PROGRAM_SIZE}")
    if ANY_BYTE.search(pattern):
        raise Untranslatable("Istio does not know \\C")
    return pattern


def for_path(pattern: str, any_case: bool = False, query: bool = False) -> str:
    """A pattern over a decoded path for the path as Envoy has it. Raises Untranslatable.

    With ``query`` for a path with its query, into which nothing negated reaches.
    """
    compiled(pattern)  # before anything is made of what RE2 can't read
    text = spelled(pattern, query)
    return compiled(f"(?i){text}" if any_case else text)


def alternatives(pattern: str) -> bool:
    """Whether the pattern has a ``|`` outside of all groups and character classes.

    It never says no where PCRE finds one: a pattern with comments counts as one that has.
    """
    if "|" in pattern and COMMENTS.search(pattern):
        return True
    depth, i, in_class = 0, 0, False
    while i < len(pattern):
        char = pattern[i]
        if pattern.startswith("\\Q", i):
            end = pattern.find("\\E", i)
            i = len(pattern) if end < 0 else end + 1
        elif char == "\\":
            i += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            i += len(CLASS_START.match(pattern, i)[0]) - 1  # type: ignore[index]
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "|" and depth == 0:
            return True
        i += 1
    return False


def starting_with(pattern: str) -> str:
    """A pattern for the whole of a path of which nginx's ``~* ^pattern`` matches the beginning.

    Envoy's route matcher compares the whole path. A ``|`` outside of groups splits nginx's ``^``
    off: the second half matches anywhere. Raises Untranslatable.
    """
    if pattern.rpartition("\\E")[2].count("\\Q"):
        raise Untranslatable("its quotation does not end")
    if alternatives(pattern):
        return for_path(f".*?(?:^{pattern}).*", any_case=True)
    return for_path(pattern + ("" if pattern.endswith((".*", "(.*)")) else ".*"), any_case=True)


def whole(pattern: str) -> str:
    """A pattern for rewriting a whole path by nginx's ``rewrite "(?i)pattern"``.

    It takes the rest of the path too, as nginx drops what the pattern doesn't capture. Raises
    Untranslatable.
    """
    if alternatives(pattern):
        return for_path(f"^.*?(?:{pattern}).*$", any_case=True)
    return for_path(f"^{pattern}.*$", any_case=True)


@lru_cache(maxsize=4096)
def groups(pattern: str) -> int:
    """How many groups a pattern captures. Raises Untranslatable."""
    return int(re2.compile(compiled(pattern)).groups)


@lru_cache(maxsize=4096)
def takes_nothing(pattern: str) -> bool:
    """Whether the pattern matches the empty text as a whole. Raises Untranslatable."""
    return bool(re2.fullmatch(compiled(pattern), ""))


@lru_cache
def above(number: int) -> str:
    """A pattern for the whole numbers greater than ``number``, leading zeros allowed."""
    digits = str(number)
    larger = [f"[1-9][0-9]{{{len(digits)},}}"]
    for i, digit in enumerate(digits):
        if digit < "9":
            next_digits = "9" if digit == "8" else f"[{int(digit) + 1}-9]"
            rest = len(digits) - i - 1
            tail = ["", "[0-9]"][rest] if rest < 2 else f"[0-9]{{{rest}}}"
            larger.append(digits[:i] + next_digits + tail)
    return f"0*({'|'.join(larger)})"


def authority_regex(names: Sequence[str]) -> str:
    """A pattern for Host headers whose name fits one of these, in any case and with any port."""
    either = names[0] if len(names) == 1 else f"({'|'.join(names)})"
    return f"(?i){either}(:[0-9]+)?"


LONGEST_ALTERNATIVES = 1000
"""Characters of a regular expression, a little below Istio's limit of 1024."""


def joined_alternatives(patterns: Iterable[str]) -> list[str]:
    """Alternatives in as few regular expressions as Istio's limit for their length allows."""
    groups: list[str] = []
    for alternative in patterns:
        if groups and len(groups[-1]) + len(alternative) < LONGEST_ALTERNATIVES:
            groups[-1] += f"|{alternative}"
        else:
            groups.append(alternative)
    return [f"(?i)({group})" if "|" in group else f"(?i){group}" for group in groups]
