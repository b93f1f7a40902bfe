"""Values as the controller reads them: Go's own parsing rules, without any annotation's name.

Every function mirrors a function of Go's standard library or of the controller's parser package,
because a value is in force only when *they* accept it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import re2  # type: ignore[import-untyped]

Value: TypeAlias = bool | int | float | str | tuple[str, ...] | tuple[int, ...]
"""A setting's parsed value. Sizes and durations stay the text that nginx reads."""

TextCheck: TypeAlias = Callable[[str], bool]

_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
TOO_LARGE = 300
"""Digits of a number that neither nginx nor Envoy can hold."""


def trim(text: str) -> str:
    """Cut the blanks around ``text`` as strings.TrimSpace does (str.strip cuts more)."""
    return text.strip(_SPACE)


def normalise(text: str) -> str:
    """Trim each line of ``text``: parser.normalizeString, applied to every text value."""
    return "\n".join(trim(line) for line in text.split("\n"))


def boolean(text: str) -> bool | None:
    """Read ``true``, ``1``, ``T`` (strconv.ParseBool); None for ``yes``, ``on`` or ``" true"``."""
    if text in _TRUE:
        return True
    return False if text in _FALSE else None


def whole_number(digits: str) -> int:
    """The number that decimal digits say; of hundreds of them, one that is too large for all.

    Python's ``int`` refuses thousands of digits.
    """
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) < TOO_LARGE else 10**TOO_LARGE


def integer(text: str, bits: int = 64) -> int | None:
    """Read a decimal number with an optional sign (strconv.Atoi); None for anything else."""
    if not matches(r"[+-]?[0-9]+", text):
        return None
    number = whole_number(text.lstrip("+-")) * (-1 if text.startswith("-") else 1)
    return number if -(1 << bits - 1) <= number < 1 << bits - 1 else None


@lru_cache(maxsize=256)
def _expression(pattern: str) -> Any:
    return re2.compile(pattern)


def matches(pattern: str, text: str) -> bool:
    """Say whether all of ``text`` matches the RE2 ``pattern``; Go's regexp is RE2 as well."""
    return _expression(pattern).fullmatch(text) is not None


def contains(pattern: str, text: str) -> bool:
    """Say whether a part of ``text`` matches the RE2 ``pattern``."""
    return re2.search(pattern, text) is not None


def compiles(pattern: str) -> bool:
    """Say whether Go would compile ``pattern``."""
    quiet = re2.Options()
    quiet.log_errors = False
    try:
        re2.compile(pattern, options=quiet)
    except re2.error:
        return False
    return True


def parse_address(text: str) -> str | None:
    """Read an address or network in Go's spelling (``10.1.2.3/8``: ``10.0.0.0/8``), else None.

    net.ParseCIDR is tried first, then net.ParseIP; an IPv4 address in IPv6 dress becomes IPv4.
    """
    host, slash, bits = text.partition("/")
    if "%" in host or not host.isascii():
        return None
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    plain = _unmapped(ip)
    if not slash:
        return str(plain)
    if not matches(r"[0-9]+", bits) or whole_number(bits) > ip.max_prefixlen:
        return None
    network = ipaddress.ip_network(f"{ip}/{int(bits)}", strict=False)
    base = _unmapped(network.network_address)
    if base.version == network.version:
        return str(network)
    return f"{base}/{max(0, network.prefixlen - 96)}"


def _unmapped(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        return ip.ipv4_mapped
    return ip


def address_list(text: str) -> tuple[str, ...] | None:
    """Read a comma list of addresses and networks, sorted as text; None when one is neither.

    net.ParseIPNets gives up at the first bad member, an empty one included.
    """
    members = [parse_address(trim(member)) for member in text.split(",")]
    networks = {member for member in members if member is not None}
    return None if None in members else tuple(sorted(networks))


def split_list(text: str) -> tuple[str, ...]:
    """Split a comma list without its empty members, each trimmed, in the order written."""
    return tuple(member for member in map(trim, text.split(",")) if member)


def regex_check(expression: str, *, spaceless: bool = False, whole: bool = True) -> TextCheck:
    """Build parser.ValidateRegex; ``spaceless`` drops the spaces of the tested text only.

    Line ends are refused in any case (parser.MaliciousRegex).
    """
    test = matches if whole else contains

    def check(text: str) -> bool:
        tested = text.replace(" ", "") if spaceless else text
        return test(expression, tested) and "\n" not in tested and "\r" not in tested

    return check


def options_check(*allowed: str, cased: bool = True) -> TextCheck:
    """Build parser.ValidateOptions with trimming; without ``cased`` letter case is ignored."""

    def check(text: str) -> bool:
        tested = trim(text)
        return (tested if cased else tested.lower()) in allowed

    return check
