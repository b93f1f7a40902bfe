"""What keeps requests out of a location: the checks that nginx makes before it serves them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.checks.rate_limits import LIMIT_STATUS
from nginx2istio.nginx.facts.directives import protects, refuses
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.sizes import BODY_SIZE, max_body_size
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.facts.snippet_access import LISTING
from nginx2istio.nginx.model import Location, Origin, Server, Setting

Protection = Literal[
    "addresses",
    "external-auth",
    "basic-auth",
    "client-certificate",
    "certificate-subject",
    "answer",
    "snippet",
]
KEYS: dict[Protection, tuple[str, ...]] = {
    "addresses": ("allowlist-source-range", "denylist-source-range", "block-cidrs"),
    "external-auth": ("auth-url", "global-auth-url"),
    "basic-auth": ("auth-type",),
    "client-certificate": ("auth-tls-verify-client", "auth-tls-secret"),
    "certificate-subject": ("auth-tls-match-cn",),
    "answer": ("permanent-redirect", "temporal-redirect", "configuration-snippet"),
    "snippet": ("configuration-snippet", "location-snippet", "server-snippet", "http-snippet"),
}
"""The annotations and ConfigMap keys that a protection may come from."""


def protections(
    config: NginxConfig, server: Server, location: Location, tls: bool
) -> tuple[tuple[Protection, ...], ...]:
    """The protections of a location, empty when nginx serves its requests to everybody.

    All of them count; of the members of one, any does (``satisfy any``). "answer": nginx answers
    every request itself before it makes a check, and no check is translated. "snippet": a directive
    of a snippet that keeps somebody out. ``tls``: whether https requests reach the host.
    """
    of_host = tuple(_of_server(server, tls))
    checks = tuple(_checks(config, server, location))
    if location.denied or server.denied:
        return (("answer",),)
    if checks and early(config, server, location).always:
        return (*of_host, ("answer",))
    return of_host + checks


def codes_of_refusals(config: NginxConfig, server: Server, location: Location) -> frozenset[int]:
    """The codes with which nginx refuses requests at a location before it looks for a backend."""
    codes: set[int] = set()
    for check in protections(config, server, location, tls=True):
        for protection in check:
            codes |= _CODES.get(protection, frozenset())
    if max_body_size(config.in_force(location, BODY_SIZE)):
        codes.add(413)
    for rate, key in LIMIT_STATUS.items():
        if config.is_set(location, rate):
            codes.add(int(str(config.in_force(location, key))))
    return frozenset(codes)


_CODES: dict[Protection, frozenset[int]] = {
    "addresses": frozenset({403}),
    "external-auth": frozenset({401, 403}),
    "basic-auth": frozenset({401}),
    "snippet": frozenset({403}),
}


def _of_server(server: Server, tls: bool) -> Iterator[tuple[Protection, ...]]:
    settings = server.settings
    if "auth-tls-secret" not in settings:
        return
    verify = settings.get("auth-tls-verify-client")
    if tls and (verify is None or verify.value == "on"):
        yield ("client-certificate",)
    subject_pattern = settings.get("auth-tls-match-cn")
    if subject_pattern and not _takes_nothing(subject_pattern.text, verify):
        yield ("certificate-subject",)


def _takes_nothing(pattern: str, verify: Setting | None) -> bool:
    """Whether no client is denied: nginx requests no certificate, and an empty subject will do."""
    try:
        return bool(verify and verify.value == "off" and re.search(pattern, ""))
    except re.error:
        return False


def _checks(
    config: NginxConfig, server: Server, location: Location
) -> Iterator[tuple[Protection, ...]]:
    checks: list[Protection] = []
    if addresses(config, location):
        checks.append("addresses")
    if external_auth(config, location) is not None:
        checks.append("external-auth")
    exempt = config.exempts("no-auth-locations", location.path)
    if "auth-type" in location.settings and not exempt:
        checks.append("basic-auth")
    if checks and config.in_force(location, "satisfy") == "any":
        yield tuple(checks)
    else:
        for check in checks:
            yield (check,)
    if _closed_by_server(config, server) or any(
        _closes(directive)
        for _, setting in snippets(config, server, location, "location")
        for directive in parse_snippet(setting.text).directives
    ):
        yield ("snippet",)


@memo
def _closed_by_server(config: NginxConfig, server: Server) -> bool:
    """Whether a directive of the http or server level is a check, for all locations of a host."""
    nowhere = Location("", "prefix", "", Origin())
    return any(
        _closes(directive)
        for level in ("http", "server")
        for _, setting in snippets(config, server, nowhere, level)
        for directive in parse_snippet(setting.text).directives
    )


def _directives(config: NginxConfig, server: Server, location: Location) -> Iterator[Directive]:
    for level in ("http", "server", "location"):
        for _, setting in snippets(config, server, location, level):
            yield from parse_snippet(setting.text).directives


def _closes(directive: Directive) -> bool:
    """Whether a directive by itself is a check that no list and no annotation says."""
    return directive.name not in (*LISTING, "satisfy") and protects(directive)


def refused_somewhere(config: NginxConfig, server: Server, location: Location) -> bool:
    """Whether a snippet denies clients, in a condition or a block of its own."""
    directives = _directives(config, server, location)
    return any(refuses(inner) for directive in directives for inner in directive.all())
