"""What the headers of requests and answers become at a location, by all settings about them.

Sources, in nginx's order: the ConfigMaps that ``add-headers`` and ``proxy-set-headers`` name,
``hide-headers``, the snippets of the controller's ConfigMap, the annotations with snippets, and
``custom-headers``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.model import DEFAULT_UPSTREAM, Location, Origin, Server, Setting
from nginx2istio.nginx.values.go import whole_number

HeaderAction = Literal["set", "add", "clear", "hide", "send", "input", "input-clear"]
HEADER_NAME_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SENT_WITH = (200, 201, 204, 206, 301, 302, 303, 304, 307, 308)
"""The statuses of answers to which add_header adds (``ngx_http_headers_filter``)."""
WITH_LOCATION = (301, 302, 303, 307, 308)
"""The statuses with which ``return`` sends a Location (``ngx_http_send_response``)."""
HEADER_DIRECTIVES = frozenset(
    {
        "add_header",
        "grpc_set_header",
        "more_clear_headers",
        "more_clear_input_headers",
        "more_set_headers",
        "more_set_input_headers",
        "proxy_hide_header",
        "proxy_set_header",
    }
)


@record(frozen=True, slots=True)
class HeaderLine:
    """One thing said of a header, in nginx's words for names and values.

    ``kind`` of an answer's header: "set" (replace), "add", "clear", "hide" (of the upstream's
    answer only); of a request's: "send" (proxy_set_header), "input" and "input-clear" (as if the
    client had sent it, or not). ``codes`` are the statuses for which it holds, all when empty.
    ``key`` and ``origin`` say where it was written, ``text`` how.
    """

    kind: HeaderAction
    name: str
    value: str
    key: str
    origin: Origin
    text: str
    codes: tuple[int, ...] = ()


def speaks_grpc(config: NginxConfig, location: Location) -> bool:
    """Whether a location has grpc_pass, which knows grpc_set_header only (buildProxyPass)."""
    protocol = str(config.in_force(location, "backend-protocol") or "").upper()
    return protocol in ("GRPC", "GRPCS") and location.upstream != DEFAULT_UPSTREAM


def sends_headers(config: NginxConfig, location: Location) -> str:
    """The directive that sets headers of the location's requests to its backend."""
    return "grpc_set_header" if speaks_grpc(config, location) else "proxy_set_header"


class Unclear(ValueError):
    """A directive about headers with a form that this reading does not know."""


def snippets(
    config: NginxConfig, server: Server, location: Location, level: str
) -> Iterator[tuple[str, Setting]]:
    """The snippets in force at a level (main, http, server, location), in the order of nginx.conf.

    The key tells those of the ConfigMap (``http-snippet``, ``location-snippet``, and
    ``server-snippet``) from the annotations by the origin of the setting only.
    """
    if level in ("http", "main"):
        key = f"{level}-snippet"
        settings = [(key, config.configured(key))]
    elif level == "server":
        settings = [
            ("server-snippet", server.settings.get("server-snippet")),
            ("server-snippet", config.configured("server-snippet")),
        ]
    elif location.denied:
        settings = []
    else:
        settings = [
            ("configuration-snippet", location.settings.get("configuration-snippet")),
            ("location-snippet", config.configured("location-snippet")),
        ]
    for key, setting in settings:
        if setting is not None and setting.text.strip():
            yield key, setting


def header_lines(
    directive: Directive,
) -> tuple[tuple[HeaderAction, str, str, tuple[int, ...]], ...]:
    """What a directive says of headers: (kind, name, value, codes). Raises Unclear."""
    lines = _header_lines(directive)
    if not all(HEADER_NAME_TOKEN.fullmatch(name) for _, name, _, _ in lines):
        raise Unclear(directive.text)
    return lines


def _header_lines(
    directive: Directive,
) -> tuple[tuple[HeaderAction, str, str, tuple[int, ...]], ...]:
    args = list(directive.args)
    match directive.name:
        case "add_header" if len(args) == 2 or (len(args) == 3 and args[2] == "always"):
            some = SENT_WITH if len(args) == 2 else ()
            return (("add", args[0], args[1], some),) if args[1] else ()
        case "proxy_set_header" | "grpc_set_header" if len(args) == 2:
            return (("send", args[0], args[1], ()),)
        case "proxy_hide_header" if len(args) == 1:
            return (("hide", args[0], "", ()),)
        case "more_set_headers" | "more_clear_headers":
            codes = _codes(args)
            if codes and "_clear_" in directive.name:
                raise Unclear(directive.text)
            return tuple(_more(argument, "set", "clear", codes, directive) for argument in args)
        case "more_set_input_headers" | "more_clear_input_headers":
            return tuple(
                _more(argument, "input", "input-clear", (), directive) for argument in args
            )
    raise Unclear(directive.text)


def _more(
    text: str, set_: HeaderAction, clear: HeaderAction, codes: tuple[int, ...], directive: Directive
) -> tuple[HeaderAction, str, str, tuple[int, ...]]:
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if text.startswith("-") or not name or "$" in name or "*" in name:
        raise Unclear(directive.text)
    if "_set_" in directive.name and colon and value:
        return set_, name, value, codes
    return clear, name, "", codes


def _codes(args: list[str]) -> tuple[int, ...]:
    """Take the statuses of ``-s`` out of the arguments of a more_... directive."""
    codes: tuple[int, ...] = ()
    while args and args[0] == "-s" and len(args) > 1:
        if not all(code.isdigit() for code in args[1].replace(",", " ").split()):
            raise Unclear(args[1])
        codes += tuple(whole_number(code) for code in args[1].replace(",", " ").split())
        del args[:2]
    return codes


def _of_map(config: NginxConfig, key: str, kind: HeaderAction) -> Iterator[HeaderLine]:
    """The headers in the ConfigMap that the controller's ConfigMap names under ``key``."""
    named = config.configmaps.get(config.controller.text(key))
    for name in sorted(named.data) if named else ():
        if named:
            at = named.setting(name)
            yield HeaderLine(kind, name, at.text, key, at.origin, f"{name}: {at.text}")


def _of_snippets(
    config: NginxConfig, server: Server, location: Location, level: str
) -> Iterator[HeaderLine]:
    for key, setting in snippets(config, server, location, level):
        for directive in parse_snippet(setting.text).directives:
            if directive.name not in HEADER_DIRECTIVES:
                continue
            try:
                lines = header_lines(directive)
            except Unclear:
                continue  # the rule for all directives reports it
            at = directive_origin(setting, directive)
            for kind, name, value, codes in lines:
                yield HeaderLine(kind, name, value, key, at, directive.text, codes)


def _of_annotation(config: NginxConfig, location: Location) -> Iterator[HeaderLine]:
    """custom-headers: the ConfigMap's headers, if the controller allows each of them."""
    setting = location.settings.get("custom-headers")
    named = config.configmaps.get(str(setting.value)) if setting else None
    if setting and named and not location.denied:
        for name in sorted(named.data):
            at = named.setting(name)
            text = at.text.replace("$", "${literal_dollar}")
            yield HeaderLine("set", name, text, "custom-headers", at.origin, f"{name}: {at.text}")


def answer_headers(
    config: NginxConfig,
    server: Server,
    location: Location,
    auth: bool = False,
    block: Sequence[HeaderLine] | None = None,
) -> tuple[HeaderLine, ...]:
    """What nginx does to the headers of answers at a location, in its order.

    add_header and proxy_hide_header are inherited only by levels that have none of their own;
    ``auth`` is whether the location has one from the template, for the cookie of auth-url.
    ``block`` are the lines of a location block in a snippet of the host, which stands in place of
    the location; those of the host alone when it is empty.
    """
    everywhere = _everywhere(config)
    by_host = [x for x in _of_snippets(config, server, location, "server") if x.kind in ANSWER]
    if block is None:
        inner = _of_snippets(config, server, location, "location")
        by_path = [x for x in inner if x.kind in ANSWER]
        by_path += _of_annotation(config, location)
    else:
        by_path = [x for x in block if x.kind in ANSWER]
    if not (everywhere or by_host or by_path):
        return ()
    by_level = (everywhere, by_host, by_path)
    lines = [x for level in by_level for x in level if x.kind in ("set", "clear")]
    for kind in ("add", "hide"):
        for lines_of_level in reversed(by_level):
            of_kind = [x for x in lines_of_level if x.kind == kind]
            lines += of_kind
            if of_kind or (kind == "add" and auth):
                break
    return tuple(lines)


@memo
def _everywhere(config: NginxConfig) -> Sequence[HeaderLine]:
    """What the http block does to the headers of answers."""
    nowhere = Server("", ()), Location("", "prefix", "", Origin())
    lines = [x for x in _of_snippets(config, *nowhere, "http") if x.kind in ANSWER]
    lines += _of_map(config, "add-headers", "set")
    hidden, names = config.configured("hide-headers"), config.controller.config["hide-headers"]
    for name in names if hidden and isinstance(names, tuple) else ():
        text, at = f"hide-headers: {name}", hidden.origin if hidden else Origin()
        lines.append(HeaderLine("hide", str(name), "", "hide-headers", at, text))
    return lines


_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}


def expires_seconds(text: str) -> int | None:
    """The argument of ``expires`` in seconds, negative for the past; None for other forms."""
    if text in ("max", "epoch"):
        return 315360000 if text == "max" else -1
    number = text.rstrip("smhdwMy")
    unit = text[len(number) :]
    if unit in _UNITS and number.removeprefix("-").isdecimal():
        sign = -1 if number.startswith("-") else 1
        return sign * whole_number(number.removeprefix("-")) * _UNITS[unit]
    return None


ANSWER = frozenset({"set", "add", "clear", "hide"})


def request_headers(
    config: NginxConfig, server: Server, location: Location
) -> tuple[HeaderLine, ...]:
    """What nginx does to the headers of requests at a location, in its order.

    A proxy_set_header of the http or server level has no effect, as every location has some, and
    in a location none beside grpc_pass.
    """
    lines = list(_of_map(config, "proxy-set-headers", "send"))
    sends = sends_headers(config, location)
    for level in ("http", "server", "location"):
        for line in _of_snippets(config, server, location, level):
            sent = line.kind == "send" and level == "location" and line.text.startswith(sends)
            if line.kind.startswith("input") or sent:
                lines.append(line)
    return tuple(lines)
