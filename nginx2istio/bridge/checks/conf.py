"""The nginx.conf of an auth service: the hosts and locations of ingress-nginx, with their checks.

It answers 200 to what nginx would have let through, else as nginx did. Envoy asks under the Host
and with the path of the request, so nginx chooses the location as it always did.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from nginx2istio.bridge.auth.provider import service_host
from nginx2istio.bridge.checks.check import Check, unwritable_path
from nginx2istio.bridge.checks.counters import counters, limit_directive
from nginx2istio.bridge.checks.early_answers import early_directives, early_maps
from nginx2istio.bridge.checks.nginx_text import (
    block,
    in_service,
    quoted,
    raw,
    unreadable,
    variable_map,
    variable_part,
)
from nginx2istio.bridge.names import own_pattern
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.auth_service import AuthService
from nginx2istio.nginx.facts.checks.basic_auth import BasicAuth
from nginx2istio.nginx.facts.external_auth import ExternalAuth
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server

CHECK_PORT, READY_PORT = 8080, 8081
CONFIG_FOLDER, USERS_FOLDER, OWN_FOLDER = "/etc/nginx2istio", "/etc/nginx2istio-users", "/tmp"
"""Where a pod has its ConfigMap, the Secrets with users, and room for files of its own."""
REMOVE = "x-envoy-auth-headers-to-remove"
"""By this header of an answer Envoy takes headers of the client's out of the request."""
CACHE = "levels=1:2 keys_zone=answers:10m max_size=32m inactive=30m use_temp_path=off"

HostChecks = Sequence[tuple[Server, Sequence[Check | None]]]


@dataclass(frozen=True, slots=True)
class ServiceConf:
    """The configuration of one service.

    ``others`` are the addresses of services in other namespaces, to which it passes the checks
    with a Secret there.
    """

    config: NginxConfig
    hosts: HostChecks
    others: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The whole file."""
        servers = sorted(self.hosts, key=lambda pair: pair[0].host != DEFAULT_SERVER)
        lines = [*self._http()]
        if not servers or servers[0][0].host != DEFAULT_SERVER:
            lines += ["", *block("server", [*_listen(), "server_name _;", "return 404;"])]
        for server, checks in servers:
            lines += ["", *block("server", self._server(server, checks))]
        ready = [f"listen {READY_PORT};", *block("location = /ready", ["return 200;"])]
        lines += ["", *block("server", ready)]
        head = ["worker_processes 2;", f"pid {OWN_FOLDER}/nginx.pid;", "error_log stderr warn;"]
        head += block("events", ["worker_connections 4096;"])
        return "\n".join([*head, *block("http", lines), ""])

    def _own(self, check: Check) -> bool:
        return check.secret_namespace not in self.others

    def _checks(self) -> Iterator[tuple[Server, int, Check]]:
        """The checks that this service makes, with their hosts and numbers there."""
        for server, checks in self.hosts:
            for number, check in enumerate(checks):
                if check and self._own(check):
                    yield server, number, check

    def _http(self) -> Iterator[str]:
        """What holds for all servers: variables, counters."""
        yield f"include {CONFIG_FOLDER}/common.conf;"
        checks = [check for _, _, check in self._checks()]
        asked = [check.external for check in checks if check.external]
        if any(auth.signin for auth in asked):
            yield f"include {CONFIG_FOLDER}/escape-map.conf;"
        for name in sorted({name for auth in asked for name in _identity(auth)}):
            absent = [f'"" "{name},"', 'default ""']
            part = variable_part(name)
            yield from variable_map(f"$answer_{part}", f"$absent_{part}", absent)
        if any(auth.cache_key for auth in asked):
            yield f"proxy_cache_path {OWN_FOLDER}/cache {CACHE};"
        for server, number, check in self._checks():
            yield from early_maps(self.config, server, check.location, number)
        yield from counters(self.config, checks)

    def _server(self, server: Server, checks: Sequence[Check | None]) -> Iterator[str]:
        yield from _listen()
        for name in (server.host, *server.aliases):
            pattern = (
                f"^{own_pattern(server, name)}$" if name.startswith("*.") else name.lstrip("~")
            )
            by_pattern = name.startswith(("~", "*."))
            if not (unreadable(pattern) if by_pattern else len(name) > 253):
                yield f"server_name {raw('~' + pattern if by_pattern else name)};"
        written: set[str] = set()
        for number, (location, check) in enumerate(zip(server.locations, checks, strict=True)):
            if location.literal in written or unwritable_path(location):
                continue  # nginx knows the first only
            written.add(location.literal)
            yield ""
            if check is None:
                yield from block(_location(location), ["return 200;"])
            elif self._own(check):
                yield from block(_location(location), self._check(server, check, number))
                yield from block(f"location @allowed-{number}", _allowed(check))
                if check.external and check.service:
                    question = _question(server, number, check.external, check.service)
                    yield from block(f"location = {_question_path(number)}", question)
                if check.external:
                    yield from _after_refusals(check.external, number)
            else:
                yield from block(_location(location), self._passed_on(check))

    def _passed_on(self, check: Check) -> Iterator[str]:
        """The whole check, to the service beside the Secret."""
        yield f"set $service {self.others[check.secret_namespace]};"
        yield "proxy_pass http://$service$request_uri;"
        yield "proxy_set_header Host $http_host;"
        yield "proxy_pass_request_body off;"

    def _check(self, server: Server, check: Check, number: int) -> Iterator[str]:
        location, external, basic = check.location, check.external, check.basic
        yield f"# {location.ingress.object}"
        if basic:
            yield f"if (!-f {users_file(basic)}) {{ return 503; }}"
        yield from early_directives(self.config, server, location, number)
        yield from self._addresses(location)
        yield from map(limit_directive, check.limits)
        if external:
            yield f"auth_request {_question_path(number)};"
            yield "auth_request_set $answer_set_cookie $upstream_http_set_cookie;"
            for part in map(variable_part, _identity(external)):
                yield f"auth_request_set $answer_{part} $upstream_http_{part};"
            if external.always_set_cookie:
                yield "add_header Set-Cookie $answer_set_cookie always;"
            yield from _error_pages(external, number)
        if basic:
            yield f"auth_basic {quoted(basic.realm)};"
            yield f"auth_basic_user_file {users_file(basic)};"
        # After all checks; a return would come before them.
        yield f"try_files /- @allowed-{number};"

    def _addresses(self, location: Location) -> Iterator[str]:
        lists = addresses(self.config, location)
        if self.config.in_force(location, "satisfy") == "any":
            yield "satisfy any;"
        yield from (f"deny {network};" for network in lists.deny)
        if lists.allow:
            yield from (f"allow {network};" for network in lists.allow)
            yield "deny all;"


def users_file(basic: BasicAuth) -> str:
    """The htpasswd file of a Secret; of one with a key a user the start script makes it."""
    if basic.by_key:
        return f"{OWN_FOLDER}/users/{basic.secret}"
    return f"{USERS_FOLDER}/{basic.secret}/auth"


def _listen() -> list[str]:
    return [f"listen {CHECK_PORT};", f"include {OWN_FOLDER}/listen.conf;"]


def _location(location: Location) -> str:
    modifier = {"exact": "= ", "prefix": "", "regex": "~* "}[location.match]
    start = "^" if location.match == "regex" else ""
    return f"location {modifier}{raw(start + location.path)}"


def _question_path(number: int) -> str:
    return f"/_nginx2istio-auth-{number}"


def _identity(auth: ExternalAuth) -> list[str]:
    """The headers of the answer that the backend gets, in lower case."""
    return sorted({name.lower() for name in auth.identity})


def _allowed(check: Check) -> Iterator[str]:
    """The answer 200, with what the request goes on with."""
    if check.external:
        names = _identity(check.external)
        for name in names:
            yield f"add_header {name} $answer_{variable_part(name)};"
        if names:
            absent = "".join(f"$absent_{variable_part(name)}" for name in names)
            yield f'add_header {REMOVE} "{absent}";'
        yield "add_header Set-Cookie $answer_set_cookie;"
        if check.external.only_200:
            yield 'if ($answer_status ~ "^2(?!00$)") { return 500; }'
    yield "return 200;"


def _error_pages(auth: ExternalAuth, number: int) -> Iterator[str]:
    if auth.signin:
        yield f"error_page 401 = @signin-{number};"
    if auth.only_200:
        yield "auth_request_set $answer_status $upstream_status;"
        yield f"error_page 500 = @refused-{number};"
        yield "recursive_error_pages on;"


def _after_refusals(auth: ExternalAuth, number: int) -> Iterator[str]:
    """What follows a 401 or an error.

    auth_request passes the challenge of a 401 on, which the controller's Lua for keepalive does
    not: the question fails instead, and its status says why.
    """
    if auth.signin:
        yield from block(f"location @signin-{number}", _signin(auth))
    if auth.only_200:
        yield from block(f"location @challenged-{number}", ["return 402;"])
        refused = ["if ($answer_status = 401) { return 401; }", "return 500;"]
        if auth.signin:
            refused.insert(0, f"error_page 401 = @signin-{number};")
        yield from block(f"location @refused-{number}", refused)


def _signin(auth: ExternalAuth) -> Iterator[str]:
    # nginx completes a Location without a host by that of the request
    target = f"$scheme://$host{auth.signin}" if auth.signin.startswith("/") else auth.signin
    yield "internal;"
    yield f"include {CONFIG_FOLDER}/escape.conf;"
    yield "add_header Set-Cookie $answer_set_cookie;"
    yield f"return 302 {in_service(target)};"


def _question(
    server: Server, number: int, auth: ExternalAuth, service: AuthService
) -> Iterator[str]:
    """What the authentication service is asked, as ingress-nginx asks it."""
    yield "internal;"
    if auth.cache_key:
        yield "proxy_cache answers;"
        for status, seconds in auth.cache_seconds.items():
            yield f"proxy_cache_valid {status} {seconds}s;"
        yield f"proxy_cache_key {in_service(f'{server.host} {number} {auth.cache_key}')};"
    if auth.only_200:
        yield "proxy_intercept_errors on;"
        yield f"error_page 401 = @challenged-{number};"
    yield "proxy_pass_request_body off;"
    yield "proxy_http_version 1.1;"
    yield f"proxy_method {auth.method};"
    yield "proxy_ssl_server_name on;"
    headers = dict.fromkeys(("Content-Length", "X-Forwarded-Proto", "Connection", "Upgrade"), "")
    headers |= dict.fromkeys(map("X-Nginx2istio-{}".format, OWN_HEADERS), "")
    headers |= {"X-Request-ID": "$req_id", "Host": auth.host}
    for name, value in (headers | dict(auth.headers)).items():
        yield f"proxy_set_header {name} {in_service(value)};"
    scheme = "https" if service.tls else "http"
    yield f"set $service {in_service(f'{scheme}://{service_host(service)}:{service.port}{auth.path}')};"
    yield "proxy_pass $service;"


OWN_HEADERS = ("Address", "Tls", "Verify", "Subject", "Issuer", "Certificate")
"""What the gateway says of a request, in headers that begin with X-Nginx2istio-."""
