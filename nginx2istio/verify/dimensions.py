"""What besides the path the decisions of a host look at, and a value for each way they may go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import product
from math import prod
from typing import Any

from nginx2istio.base.outcome import PER_CONNECTION, Request
from nginx2istio.istio.serve.matching import string_fits
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.sizes import max_body_size
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import Location, Server
from nginx2istio.verify.automata import NotRegular, example, regex_automaton

MOST_REQUESTS = 1500
"""So many requests are made of a path class at most; beyond it pairs of values are."""
OUTSIDE = "198.51.100.77"
"""An address that lists seldom have."""
COMMON_METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH")
"""The methods that clients use; GET is that of the plain request."""
OTHER_ORIGIN = "https://elsewhere.invalid"
"""An Origin that lists seldom have."""
OTHER_VALUE = "zqx-other"
"""A value that conditions seldom have."""
Variation = Mapping[str, Any]
"""Fields of a Request; ``headers`` are added to those of others."""


class Values:
    """Values by what they are values of; each is a change of the plain request."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, Variation]] = {}
        self.paths_matter = False
        """Whether a part of the path goes into the answer or the backend's path."""
        self.sent: set[str] = set()
        """Headers that routes set or remove: all are sent together, or none."""
        self.read: set[str] = set()
        """Headers of which others are made: without these the rest is sent as well."""

    def add(self, dimension: str, name: str, **change: Any) -> None:
        """Adds a value; the plain request is always one."""
        self.of.setdefault(dimension, {}).setdefault(name, change)

    def header(self, name: str, value: str) -> None:
        """Adds a value of a header."""
        self.add(f"header {name.lower()}", value, headers=((name.lower(), value),))

    def requests(self, plain: Request) -> tuple[list[Request], bool]:
        """All combinations, the plain request first, and whether none was left out."""
        choices: list[list[Variation]] = [[{}, *values.values()] for values in self.of.values()]
        together: list[Variation] = [{}]
        # A header that is sent twice is outside of the proof.
        sent = {name for name in self.sent if f"header {name}" not in self.of}
        for names in (sent, sent - self.read):
            fields = tuple((name, "client") for name in sorted(names))
            if fields and {"headers": fields} not in together:
                together.append({"headers": fields})
        choices.append(together)
        if prod(map(len, choices)) <= MOST_REQUESTS:
            return [_changed(plain, combination) for combination in product(*choices)], True
        return [_changed(plain, c) for c in _pairs(choices)], False


def _pairs(choices: Sequence[Sequence[Variation]]) -> Iterator[tuple[Variation, ...]]:
    """The plain request, and each pair of values of different dimensions."""
    yield ()
    for i, some in enumerate(choices):
        for value in some[1:]:
            yield (value,)
            for others in choices[i + 1 :]:
                for other in others[1:]:
                    yield value, other


def _changed(plain: Request, combination: Iterable[Variation]) -> Request:
    fields: dict[str, Any] = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    for change in combination:
        for name, value in change.items():
            fields[name] = (*fields[name], *value) if name == "headers" else value
    return Request(**fields)


def values_of_location(
    values: Values, config: NginxConfig, server: Server, location: Location
) -> None:
    """What nginx looks at, at a location."""
    _cors(values, config, location)
    limit = max_body_size(config.in_force(location, "proxy-body-size"))
    values.add("body", "body", method="POST", body_bytes=5)
    if limit:
        values.add("body", "at the limit", method="POST", body_bytes=limit)
        values.add("body", "over the limit", method="POST", body_bytes=limit + 1)
    lists = addresses(config, location)
    for network in (*lists.allow, *lists.deny):
        values.add("source", network, source=first_address(network))
    if lists:
        values.add("source", "outside", source=OUTSIDE)
    if "auth-type" in location.settings:
        values.add("credentials", "valid", credentials="valid", headers=_BASIC)
        values.add("credentials", "wrong", credentials="wrong", headers=_BASIC)
    values.paths_matter |= "rewrite-target" in location.settings
    auth = external_auth(config, location, server)
    if auth is not None:
        for status in (401, 403, 500):
            values.add("auth", str(status), auth_status=status)
        if auth.identity:
            names = tuple((name, "somebody") for name in auth.identity)
            values.add("auth", "with a name", auth_headers=names)
    if "auth-tls-secret" in server.settings:
        for kind in ("valid", "other"):
            values.add("certificate", kind, certificate=kind, subject="CN=client")
    upstream = config.upstreams.get(location.upstream)
    for canary in upstream.alternatives[:1] if upstream else ():
        _canary(values, canary.settings)
    for level in ("server", "location"):
        for _, setting in snippets(config, server, location, level):
            for directive in parse_snippet(setting.text).directives:
                for inner in directive.all():
                    if inner.name == "if":
                        _condition(values, inner.args)


_BASIC = (("authorization", "Basic dXNlcjpwdw=="),)


def first_address(network: str) -> str:
    """The first address of a network, which is asked for. Raises ValueError."""
    return str(ipaddress.ip_network(network, strict=False).network_address)


def _cors(values: Values, config: NginxConfig, location: Location) -> None:
    if not config.in_force(location, "enable-cors"):
        return
    values.add("method", "OPTIONS", method="OPTIONS")
    values.header("origin", OTHER_ORIGIN)
    listed = config.in_force(location, "cors-allow-origin")
    for origin in listed if isinstance(listed, tuple) else ():
        if origin != "*":
            values.header("origin", str(origin).replace("*", "sub"))
    values.header("access-control-request-method", "PUT")


def _canary(values: Values, settings: Mapping[str, Any]) -> None:
    def text(key: str) -> str:
        return str(settings[key].value) if key in settings else ""

    header, value, pattern = (text(f"canary-by-header{x}") for x in ("", "-value", "-pattern"))
    if header:
        for word in ("always", "never", "something", value):
            if word:
                values.header(header.replace("_", "-"), word)
        if pattern and (sample := _sample(pattern)):
            values.header(header.replace("_", "-"), sample)
    cookie = text("canary-by-cookie")
    if cookie:
        for word in ("always", "never", "something"):
            values.header("cookie", f"{cookie}={word}")


def _condition(values: Values, args: Sequence[str]) -> None:
    if len(args) != 3 or not args[0].startswith("$"):
        return
    name = args[0].strip("${}").lower()
    operator = args[1].lstrip("!")
    if name == "request_method":
        with suppress(re.error):  # a pattern that only PCRE reads
            pattern = re.compile(args[2] if "~" in operator else re.escape(args[2]) + r"\Z")
            _methods(values, lambda method: pattern.search(method) is not None)
    sample = args[2] if operator == "=" else _sample(args[2], operator == "~*")
    if sample is None:
        return
    if name.startswith("http_"):
        values.header(name[5:].replace("_", "-"), sample)
    elif name == "request_method":
        values.add("method", sample, method=sample)
    elif name.startswith("cookie_"):
        values.header("cookie", f"{name[7:]}={sample}")


def _sample(pattern: str, any_case: bool = False) -> str | None:
    """A text in which nginx finds a pattern."""
    try:
        return example(regex_automaton(0, pattern, False, any_case))
    except (NotRegular, ValueError, re.error):
        return None


def values_of_host(values: Values, name: str) -> None:
    """Other spellings of a host where something compares it as it was written."""
    _, with_port, capitals = spellings(name)
    values.add("host", "with a port", host=with_port)
    values.add("host", "in capitals", host=capitals)


def spellings(name: str) -> tuple[str, str, str]:
    """How a host is written: as it is, with a port, in capitals."""
    return name, f"{name}:8080", name.upper()


def values_of_match(values: Values, match: Mapping[str, Any]) -> None:
    """What a route of Istio's looks at."""
    for name, condition in (
        *match.get("headers", {}).items(),
        *match.get("withoutHeaders", {}).items(),
    ):
        if name == ":method":
            _methods(values, partial(string_fits, condition))
        if name.startswith(":") or name in ("content-length", "x-forwarded-client-cert"):
            continue
        text = fitting(condition)
        if text:
            values.header(name, text)
        # One that does not fit, or one for a condition that takes all, beside none at all.
        values.header(name, OTHER_VALUE)
    if "method" in match:
        _methods(values, partial(string_fits, match["method"]))
        if text := fitting(match["method"]):
            values.add("method", text, method=text)


def _methods(values: Values, fits: Callable[[str], bool]) -> None:
    """A method that fits, and one that does not."""
    for fitting in (True, False):
        method = next((m for m in COMMON_METHODS if fits(m) is fitting), "GET")
        if method != "GET":  # which is tried anyway
            values.add("method", method, method=method)


def values_of_route(values: Values, route: Mapping[str, Any]) -> None:
    """The headers that a route sets, adds or removes, sent by the client; whether it rewrites."""
    values.paths_matter |= "redirect" in route or "rewrite" in route
    edits = route.get("headers", {}).get("request", {})
    texts = [*edits.get("set", {}).items(), *edits.get("add", {}).items()]
    for name in (*(name for name, _ in texts), *edits.get("remove", ())):
        if name.lower() not in _FRAMING and _TOKEN.fullmatch(name):
            values.sent.add(name.lower())
    for level in (route, *route.get("route", ())):
        answers = level.get("headers", {}).get("response", {})
        for text in (*answers.get("set", {}).values(), *answers.get("add", {}).values()):
            for name in _read_in(text):
                values.header(name, OTHER_ORIGIN if name == "origin" else "client")
    for _, text in texts:
        values.read.update(_read_in(text))


def _read_in(text: str) -> Iterator[str]:
    """The request headers of which the value of a header is made."""
    return (name.lower() for pair in _READ.findall(text) for name in pair if name)


_TOKEN = re.compile(r"[!#$%&'*+.^`|~\w-]+", re.ASCII)
"""A name that a client can send."""
_READ = re.compile(r"%REQ\(([A-Za-z0-9-]+)|request\.headers\['([A-Za-z0-9-]+)'\]")
_FRAMING = PER_CONNECTION | {"x-forwarded-client-cert", "authorization", "cookie"}


def fitting(condition: Mapping[str, str]) -> str | None:
    """A text that a StringMatch takes; None where none is made."""
    for kind, value in condition.items():
        if kind in ("exact", "prefix"):
            return value
        if kind == "regex":
            try:
                return example(regex_automaton(0, value, True))
            except (NotRegular, ValueError, re.error):
                return None
    return None


def values_of_policy(
    values: Values, policy: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]
) -> None:
    """What an AuthorizationPolicy with these rules looks at."""
    if policy["spec"].get("action") == "CUSTOM":
        for status in (401, 403):
            values.add("auth", str(status), auth_status=status)
    for rule in rules:
        for source in rule.get("from", ()):
            for blocks in source["source"].values():
                for block in blocks:
                    values.add("source", block, source=first_address(block))
        for operation in rule.get("to", ()):
            for method in operation["operation"].get("methods", ()):
                if "*" not in method:
                    values.add("method", method, method=method)
        for condition in rule.get("when", ()):
            if condition["key"].startswith("request.headers["):
                for value in condition.get("values", ()) or condition.get("notValues", ()):
                    values.header(condition["key"][16:-1], value.replace("*", "x"))
