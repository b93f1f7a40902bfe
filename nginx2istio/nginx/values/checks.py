"""The validator of each annotation: what --enable-annotation-validation (on by default) accepts.

Taken from the AnnotationFields of the controller's annotation packages. A value that its check
refuses is a ValidationError there; what that leads to is each family's own decision.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from nginx2istio.nginx.values.go import (
    TextCheck,
    address_list,
    compiles,
    matches,
    options_check,
    regex_check,
    trim,
)

_NAME = r"\-._~a-zA-Z0-9/:"
_URL = _NAME + r",?&="
_REGEX = _NAME + r"^$\[\](){}*+?|&=\\"

HOST_CHARACTERS = rf"[{_REGEX}]*"
HEADER_LIST = r"[A-Za-z0-9\-_, ]*"
HEADER_NAME = r"[a-zA-Z0-9\-_]+"
METHOD = r"(GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE)"
CORS_ORIGINS = r"(((([a-z]+://)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?)|null)+|\*)?"
CORS_METHODS = r"([A-Za-z]+,?\s?)+"
CORS_EXPOSED = r"(([A-Za-z0-9\-_]+|\*),?\s?)+"
COOKIE_SECONDS = r"^0|-?[1-9]\d*$"  # not anchored on both sides: "0x" and "in 5" pass
VERIFY_CLIENT = r"on|off|optional|optional_no_ca"
TLS_PROTOCOLS = r"(TLSv1\.2|TLSv1\.3| )*"
ON_OFF = r"on|off"


def is_host(text: str) -> bool:
    """Apply parser.ValidateServerName: regex characters are let through, line ends are not."""
    return matches(HOST_CHARACTERS, trim(text))


def are_hosts(text: str) -> bool:
    """Apply parser.ValidateArrayOfServerName."""
    return all(map(is_host, text.split(",")))


def are_addresses(text: str) -> bool:
    """Apply parser.ValidateCIDRs."""
    return address_list(text) is not None


def is_service(text: str) -> bool:
    """Apply parser.ValidateServiceName: a DNS-1035 label."""
    return len(text) <= 63 and matches(r"[a-z]([-a-z0-9]*[a-z0-9])?", text)


def is_common_name(text: str) -> bool:
    """Apply parser.CommonNameAnnotationValidator: ``CN=`` and a regex."""
    return text.startswith("CN=") and compiles(text[3:])


def anything(text: str) -> bool:
    """Apply parser.ValidateNull: snippets are not looked at."""
    return True


NAMED_CHECKS: Mapping[str, TextCheck] = {
    "addresses": are_addresses,
    "anything": anything,
    "common-name": is_common_name,
    "host": is_host,
    "hosts": are_hosts,
    "name": regex_check(rf"[{_NAME}]*", spaceless=True),
    "path": regex_check(rf"[{_NAME}$]*"),
    "seconds": regex_check(COOKIE_SECONDS, spaceless=True, whole=False),
    "service": is_service,
    "size": regex_check(r"(?i)\d+[bkmg]?", spaceless=True),
    "url": regex_check(rf"[{_URL}]*", spaceless=True),
    "url-with-spaces": regex_check(rf"[{_URL}]*"),
    "url-with-variables": regex_check(rf"[{_URL}$ ]*", spaceless=True),
    "variable": regex_check(r"[A-Za-z0-9\-_${}]*", spaceless=True),
}
"""Checks that several annotations have."""


@lru_cache(maxsize=256)
def check(how: str | tuple[str, ...]) -> TextCheck:
    """The check that a ``CatalogueEntry`` states.

    A name of NAMED_CHECKS, or:

    - ``("options", *values)``, ``("options-any-case", *values)``: one of these values;
    - ``("regex", expression)``: RE2, to be matched by the whole text. ``-part`` behind the word: by
      a part of it; then ``-spaceless``: once the spaces are taken out.

    Raises KeyError for any other.
    """
    if isinstance(how, str):
        return NAMED_CHECKS[how]
    kind, *details = how
    if kind in ("options", "options-any-case"):
        return options_check(*details, cased=kind == "options")
    part, spaceless = REGEX_CHECKS[kind]
    return regex_check(details[0], spaceless=spaceless, whole=not part)


REGEX_CHECKS: Mapping[str, tuple[bool, bool]] = {
    "regex": (False, False),
    "regex-part": (True, False),
    "regex-spaceless": (False, True),
    "regex-part-spaceless": (True, True),
}
"""By the word: whether a part is enough, whether spaces are taken out."""

CACHE_DURATION = "200 202 401 5m"
"""How long answers of an authentication service are kept by default."""


def cache_durations(text: str) -> tuple[tuple[str, ...], str]:
    """Split auth-cache-duration at commas; the second value says what is wrong with it.

    A wrong member leaves the default alone (ParseStringToCacheDurations). Words that are neither
    a status nor a time are let through, as ValidCacheDuration does.
    """
    durations = []
    for member in (trim(part) for part in text.split(",")):
        if not member:
            continue
        timed = False
        for word in member.split(" "):
            if timed and matches(r"\d{3}", word):
                return (CACHE_DURATION,), f"{member!r} has a status behind a time"
            timed = timed or matches(r"\d+(ms|s|m|h|d|w|M|y)", word)
        if not timed:
            return (CACHE_DURATION,), f"{member!r} has no time"
        durations.append(member)
    return tuple(durations) or (CACHE_DURATION,), ""
