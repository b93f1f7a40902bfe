"""Snippets as nginx reads them, and what they come to: headers, addresses, subjects."""

from __future__ import annotations

from typing import Any

import pytest

from nginx2istio.nginx.facts.directives import refuses, subject
from nginx2istio.nginx.facts.headers import SENT_WITH, Unclear, header_lines
from nginx2istio.nginx.facts.snippet import directive_origin, parse_snippet
from nginx2istio.nginx.facts.snippet_access import ALL_NETWORKS, read_access_list
from nginx2istio.nginx.model import Origin, Setting


def test_directives_have_lines_and_quotes_are_gone() -> None:
    read = parse_snippet('\nif ($http_x ~ "a b") {\n  return 403;\n}\nadd_header X "y z" always;')
    first, second = read.directives
    assert (first.name, first.args, first.line) == ("if", ("$http_x", "~", "a b"), 2)
    assert first.block is not None
    assert [(d.name, d.line) for d in first.all()] == [("if", 2), ("return", 3)]
    assert second.text == 'add_header X "y z" always;'
    assert first.text == 'if ($http_x ~ "a b") { ... }'


@pytest.mark.parametrize(
    ("written", "argument"),
    [
        (r'"a\nb\t\"q\" \\x \. \'s\'"', "a\nb\t\"q\" \\x \\. 's'"),
        (r"'x\ny\"z'", 'x\ny"z'),
        (r"p\nq\"r\\s\.t", 'p\nq"r\\s\\.t'),
        (r'"\\n"', r"\n"),
        (r'"\\\"x"', r"\"x"),
    ],
)
def test_escapes_are_those_of_the_parser(written: str, argument: str) -> None:
    """``ngx_conf_read_token``; Debian's nginx answered these with ``return 200 ...;``."""
    (only,) = parse_snippet(f"return 200 {written};").directives
    assert only.args == ("200", argument)
    assert "\n" not in only.text


@pytest.mark.parametrize("text", ["return 403", "a { b;", "}", 'a "b;'])
def test_what_nginx_cannot_read_has_a_reason(text: str) -> None:
    read = parse_snippet(text)
    assert read.error
    assert not read.directives


def test_lua_is_one_argument() -> None:
    (only,) = parse_snippet('content_by_lua_block {\n ngx.say("}")\n}').directives
    assert only.text == "content_by_lua_block { ... }"


def test_a_directive_is_found_on_its_own_line_where_the_file_shows_it() -> None:
    second = parse_snippet("a 1;\nb 2;").directives[1]
    at = Origin("Ingress", "shop", "web", "x", "f.yaml", 7)
    assert directive_origin(Setting("k", "", at, "", block=8), second).line == 9
    assert directive_origin(Setting("k", "", at, ""), second).line == 7


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('more_set_headers "A: b c" "D:";', [("set", "A", "b c", ()), ("clear", "D", "", ())]),
        ('more_set_headers -s "404 500" "A: b";', [("set", "A", "b", (404, 500))]),
        ("add_header A b;", [("add", "A", "b", SENT_WITH)]),
        ("add_header A b always;", [("add", "A", "b", ())]),
        ('add_header A "";', []),
        ("more_clear_headers A B;", [("clear", "A", "", ()), ("clear", "B", "", ())]),
        ('proxy_set_header A "";', [("send", "A", "", ())]),
        ("more_set_input_headers 'A: b';", [("input", "A", "b", ())]),
    ],
)
def test_headers_of_a_directive(text: str, lines: list[Any]) -> None:
    (only,) = parse_snippet(text).directives
    assert list(header_lines(only)) == lines


@pytest.mark.parametrize(
    "text",
    [
        'more_set_headers -t text/html "A: b";',
        "more_clear_headers X-*;",
        'more_clear_headers -s "404" A;',
        'add_header "" x;',
        "add_header A;",
    ],
)
def test_forms_that_are_not_read_say_so(text: str) -> None:
    (only,) = parse_snippet(text).directives
    with pytest.raises(Unclear):
        header_lines(only)


@pytest.mark.parametrize(
    ("text", "allow", "deny", "beyond"),
    [
        ("allow 10.0.0.1; deny all;", ("10.0.0.1",), (), False),
        ("deny 10.0.0.1;", (), ("10.0.0.1",), False),
        ("deny 10.0.0.1; allow 10.0.0.0/8; deny all;", ("10.0.0.0/8",), ("10.0.0.1",), False),
        ("deny all;", (), ALL_NETWORKS, False),
        ("allow all; deny 10.0.0.1;", (), (), False),
        ("allow 10.0.0.1;", (), (), False),
        ("allow 10.0.0.0/8; deny 10.1.0.0/16;", (), (), True),
    ],
)
def test_the_first_match_of_allow_and_deny_decides(
    text: str, allow: tuple[str, ...], deny: tuple[str, ...], beyond: bool
) -> None:
    access_list = read_access_list(parse_snippet(text).directives)
    assert (access_list.allow, access_list.deny, bool(access_list.beyond)) == (allow, deny, beyond)
    assert access_list  # said, if only to let everybody in
    assert not read_access_list(())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("return 403;", True),
        ("return 301 /x;", False),
        ("return 503;", True),
        ("deny all;", True),
        ("access_by_lua_file /x;", True),
        ("add_header A b;", False),
    ],
)
def test_what_keeps_somebody_out(text: str, expected: bool) -> None:
    (only,) = parse_snippet(text).directives
    assert refuses(only) is expected


def test_unheard_of_directives_are_about_something_else() -> None:
    assert subject("proxy_cache_valid") == "cache"
    assert subject("frobnicate") == "other"
