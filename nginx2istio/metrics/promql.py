"""Where in a PromQL text the selectors and the lists of labels are.

Text that is not rewritten stays as it was written, Grafana's variables and comments included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

METRIC_PREFIX = "nginx_ingress_controller_"

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)
    | (?P<range>\[[^]]*\])
    | (?P<name>\$\{[^}]*\}|\$?[A-Za-z_:][\w:]*)
    | (?P<operator>=~|!~|!=|==|<=|>=|.)""",
    re.VERBOSE | re.DOTALL,
)
_LISTING = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query; ``kind`` is a group of ``_TOKEN``."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Matcher:
    """``label operator "value"``; ``value`` is as it stands between double quotes."""

    label: str
    operator: str
    value: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function around a selector; ``end`` is behind its closing parenthesis."""

    function: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric of ingress-nginx with its matchers; ``calls`` are around it, innermost first.

    ``whole_end`` is behind the range, if it has one. ``metric`` has no prefix.
    """

    metric: str
    matchers: tuple[Matcher, ...]
    start: int
    end: int
    whole_end: int
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class LabelList:
    """``by (a, b)`` and the like: the labels and where they stand, without the parentheses."""

    labels: tuple[str, ...]
    start: int
    end: int


class UnreadableQuery(ValueError):
    """A query whose parentheses or matchers don't end."""


def tokens(query: str) -> list[Token]:
    """The tokens of a query without blanks and comments."""
    every = (Token(str(m.lastgroup), m[0], *m.span()) for m in _TOKEN.finditer(query))
    return [token for token in every if token.kind != "space"]


def selectors(query: str) -> list[Selector]:
    """The selectors of ingress-nginx's metrics. Raises UnreadableQuery."""
    words = tokens(query)
    closing = _closing(words)
    calls: list[tuple[int, Call]] = []  # with the index of the parenthesis that closes it
    result = []
    for index, token in enumerate(words):
        while calls and calls[-1][0] <= index:
            calls.pop()
        if token.text == "(" and index and words[index - 1].kind == "name":
            before = words[index - 1]
            end = words[closing[index]].end
            calls.append((closing[index], Call(before.text.lower(), before.start, end)))
        if token.kind == "name" and token.text.startswith(METRIC_PREFIX):
            around = tuple(call for _, call in reversed(calls))
            result.append(_selector(words, closing, index, around))
    return result


def label_lists(query: str) -> Iterator[LabelList]:
    """The labels of groupings and of matching between vectors. Raises UnreadableQuery."""
    words = tokens(query)
    closing = _closing(words)
    for index, token in enumerate(words[:-1]):
        if token.kind != "name" or token.text.lower() not in _LISTING:
            continue
        if words[index + 1].text != "(":
            continue
        end = closing[index + 1]
        labels = tuple(word.text for word in words[index + 2 : end] if word.kind == "name")
        yield LabelList(labels, words[index + 1].end, words[end].start)


def _closing(words: list[Token]) -> dict[int, int]:
    """The index of what closes each parenthesis and brace, by that of what opens it."""
    pairs, opened = {}, []
    for index, token in enumerate(words):
        if token.text in ("(", "{"):
            opened.append(index)
        elif token.text in (")", "}"):
            if not opened:
                raise UnreadableQuery(f"{token.text} closes nothing")
            pairs[opened.pop()] = index
    if opened:
        raise UnreadableQuery(f"{words[opened[-1]].text} is not closed")
    return pairs


def _selector(
    words: list[Token], closing: dict[int, int], index: int, calls: tuple[Call, ...]
) -> Selector:
    name, end = words[index], index
    matchers: tuple[Matcher, ...] = ()
    if index + 1 < len(words) and words[index + 1].text == "{":
        end = closing[index + 1]
        matchers = tuple(_matchers(words[index + 2 : end]))
    has_range = end + 1 < len(words) and words[end + 1].kind == "range"
    whole_end = words[end + has_range].end
    metric = name.text.removeprefix(METRIC_PREFIX)
    return Selector(metric, matchers, name.start, words[end].end, whole_end, calls)


def _matchers(words: list[Token]) -> Iterator[Matcher]:
    rest = iter(words)
    for label in rest:
        if label.text == ",":
            continue
        operator, value = next(rest, None), next(rest, None)
        if operator is None or value is None or value.kind != "text":
            raise UnreadableQuery(f"the matcher of {label.text} has no value")
        yield Matcher(label.text, operator.text, _between_double_quotes(value.text))


def _between_double_quotes(text: str) -> str:
    quote, inner = text[0], text[1:-1]
    if quote == "'":
        return inner.replace("\\'", "'").replace('"', '\\"')
    if quote == "`":  # a raw string
        return inner.replace("\\", "\\\\").replace('"', '\\"')
    return inner
