"""What nginx decides about a request, by the effective configuration and nginx's documentation."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import Location, Server, Setting, Settings
from tests.properties.estates import PCRE
from tests.properties.mesh import Request

CHECKS = ("auth_basic", "auth_ldap", "vouch_token_check")
"""Directives that pass no request of the tests."""


@dataclass(frozen=True)
class Decision:
    """Whether nginx denies a request or asks for credentials that it lacks, and at which path.

    ``served``: nginx asks a Service. It does neither where it redirects or answers a preflight.
    """

    denied: bool
    path: str = "*"
    served: bool = False


def decision(config: NginxConfig, request: Request) -> Decision:
    """nginx's decision. Where it redirects or answers a preflight, the request is not denied."""
    server = _server(config, request.name)
    if server is None or server.denied:
        return Decision(True)
    location = _location(server, request.path)
    path = location.declared if location else "*"
    settings = server.settings
    if "auth-tls-secret" in settings and _refused_by_certificate(settings, request):
        return Decision(True, path)
    flow = _flow(
        _texts(settings.get("server-snippet"), config.configured("server-snippet")), request
    )
    if flow is not None or location is None:
        return Decision(flow == "deny" or location is None, path)
    if location.denied:
        return Decision(True, path)
    local = _texts(
        location.settings.get("configuration-snippet"), config.configured("location-snippet")
    )
    redirected = location.settings.keys() & {"permanent-redirect", "temporal-redirect"}
    if location.slash_redirect or redirected or _to_https(config, server, location, request):
        return Decision(False, path)
    if request.path == "/" and any("app-root" in x.settings for x in server.locations):
        return Decision(False, path)
    flow = _flow(local, request)
    if flow is not None:
        return Decision(flow == "deny", path)
    if config.in_force(location, "enable-cors") and request.method == "OPTIONS":
        return Decision(False, path)
    passes = _may_pass(config, server, location, local, request)
    upstream = config.upstreams.get(location.upstream)
    return Decision(not passes, path, passes and upstream is not None and not upstream.unavailable)


def _server(config: NginxConfig, name: str) -> Server | None:
    def first(test: object) -> Server | None:
        assert callable(test)
        return next((s for s in config.servers for n in (s.host, *s.aliases) if test(n)), None)

    stars = sorted(
        (n for s in config.servers for n in s.aliases if n.startswith("*.")), key=len, reverse=True
    )
    star = next((n for n in stars if name.endswith(n[1:])), None)
    label = re.compile(r"[\w-]+\.(.*)")
    parent = label.fullmatch(name)
    return (
        first(lambda n: n == name)
        or (first(lambda n: n == star) if star else None)
        or (first(lambda n: bool(parent) and n == f"*.{parent[1]}") if parent else None)
        or first(lambda n: n.startswith("~") and re.search(n[1:], name))
        or first(lambda n: n == "_")
    )


def _location(server: Server, path: str) -> Location | None:
    for location in server.locations:
        if location.match == "exact" and location.path == path:
            return location
    for location in server.locations:
        if location.match == "prefix" and path.startswith(location.path):
            return location
        if location.match == "regex" and _matches(location.path, path):
            return location
    return None


def _matches(pattern: str, path: str) -> bool:
    for pcre, python in PCRE.items():
        if pattern.startswith(pcre):
            pattern = python + pattern[len(pcre) :]
            break
    return re.search(f"^{pattern}", path, re.IGNORECASE) is not None


def _refused_by_certificate(settings: Settings, request: Request) -> bool:
    verify = settings.get("auth-tls-verify-client")
    how = verify.value if verify else "on"
    if request.port == 443 and how == "on" and not request.subject:
        return True
    pattern = settings.get("auth-tls-match-cn")
    subject = request.subject if request.port == 443 else ""
    return pattern is not None and not re.search(pattern.text, subject)


def _texts(*settings: Setting | None) -> list[str]:
    return [setting.text for setting in settings if setting]


def _flow(texts: Iterable[str], request: Request) -> str | None:
    """What snippets answer in the rewrite phase: "deny", "answer", None for nothing."""
    for text in texts:
        for directive in parse_snippet(text).directives:
            if directive.name == "break":
                return None
            if directive.name == "return":
                return "deny" if directive.args[0] == "403" else "answer"
            lua = directive.name == "rewrite_by_lua_block"
            if (lua or directive.name == "if") and dict(request.headers).get("x"):
                return "deny"
    return None


def _to_https(config: NginxConfig, server: Server, location: Location, request: Request) -> bool:
    if request.port != 80:
        return False
    if config.in_force(location, "force-ssl-redirect"):
        return True
    return bool(config.in_force(location, "ssl-redirect")) and server.certificate is not None


def _may_pass(
    config: NginxConfig, server: Server, location: Location, local: list[str], request: Request
) -> bool:
    """The access phase: addresses, and credentials; all of them, or any (satisfy)."""
    checks: list[bool] = []
    addresses = list(_addresses(config, server, location, local))
    if addresses:
        checks.append(_by_address(addresses, request.address))
    own = "auth-url" in location.settings
    everywhere = config.controller.text("global-auth-url")
    exempt = config.exempts("no-auth-locations", location.path)
    asks = own or (everywhere and config.in_force(location, "enable-global-auth"))
    if asks and not exempt:
        checks.append(request.accepted)
    if "auth-type" in location.settings and not exempt:
        checks.append(False)  # requests have a wrong password, or none
    http = _texts(config.configured("http-snippet"))
    wide = _texts(server.settings.get("server-snippet"), config.configured("server-snippet"))
    names = [d.name for text in (*local, *wide, *http) for d in parse_snippet(text).directives]
    lua = "access_by_lua_block" in names
    if any(name in CHECKS for name in names):
        checks.append(False)
    either = config.in_force(location, "satisfy") == "any" or "satisfy" in names
    passes = any(checks) if either and checks else all(checks)
    return passes and (not lua or (either and any(checks)))


def _addresses(
    config: NginxConfig, server: Server, location: Location, local: list[str]
) -> Iterator[tuple[str, str]]:
    """The ``allow`` and ``deny`` lines in force, in order; lines of a level replace outer ones."""
    lines: list[tuple[str, str]] = []
    deny = config.in_force(location, "denylist-source-range")
    allow = config.in_force(location, "allowlist-source-range")
    lines += [("deny", str(text)) for text in (deny if isinstance(deny, tuple) else ())]
    if isinstance(allow, tuple) and allow:
        lines += [*(("allow", str(text)) for text in allow), ("deny", "all")]
    lines += _lines(local)
    if not lines:
        lines += _lines(
            _texts(server.settings.get("server-snippet"), config.configured("server-snippet"))
        )
    if not lines:
        blocked = config.controller.config["block-cidrs"]
        lines += [("deny", str(t)) for t in (blocked if isinstance(blocked, tuple) else ())]
        lines += _lines(_texts(config.configured("http-snippet")))
    yield from lines


def _lines(texts: Iterable[str]) -> list[tuple[str, str]]:
    read = (d for text in texts for d in parse_snippet(text).directives)
    return [(d.name, d.args[0]) for d in read if d.name in ("allow", "deny")]


def _by_address(lines: Iterable[tuple[str, str]], address: str) -> bool:
    own = ipaddress.ip_address(address)
    for verb, text in lines:
        if text == "all":
            return verb == "allow"
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            return False  # nginx would not run with it; nobody knows whom it lets in
        if own in network:
            return verb == "allow"
    return True
