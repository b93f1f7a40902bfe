"""What nginx looks at besides the path, and a value for each way it may go."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Request
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.checks.rate_limits import unlimited_networks
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.headers import answer_headers, snippets
from nginx2istio.nginx.facts.nested_locations import body_limit_of_block, server_locations
from nginx2istio.nginx.facts.sizes import max_body_size
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server
from nginx2istio.nginx.serve.location_phases import origin_listed
from nginx2istio.verify.dimensions.samples import (
    OTHER_ORIGIN,
    OUTSIDE,
    first_address,
    sample,
)
from nginx2istio.verify.dimensions.values import Values


def values_of_location(
    values: Values, config: NginxConfig, server: Server, location: Location, checked: bool
) -> None:
    """What nginx looks at, at a location.

    ``checked``: whether a request may get to the access phase.
    """
    directives = [*_directives(config, server, location)]
    trusts = any(config.controller.on(key) for key in _TRUSTING)
    if directives or trusts or server.host == DEFAULT_SERVER:
        values.untold()
        checked = True
    _cors(values, config, location)
    _body(values, config, server, location)
    for line in answer_headers(config, server, location, False):
        if line.name.lower() == "access-control-allow-origin":
            values.test_origin(line.value)
    if "auth-tls-secret" in server.settings:
        for kind in ("valid", "other"):
            values.add("certificate", kind, certificate=kind, subject="CN=client")
    if checked:
        _access(values, config, server, location)
    for directive in directives:
        for inner in directive.all():
            if inner.name == "if":
                _condition(values, inner.args)


_TRUSTING = ("use-forwarded-headers", "enable-real-ip", "use-proxy-protocol")


def _directives(config: NginxConfig, server: Server, location: Location) -> Iterator[Directive]:
    for level in ("server", "location"):
        for _, setting in snippets(config, server, location, level):
            yield from parse_snippet(setting.text).directives


def _cors(values: Values, config: NginxConfig, location: Location) -> None:
    if not config.in_force(location, "enable-cors"):
        return
    values.test(lambda request: request.method == "OPTIONS")
    values.offer("method", "OPTIONS", method="OPTIONS")
    asked = (("access-control-request-method", "PUT"),)
    values.offer("method", "a preflight", method="OPTIONS", headers=asked)
    listed = config.in_force(location, "cors-allow-origin")
    origins = [str(origin) for origin in listed] if isinstance(listed, tuple) else ["*"]
    values.test(lambda request: origin_listed(origins, request.header("origin") or ""))
    values.offer_header("origin", OTHER_ORIGIN)
    for origin in origins:
        if origin != "*":
            values.offer_header("origin", origin.replace("*", "sub"))


def body_sizes(config: NginxConfig, server: Server, location: Location) -> tuple[int, ...]:
    """The bytes of the bodies that are asked for: a small one, one at each limit, one above it."""
    limits = _body_limits(config, server, location)
    return _SMALL_BODY, *(size for limit in limits for size in (limit, limit + 1))


_SMALL_BODY = 5


def _body_limits(config: NginxConfig, server: Server, location: Location) -> Sequence[int]:
    limits = [max_body_size(config.in_force(location, "proxy-body-size"))]
    limits += [body_limit_of_block(config, server, x) for x in server_locations(config, server)]
    return [*filter(None, dict.fromkeys(limits))]


def _body(values: Values, config: NginxConfig, server: Server, location: Location) -> None:
    for limit in _body_limits(config, server, location):
        values.test(partial(_longer, limit))
    for size in body_sizes(config, server, location):
        values.offer("body", str(size), method="POST", body_bytes=size)


def _longer(limit: int, request: Request) -> bool:
    return request.body_bytes > limit


def _access(values: Values, config: NginxConfig, server: Server, location: Location) -> None:
    """What the access phase and the choice of a backend look at."""
    lists = addresses(config, location)
    groups = lists.allow, lists.deny, unlimited_networks(config, location)
    values.test(lambda request: tuple(in_networks(request.source, each) for each in groups))
    for network in (*lists.allow, *lists.deny):
        values.offer("source", network, source=first_address(network))
    if lists:
        values.offer("source", "outside", source=OUTSIDE)
    if "auth-type" in location.settings:
        values.add("credentials", "valid", credentials="valid", headers=_BASIC)
        values.add("credentials", "wrong", credentials="wrong", headers=_BASIC)
    auth = external_auth(config, location, server)
    if auth is not None:
        for status in (401, 403, 500):
            values.add("auth", str(status), auth_status=status)
        if auth.identity:
            names = tuple((name, "somebody") for name in auth.identity)
            values.add("auth", "with a name", auth_headers=names)
    upstream = config.upstreams.get(location.upstream)
    for canary in upstream.alternatives[:1] if upstream else ():
        _canary(values, canary.settings)


_BASIC = (("authorization", "Basic dXNlcjpwdw=="),)


def _canary(values: Values, settings: Mapping[str, Any]) -> None:
    def text(key: str) -> str:
        return str(settings[key].value) if key in settings else ""

    header, value, pattern = (text(f"canary-by-header{x}") for x in ("", "-value", "-pattern"))
    if header:
        for word in ("always", "never", "something", value):
            if word:
                values.header(header.replace("_", "-"), word)
        if pattern and (fitting := sample(pattern)):
            values.header(header.replace("_", "-"), fitting)
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
            values.offer_methods(lambda method: pattern.search(method) is not None)
    text = args[2] if operator == "=" else sample(args[2], any_case=operator == "~*")
    if text is None:
        return
    if name.startswith("http_") and name != "http_host":
        values.header(name[5:].replace("_", "-"), text)
    elif name == "request_method":
        values.add("method", text, method=text)
    elif name.startswith("cookie_"):
        values.header("cookie", f"{name[7:]}={text}")
