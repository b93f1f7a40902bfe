"""ConfigMap values: the keys that ReadConfig takes out by hand, and mapstructure's weak decoding.

Every reader here returns the value in force and what was skipped of the text ("" when nothing), or
raises WrongValue when the default stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nginx2istio.nginx.values.checks import HEADER_NAME, METHOD, cache_durations
from nginx2istio.nginx.values.go import Value, boolean, integer, matches, parse_address, trim
from nginx2istio.nginx.values.urls import absolute_url

Read = Callable[[str, Mapping[str, Value]], tuple[Value, str]]


class WrongValue(ValueError):
    """A text that the controller cannot use for its key; the message says why."""


def decode(kind: str, text: str) -> Value:
    """Read ``text`` as mapstructure does with WeaklyTypedInput; raise WrongValue when it cannot."""
    value: Value | None
    match kind:
        case "bool":
            value = boolean(text) if text else False
        case "int" | "int32":
            value = _number(text, 32 if kind == "int32" else 64)
        case "float":
            value = decimal(text)
        case "list":
            value = (text,) if text else ()
        case "codes":
            number = _number(text, 64) if text else None
            value = (number,) if number is not None else None
        case _:
            return text
    if value is None:
        raise WrongValue(f"{text!r} is no {kind}; the default stays")
    return value


def _number(text: str, bits: int) -> int | None:
    """Read a Go literal: strconv.ParseInt with base 0 knows 0x1f, 0b1, 0o17, 017 and 1_000."""
    if not text:
        return 0
    sign, digits = (text[0], text[1:]) if text[0] in "+-" else ("", text)
    if matches(r"0[0-7_]*[0-7]", digits) and "__" not in digits:
        digits = "0o" + digits[1:].lstrip("_")
    if not matches(r"(0[xX]_?[0-9a-fA-F]|0[bB]_?[01]|0[oO]_?[0-7]|[0-9])[0-9a-fA-F_]*", digits):
        return None
    try:
        number = int(sign + digits, 0)
    except ValueError:
        return None
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None


def decimal(text: str) -> float | None:
    """Read a decimal number as strconv.ParseFloat does (without hexadecimal, NaN and Inf)."""
    digits = r"\d(_?\d)*"
    if not text:
        return 0.0
    shape = rf"[+-]?({digits}(\.({digits})?)?|\.{digits})([eE][+-]?\d+)?"
    return float(text) if matches(shape, text) else None


def split_members(text: str) -> tuple[str, ...]:
    """Split at commas (splitAndTrimSpace): no members between two commas, blank ones stay."""
    return tuple(trim(part) for part in text.split(",") if part)


def _list(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    return split_members(text), ""


def _kept(text: str, keep: Callable[[str], bool], what: str) -> tuple[tuple[str, ...], str]:
    members = split_members(text)
    bad = [member for member in members if not keep(member)]
    skipped = f"{', '.join(map(repr, bad))}: no {what}, skipped" if bad else ""
    return tuple(member for member in members if keep(member)), skipped


def _codes(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    """Read custom-http-errors: 300 to 599, all else is skipped (filterErrors)."""
    codes, skipped = _kept(text, _is_error_code, "status code from 300 to 599")
    return tuple(int(code) for code in codes), skipped


def _is_error_code(text: str) -> bool:
    number = integer(text)
    return number is not None and 299 < number < 600


def _is_address(text: str) -> bool:
    return parse_address(text) is not None


def _addresses(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    return _kept(text, _is_address, "address or network")


def _bind(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    addresses, skipped = _kept(text, lambda x: "/" not in x and _is_address(x), "address")
    return tuple(parse_address(member) or member for member in addresses), skipped


def _headers(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    return _kept(text, lambda name: matches(HEADER_NAME, name), "header name")


def _redirect_code(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    number = integer(text)
    if number not in (301, 302, 307, 308):
        raise WrongValue(f"{text!r} is none of 301, 302, 307, 308; 308 stays")
    return number, ""


def _url(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    problem = absolute_url(text)
    if problem:
        raise WrongValue(f"{problem}; it is not set")
    return text, ""


def _method(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    if text and not matches(METHOD, text):
        raise WrongValue(f"{text!r} is no HTTP method; it is not set")
    return text, ""


def _redirect_parameter(text: str, config: Mapping[str, Value]) -> tuple[Value, str]:
    """Read global-auth-signin-redirect-param; global-auth-signin is read before it."""
    parameter = trim(text)
    problem = absolute_url(f"{config['global-auth-signin']}?{parameter}=dummy")
    if problem:
        raise WrongValue(f"without a usable global-auth-signin it is not set ({problem})")
    return parameter, ""


def _durations(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    durations, problem = cache_durations(text)
    return durations, problem


def _flag_or_false(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    value = boolean(text)
    return value is True, "" if value is not None else f"{text!r} is no bool: false"


def _duration(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    if not matches(r"[+-]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)", text):
        raise WrongValue(f"{text!r} is no duration; the default stays")
    return text, ""


def _responses(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    number = integer(text)
    if number is None:
        raise WrongValue(f"{text!r} is no number; 1 stays")
    return number, ""


def _text(text: str, _: Mapping[str, Value]) -> tuple[Value, str]:
    return text, ""


READ_BY_HAND: Mapping[str, Read] = {
    "bind-address": _bind,
    "block-cidrs": _list,
    "block-referers": _list,
    "block-user-agents": _list,
    "custom-http-errors": _codes,
    "debug-connections": _addresses,
    "denylist-source-range": _list,
    "enable-serial-reloads": _flag_or_false,
    "global-allowed-response-headers": _headers,
    "global-auth-always-set-cookie": _flag_or_false,
    "global-auth-cache-duration": _durations,
    "global-auth-cache-key": _text,
    "global-auth-method": _method,
    "global-auth-request-redirect": _text,
    "global-auth-response-headers": _headers,
    "global-auth-signin": _url,
    "global-auth-signin-redirect-param": _redirect_parameter,
    "global-auth-snippet": _text,
    "global-auth-url": _url,
    "hide-headers": _list,
    "http-redirect-code": _redirect_code,
    "lua-shared-dicts": _text,
    "nginx-status-ipv4-whitelist": _list,
    "nginx-status-ipv6-whitelist": _list,
    "proxy-protocol-header-timeout": _duration,
    "proxy-real-ip-cidr": _list,
    "proxy-stream-responses": _responses,
    "skip-access-log-urls": _list,
    "whitelist-source-range": _list,
    "worker-processes": _text,
}
"""Keys that ReadConfig reads by hand, and only in this very spelling."""

WITHOUT_FIELD = frozenset({"bind-address", "lua-shared-dicts"}) | {
    key for key in READ_BY_HAND if key.startswith("global-auth-")
}
"""Those of READ_BY_HAND without a field in the Go structure: no other spelling reaches them."""
