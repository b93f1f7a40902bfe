"""Classes of paths: automata decide as regular expressions do, and no class is missed."""

from __future__ import annotations

import random
import re

import pytest

from nginx2istio.verify.automata import NotRegular, example, regex_automaton
from nginx2istio.verify.path_classes import PathPattern, path_classes

PATTERNS = [
    "^/api(/|$)(.*)",
    "^/item/[a-z]{3}$",
    r"^/v\d+/(users|orders)/?$",
    "^/a|/b",
    ".*(?:^/a|/b)",
    "(?:.*/x|^/a)s",
    "^/x(?:y{0,2}z)*$",
    "^/[^/]+/static/.*\\.(js|css)$",
    "^/.*",
    "^/a.c",
]
ALPHABET = "/abcxyzv0129.-Ajsusorder"


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("any_case", [False, True])
def test_an_automaton_decides_as_the_expression(pattern: str, any_case: bool) -> None:
    dice = random.Random(f"{pattern} {any_case}")
    compiled = re.compile(pattern, re.IGNORECASE if any_case else 0)
    machine = regex_automaton(pattern, False, any_case)
    texts = ["/" + "".join(dice.choices(ALPHABET, k=dice.randrange(9))) for _ in range(400)]
    texts += [t for p in PATTERNS if p == pattern for t in _members(machine)]
    for text in texts:
        state = machine.start
        for char in text:
            state = machine.step(state, char)
        assert bool(machine.accepts(state)) == bool(compiled.match(text)), text


def _members(machine: object) -> list[str]:
    text = example(machine)  # type: ignore[arg-type]
    assert text is not None
    return [text, text + "/", text + "x", text[:-1]]


def test_the_whole_text_has_to_fit_where_envoy_compares() -> None:
    machine = regex_automaton("/a(b|c)", True)
    assert example(machine) == "/ab"
    state = machine.start
    for char in "/abx":
        state = machine.step(state, char)
    assert not machine.accepts(state)


def test_an_example_is_what_a_header_may_have() -> None:
    for pattern in (".", "^.+$", "[^a]", "[^0-9]"):
        text = example(regex_automaton(pattern, False))
        assert text and text.isprintable(), pattern


def test_paths_that_are_written_with_two_slashes_are_asked_for() -> None:
    patterns = [PathPattern("nginx", "prefix", "/"), PathPattern("istio", "exact", "//")]
    assert [each.target for each in path_classes(patterns).classes] == ["/", "//"]


@pytest.mark.parametrize("pattern", ["(a)\\1", "(?=x)y", "a(?<!b)c"])
def test_what_is_no_regular_language_is_refused(pattern: str) -> None:
    with pytest.raises(NotRegular):
        regex_automaton(pattern, True)


def test_each_set_of_patterns_has_a_shortest_path() -> None:
    patterns = [
        PathPattern("nginx", "prefix", "/"),
        PathPattern("nginx", "exact", "/api"),
        PathPattern("nginx", "prefix", "/api/"),
        PathPattern("istio", "prefix", "/"),
        PathPattern("istio", "exact", "/api"),
        PathPattern("istio", "prefix", "/api/v1"),
    ]
    result = path_classes(patterns)
    assert result.complete
    assert {c.target for c in result.classes} == {"/", "/api", "/api/", "/api/v1"}


def test_spellings_of_a_byte_are_told_apart() -> None:
    patterns = [
        PathPattern("nginx", "prefix", "/a b"),
        PathPattern("istio", "prefix", "/a%20b"),
        PathPattern("nginx", "exact", "/x:y"),
        PathPattern("istio", "exact", "/x:y"),
    ]
    classes = {c.matching: c.target for c in path_classes(patterns).classes}
    assert classes[frozenset({0, 1})] == "/a%20b"
    assert classes[frozenset({2, 3})] == "/x:y"
    assert classes[frozenset({2})] == "/x%3Ay"  # which only nginx takes


def test_random_paths_are_in_a_class_that_was_reached() -> None:
    dice = random.Random("classes")
    words = ["a", "ab", "api", "v1", "b", "static"]
    for _ in range(40):
        texts = ["/" + "/".join(dice.choices(words, k=dice.randint(1, 3))) for _ in range(6)]
        patterns = [
            PathPattern(side, dice.choice(["exact", "prefix"]), text)
            for text in texts
            for side in ("nginx", "istio")
        ]
        reached = {c.matching for c in path_classes(patterns).classes}
        for _ in range(50):
            path = "/" + "/".join(dice.choices(words, k=dice.randint(0, 4)))
            matching = frozenset(
                number
                for number, p in enumerate(patterns)
                if (path == p.text if p.kind == "exact" else path.startswith(p.text))
            )
            assert matching in reached, (path, patterns)
