"""Go's way of reading values."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nginx2istio.nginx.build.controller import controller
from nginx2istio.nginx.values.checks import CACHE_DURATION, cache_durations
from nginx2istio.nginx.values.configmap import WrongValue, decode
from nginx2istio.nginx.values.go import (
    address_list,
    boolean,
    compiles,
    integer,
    normalise,
    options_check,
    parse_address,
    regex_check,
    split_list,
    trim,
)
from nginx2istio.nginx.values.references import configmap_problem


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, True) for text in ("1", "t", "T", "true", "True", "TRUE")),
        *((text, False) for text in ("0", "f", "F", "false", "False", "FALSE")),
        *((text, None) for text in ("", "yes", "on", "tRUE", " true", "true\n", "2")),
    ],
)
def test_boolean(text: str, value: bool | None) -> None:
    assert boolean(text) is value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("007", 7),
        ("+5", 5),
        ("-5", -5),
        ("9223372036854775807", 9223372036854775807),
        ("-9223372036854775808", -9223372036854775808),
        ("9223372036854775808", None),
        ("", None),
        (" 5", None),
        ("5\n", None),
        ("5s", None),
        ("1_000", None),
        ("0x1", None),
        ("1.0", None),
        ("٣", None),
    ],
)
def test_integer(text: str, value: int | None) -> None:
    assert integer(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2.3.4", "1.2.3.4"),
        ("10.1.2.3/8", "10.0.0.0/8"),
        ("1.2.3.4/032", "1.2.3.4/32"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("2001:db8::1/32", "2001:db8::/32"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("::ffff:1.2.3.4/120", "1.2.3.0/24"),
        ("::ffff:1.2.3.4/90", "::ffc0:0:0/90"),
        ("0.0.0.0/0", "0.0.0.0/0"),
        ("::/0", "::/0"),
        ("01.2.3.4", None),
        ("1.2.3", None),
        ("1.2.3.4/33", None),
        ("1.2.3.4/", None),
        ("1.2.3.4/-1", None),
        ("1.2.3.4/255.0.0.0", None),
        ("fe80::1%eth0", None),
        (" 1.2.3.4", None),
        ("a.test", None),
        ("", None),
    ],
)
def test_address(text: str, value: str | None) -> None:
    assert parse_address(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.2.3.4", ("1.2.3.4",)),
        (" 10.0.0.1/8 , 1.2.3.4,10.9.9.9/8", ("1.2.3.4", "10.0.0.0/8")),
        ("9.9.9.9,10.0.0.0/8", ("10.0.0.0/8", "9.9.9.9")),
        ("1.2.3.4,", None),
        ("1.2.3.4 5.6.7.8", None),
        ("", None),
    ],
)
def test_address_list(text: str, value: tuple[str, ...] | None) -> None:
    assert address_list(text) == value


@settings(deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_networks_of_an_address_are_stable(number: int, bits: int) -> None:
    text = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
    network = parse_address(f"{text}/{bits}")
    assert network
    assert parse_address(network) == network
    assert network.endswith(f"/{bits}")


def test_blanks_are_those_of_unicode() -> None:
    assert trim("\t\x85\xa0\u2003 x \u3000\r\n") == "x"
    assert trim("\x1cx\x1f") == "\x1cx\x1f"


def test_lines_are_trimmed_one_by_one() -> None:
    assert normalise("  a  b \n\t c \n") == "a  b\nc\n"
    assert normalise("  ") == ""


def test_split_list() -> None:
    assert split_list(" a ,, b,") == ("a", "b")
    assert split_list("") == ()


def test_patterns_forget_blanks_and_refuse_line_ends() -> None:
    check = regex_check("[a-z]*", spaceless=True)
    assert check("a b c")
    assert not check("a\tb")
    assert not check("a\nb")
    assert not regex_check(r"[a-z\s]*")("a\nb")
    assert not regex_check("[a-z]*")("a b")
    assert regex_check("b", whole=False)("abc")


def test_options() -> None:
    assert options_check("on", "off")(" on ")
    assert not options_check("on", "off")("On")
    assert options_check("http", cased=False)("HTTP")
    assert not options_check("http", cased=False)("HTTPS")


@pytest.mark.parametrize(("text", "fine"), [("a.*", True), ("(", False), (r"(?=a)", False)])
def test_compiles(text: str, fine: bool) -> None:
    assert compiles(text) is fine


@pytest.mark.parametrize(
    ("text", "value", "fine"),
    [
        ("200 5m", ("200 5m",), True),
        ("200 202 401 5m, 404 1h 30m", ("200 202 401 5m", "404 1h 30m"), True),
        ("any 5m", ("any 5m",), True),
        ("", (CACHE_DURATION,), True),
        (" , ", (CACHE_DURATION,), True),
        ("200", (CACHE_DURATION,), False),
        ("5m 200", (CACHE_DURATION,), False),
        ("200 5m, 404", (CACHE_DURATION,), False),
    ],
)
def test_cache_durations(text: str, value: tuple[str, ...], fine: bool) -> None:
    durations, problem = cache_durations(text)
    assert durations == value
    assert (problem == "") is fine


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("int", "10", 10),
        ("int", "0x1f", 31),
        ("int", "017", 15),
        ("int", "1_000", 1000),
        ("int", "0_7", 7),
        ("int", "-0b11", -3),
        ("int", "", 0),
        ("int", "08", None),
        ("int", "1__0", None),
        ("int", "1.5", None),
        ("int", " 5", None),
        ("int32", "2147483648", None),
        ("bool", "", False),
        ("bool", "T", True),
        ("bool", "yes", None),
        ("float", "1e3", 1000.0),
        ("float", ".5", 0.5),
        ("float", "x", None),
        ("list", "a,b", ("a,b",)),
        ("list", "", ()),
        ("str", " x ", " x "),
    ],
)
def test_weak_decoding(kind: str, text: str, value: object) -> None:
    if value is None:
        with pytest.raises(WrongValue):
            decode(kind, text)
    else:
        assert decode(kind, text) == value


@pytest.mark.parametrize(
    ("key", "data", "effect"),
    [
        ("custom-headers", {"X-A": "1; mode=block"}, None),
        ("custom-headers", {}, None),
        ("custom-headers", None, "denied"),
        ("custom-headers", {"X-B": "1"}, "denied"),
        ("custom-headers", {"x-a": "1"}, "denied"),
        ("custom-headers", {"X A": "1"}, "denied"),
        ("custom-headers", {"X-A": "é"}, "denied"),
        ("custom-headers", {"X-A": ""}, "denied"),
        ("custom-headers", {"X-A": "a\nb"}, "denied"),
        ("auth-proxy-set-headers", {"X-B": "é"}, None),
        ("auth-proxy-set-headers", {"X:B": "1"}, "denied"),
        ("auth-proxy-set-headers", None, "denied"),
        ("fastcgi-params-configmap", {"SCRIPT_FILENAME": "/x/$fastcgi_script_name"}, None),
        ("fastcgi-params-configmap", {"A": ""}, None),
        ("fastcgi-params-configmap", {"A": "b c"}, "dropped"),
        ("fastcgi-params-configmap", {"A B": "c"}, "dropped"),
        ("fastcgi-params-configmap", None, "denied"),
    ],
)
def test_configmaps_that_annotations_name(
    key: str, data: dict[str, str] | None, effect: str | None
) -> None:
    problem = configmap_problem(key, data, controller({"global-allowed-response-headers": "X-A"}))
    assert (problem.effect if problem else None) == effect
