"""Of which requests a finding speaks, in the closed vocabulary of the report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, fields
from typing import Literal

from nginx2istio.bridge.names import name_pattern
from nginx2istio.bridge.snippets.conditions import Condition
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Location, Server


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests to which everything applies that is named here; what is not named does not count.

    ``header``: it has a header of this name. ``method``: one of these; ``not_method``: none of
    these. ``http``: the version as the client says it ("1.0", "1.1", "2"). ``target`` and ``host``
    are regular expressions, found somewhere in the path as it was sent (without query) and in the
    Host header. ``header_over``: a header (name and value) or the request target has more bytes.
    ``headers_over``: it has more headers. ``body_over``: its body has more bytes. ``no_length``: it
    has no Content-Length (chunked or HTTP/2). ``scheme``: http or https. ``absolute_form``: its
    target is a URL. ``malformed``: it breaks the rules of HTTP.

    Three are about the backend's response to it: ``response`` ("malformed", or "interim": 1xx),
    ``response_header``: it has a header whose name matches this regular expression, in any case,
    and ``response_header_over``: its headers have more bytes in all.
    """

    header: str = ""
    method: tuple[str, ...] = ()
    not_method: tuple[str, ...] = ()
    http: str = ""
    target: str = ""
    host: str = ""
    header_over: int | None = None
    headers_over: int | None = None
    body_over: int | None = None
    no_length: bool = False
    scheme: str = ""
    absolute_form: bool = False
    malformed: bool = False
    response: Literal["", "malformed", "interim"] = ""
    response_header: str = ""
    response_header_over: int | None = None

    def data(self) -> dict[str, object]:
        """The same as JSON, with what is named only."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in named.items()
            if value or (value == 0 and value is not False)
        }


def of_other_hosts(config: NginxConfig, own: Set[str] = frozenset()) -> Requests:
    """Requests for a host that the configuration does not name, or that is one of ``own``.

    An alias with a star takes other names than a host with one, as nginx reads them.
    """
    aliases = {alias for server in config.servers for alias in server.aliases}
    names = sorted(config.host_names - own)
    known = "|".join(name_pattern(name, alias=name in aliases) for name in names)
    return Requests(host=rf"(?i)^(?!({known})\.?(:[0-9]+)?$)" if known else "^")


def https_but(hosts: Iterable[str]) -> Requests:
    """Requests by https for all hosts but these; a wildcard stands for one label."""
    names = "|".join(re.escape(host).replace(r"\*", "[^.]+") for host in sorted(hosts))
    return Requests(scheme="https", host=f"(?i)^(?!({names})(:[0-9]+)?$)" if names else "")


def requests_when(conditions: Iterable[Condition]) -> tuple[Requests, ...]:
    """The requests for which an ``if`` may hold, as far as the vocabulary goes; () for all."""
    requests = tuple(map(_when, conditions))
    return () if Requests() in requests else tuple(dict.fromkeys(requests))


def _when(condition: Condition) -> Requests:
    # A StringMatch of Istio holds for no absent header.
    headers = (name for name in condition.match.get("headers", {}) if name[0] != ":")
    method = condition.match.get("method", {}).get("exact", "")
    scheme = {80: "http", 443: "https"}.get(condition.port, "")
    return Requests(header=next(headers, ""), method=(method,) if method else (), scheme=scheme)


RESPELLED = Requests(
    target=r"//|%2[DdEeFf]|%3[0-9]|%[46][1-9A-Fa-f]|%[57][0-9Aa]|%5[CcFf]|%7[Ee]|\\"
    r"""|["#<>^`{|}]|(^|/)\.\.?(/|$)"""
)
"""Requests whose path Envoy writes in another way: //, dot segments, other escapes."""

_LONGEST = 120
_PHRASES = {
    "header": "with the header {}",
    "method": "with the method {}",
    "not_method": "with a method other than {}",
    "http": "by HTTP/{}",
    "target": "with a path that matches {}",
    "host": "with a Host that matches {}",
    "header_over": "with a header or target over {} bytes",
    "headers_over": "with over {} headers",
    "body_over": "with a body over {} bytes",
    "no_length": "without Content-Length",
    "scheme": "by {}",
    "absolute_form": "with a URL for a target",
    "malformed": "that are malformed",
    "response": "whose response is {}",
    "response_header": "whose response has a header {}",
    "response_header_over": "whose response has headers over {} bytes",
}


def in_words(predicates: list[dict[str, object]]) -> str:
    """The ``requests`` of a finding as the report has them, in words; "" for all requests."""
    return "; or ".join(" and ".join(_words(predicate)) for predicate in predicates)


def _words(predicate: dict[str, object]) -> Iterator[str]:
    for name, value in predicate.items():
        text = " or ".join(map(str, value)) if isinstance(value, list) else str(value)
        text = text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."
        yield _PHRASES[name].format(text)


def requests_elsewhere(server: Server, location: Location) -> tuple[Requests, ...]:
    """The requests of a location that its host's others leave it; () for all, where any may be."""
    others = [each for each in server.locations if each is not location]
    if server.regex or not others:
        return ()
    paths = (re.escape(each.path) + ("$" if each.match == "exact" else "") for each in others)
    return (Requests(target=f"^(?!{'|'.join(paths)})"),)


def requests_beyond(location: Location, start: str) -> tuple[Requests, ...]:
    """The requests with a path that begins with ``start`` and is not the location's own.

    It may begin so in any spelling, and behind dot segments.
    """
    own = location.path
    if location.match != "regex":
        own = re.escape(own) + ("$" if location.match == "exact" else "")
    return requests_below(start, f"(?!(?i:{own}))" if _readable(own) else "")


def requests_below(start: str, besides: str = "") -> tuple[Requests, ...]:
    """The requests with a path that begins with ``start``, in any spelling, or has dot segments.

    ``besides`` is a pattern of no width for what else the first of them have to be.
    """
    spelled = "".join(map(_spelled, start.encode()))
    return (Requests(target=f"^{besides}{spelled}"), Requests(target=r"(\.|%2[Ee]){2}"))


def _spelled(byte: int) -> str:
    """A pattern for the spellings of a byte; of a slash, also of several and of /./."""
    char, escape = re.escape(chr(byte)), f"(?i:%{byte:02x})"
    if char == "/":
        slash = r"(/|\\|%2[Ff]|%5[Cc])"
        return rf"{slash}((\.|%2[Ee])?{slash})*"
    return f"({char}|{escape})" if byte < 0x80 else escape


def _readable(pattern: str) -> bool:
    """Whether Python's regular expressions read a pattern of nginx's."""
    try:
        re.compile(f"(?i:{pattern})")
    except re.error:
        return False
    return True
