"""The nginx.conf of an auth service: the hosts and locations of ingress-nginx, with their checks.

It answers 200 to what nginx would have let through, else as nginx did. Envoy asks under the Host
and with the path of the request, so nginx chooses the location as it always did.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from nginx2istio.bridge.auth.provider import service_host
from nginx2istio.bridge.checks.check import Check
from nginx2istio.bridge.checks.values import in_service, literally, quoted
from nginx2istio.istio.objects import short_hash
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.facts.auth_service import AuthService
from nginx2istio.nginx.facts.basic_auth import BasicAuth
from nginx2istio.nginx.facts.external_auth import ExternalAuth
from nginx2istio.nginx.facts.rate_limits import RateLimit, unlimited_networks
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server
from nginx2istio.nginx.values.origins import origin_pattern

PORT, READY_PORT = 8080, 8081
CONFIG, SECRETS, SCRATCH = "/etc/nginx2istio", "/etc/nginx2istio-users", "/tmp"
"""Where a pod has its ConfigMap, the Secrets with users, and room for files of its own."""
CACHE = "auth_cache"
TLS_VERSION = "X-Nginx2istio-Tls"
ADDRESS, VERIFY = "X-Nginx2istio-Address", "X-Nginx2istio-Verify"
SUBJECT, ISSUER = "X-Nginx2istio-Subject", "X-Nginx2istio-Issuer"
CERTIFICATE = "X-Nginx2istio-Certificate"
REMOVE = "x-envoy-auth-headers-to-remove"
"""By this header of an answer Envoy takes headers of the client's out of the request."""
ESCAPES = 64
"""How many characters of a request's target are escaped for the address of a sign-in page."""
RESERVED = '#%&+,/:;=?@[]|\\^`{}<>"'

HostChecks = Sequence[tuple[Server, Sequence[Check | None]]]


def escape_conf() -> str:
    """Escapes $request_uri into $escaped_uri, one character a step, as no variable of nginx is it.

    A letter, a digit and ``-._~!'()*`` stay (``set_escape_uri``).
    """
    plain, char, rest = (
        "?<escape_plain>[A-Za-z0-9._~!'()*-]*",
        "?<escape_char>.",
        "?<escape_tail>.*",
    )
    step = (
        f'if ($escape_rest ~ "^({plain})({char})({rest})$") {{\n'
        '    set $escaped_uri "$escaped_uri$escape_plain$escape_code";\n'
        "    set $escape_rest $escape_tail;\n"
        "}\n"
    )
    start = 'set $escaped_uri "";\nset $escape_rest $request_uri;\n'
    return start + step * ESCAPES + 'set $escaped_uri "$escaped_uri$escape_rest";\n'


@dataclass(frozen=True, slots=True)
class ServiceConf:
    """The configuration of the service in a namespace.

    ``others`` are the addresses of the services in other namespaces, by namespace, to which this
    one passes the checks with a Secret there.
    """

    config: NginxConfig
    namespace: str
    hosts: HostChecks
    others: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The whole file."""
        servers = sorted(self.hosts, key=lambda pair: pair[0].host != DEFAULT_SERVER)
        lines = [*self._http()]
        if not servers or servers[0][0].host != DEFAULT_SERVER:
            lines += ["", *_block("server", [*_listen(), "server_name _;", "return 404;"])]
        for server, checks in servers:
            lines += ["", *_block("server", list(self._server(server, checks)))]
        ready = [f"listen {READY_PORT};", "location = /ready {", "    return 200;", "}"]
        lines += ["", *_block("server", ready)]
        head = ["worker_processes 2;", f"pid {SCRATCH}/nginx.pid;", "error_log stderr warn;"]
        head += ["events {", "    worker_connections 4096;", "}"]
        return "\n".join([*head, *_block("http", lines), ""])

    def _own(self, check: Check | None) -> bool:
        return check is not None and _owner(check) not in self.others

    def _numbered(self) -> Iterator[tuple[Server, int, Check]]:
        """The checks that this service makes, with their hosts and places there."""
        for server, checks in self.hosts:
            for number, check in enumerate(checks):
                if check and self._own(check):
                    yield server, number, check

    def _http(self) -> Iterator[str]:
        """What holds for all servers: paths, variables, counters."""
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
            yield f"{name}_temp_path {SCRATCH}/{name};"
        yield "access_log off;"
        yield "server_tokens off;"
        yield "default_type text/html;"
        yield "root /nonexistent;"
        yield "log_not_found off;"
        # Longer than Envoy keeps an idle connection, so Envoy never sends into a closed one.
        yield "keepalive_timeout 3700s;"
        yield "server_names_hash_bucket_size 512;"
        yield "server_names_hash_max_size 8192;"
        yield "variables_hash_max_size 8192;"
        yield "map_hash_bucket_size 256;"
        yield f"include {SCRATCH}/resolver.conf;"
        yield "set_real_ip_from 0.0.0.0/0;"
        yield "set_real_ip_from ::/0;"
        yield f"real_ip_header {ADDRESS};"
        yield from _map(
            "$http_x_forwarded_proto", "$client_scheme", ["default http;", "https https;"]
        )
        ids = ["default $http_x_request_id;", '"" $request_id;']
        yield from _map("$http_x_request_id", "$client_request_id", ids)
        yield from _block("geo $dollar", ['default "$";'])
        checks = [check for _, _, check in self._numbered()]
        if any(c.external and c.external.signin for c in checks):
            codes = ["volatile;", "default $escape_char;", "${dollar} %24;"]
            codes += [f"{quoted(c)} %{ord(c):02X};" for c in RESERVED]
            yield from _map("$escape_char", "$escape_code", codes)
        for name in sorted({n for c in checks if c.external for n in _identity(c.external)}):
            absent = [f'"" "{name},";', 'default "";']
            yield from _map(f"$auth_{_slug(name)}", f"$absent_{_slug(name)}", absent)
        if any(c.external and c.external.cache_key for c in checks):
            room = "max_size=32m inactive=30m use_temp_path=off"
            yield f"proxy_cache_path {SCRATCH}/cache levels=1:2 keys_zone={CACHE}:10m {room};"
        for server, number, check in self._numbered():
            yield from self._early_maps(server, check.location, number)
        yield from self._counters(checks)

    def _counters(self, checks: Sequence[Check]) -> Iterator[str]:
        limited = [c for c in checks if c.limits]
        if not limited:
            return
        yield f"limit_req_status {self.config.default('limit-req-status-code')};"
        yield "limit_req_log_level warn;"
        written: set[str] = set()
        for check in limited:
            name = _counter(check.limits[0])
            if name in written:
                continue
            written.add(name)
            some = [f"{n} 0;" for n in unlimited_networks(self.config, check.location)]
            yield from _block(f"geo $counted_{name}", ["default 1;", *some])
            key = ['0 "";', "1 $binary_remote_addr;"]
            yield from _map(f"$counted_{name}", f"$client_{name}", key)
            for limit in check.limits:
                rate = f"{limit.rate}r/{'s' if limit.seconds == 1 else 'm'}"
                yield f"limit_req_zone $client_{name} zone={_zone(limit)}:5m rate={rate};"

    def _server(self, server: Server, checks: Sequence[Check | None]) -> Iterator[str]:
        yield from _listen()
        for name in (server.host, *server.aliases):
            yield f"server_name {_server_name(name)};"
        written: set[str] = set()
        for number, (location, check) in enumerate(zip(server.locations, checks, strict=True)):
            if location.literal in written:
                continue
            written.add(location.literal)
            yield ""
            if check is None:
                yield from _block(_location(location), ["return 200;"])
            elif not self._own(check):
                passed = [
                    f"set $service {self.others[_owner(check)]};",
                    "proxy_pass http://$service$request_uri;",
                ]
                passed += ["proxy_set_header Host $http_host;", "proxy_pass_request_body off;"]
                yield from _block(_location(location), passed)
            else:
                yield from self._checked(server, check, number)

    def _checked(self, server: Server, check: Check, number: int) -> Iterator[str]:
        location, external = check.location, check.external
        lines = [f"# {location.ingress.object}"]
        if check.basic:
            lines.append(f"if (!-f {users_file(check.basic)}) {{ return 503; }}")
        lines += self._early(server, location, number)
        lines += self._access(location)
        for limit in check.limits:
            burst = f" burst={limit.burst} nodelay" if limit.burst else ""
            lines.append(f"limit_req zone={_zone(limit)}{burst};")
        allowed = []
        if external and check.service:
            path = _auth_location(number)
            lines += [
                f"auth_request {path};",
                "auth_request_set $auth_cookie $upstream_http_set_cookie;",
            ]
            for name in _identity(external):
                lines.append(f"auth_request_set $auth_{_slug(name)} $upstream_http_{_slug(name)};")
            if external.always_set_cookie:
                lines.append("add_header Set-Cookie $auth_cookie always;")
            if external.signin:
                lines.append(f"error_page 401 = @signin-{number};")
            allowed += _allowed(external)
        if check.basic:
            lines += [f"auth_basic {literally(check.basic.realm)};"]
            lines += [f"auth_basic_user_file {users_file(check.basic)};"]
        lines.append(f"try_files /- @allowed-{number};")
        yield from _block(_location(location), lines)
        yield from _block(f"location @allowed-{number}", [*allowed, "return 200;"])
        if external and check.service:
            yield from _block(
                f"location = {_auth_location(number)}",
                [*self._question(server, number, external, check.service)],
            )
            if external.signin:
                target = external.signin
                if target.startswith("/"):  # nginx completes a Location without a host
                    target = f"$scheme://$host{target}"
                lines = ["internal;", f"include {CONFIG}/escape.conf;"]
                lines += ["add_header Set-Cookie $auth_cookie;"]
                lines.append(f"return 302 {quoted(in_service(target))};")
                yield from _block(f"location @signin-{number}", lines)

    def _early(self, server: Server, location: Location, number: int) -> Iterator[str]:
        """What nginx answers before it checks anything: the gateway's routes answer that."""
        before = early(self.config, server, location)
        if before.origins == ("*",):
            yield "if ($request_method = OPTIONS) { return 200; }"
        elif before.origins:
            yield f"if ($preflight_{_id(server, number)}) {{ return 200; }}"
        if before.to_https and server.host != DEFAULT_SERVER:
            yield f"if ($redirected_{_id(server, number)}) {{ return 200; }}"

    def _early_maps(self, server: Server, location: Location, number: int) -> Iterator[str]:
        """The conditions of the same; an ``if`` that goes on would lose what follows it."""
        before = early(self.config, server, location)
        if before.origins and before.origins != ("*",):
            some = "|".join(map(origin_pattern, before.origins))
            listed = [f'"~*^OPTIONS .*({some})$" 1;', 'default "";']
            name = f"$preflight_{_id(server, number)}"
            yield from _map('"$request_method $http_origin"', name, listed)
        if before.to_https and server.host != DEFAULT_SERVER:
            # As the policies and the routes tell plain HTTP: see OVER and refusal_routes.
            forwarded = self.config.controller.on("use-forwarded-headers")
            scheme = "$http_x_forwarded_proto" if forwarded else f"$http_{_slug(TLS_VERSION)}"
            plain = "http" if forwarded else "(-|)"
            names = "|".join(_name_pattern(name) for name in before.to_https)
            name = f"$redirected_{_id(server, number)}"
            listed = [f'"~*^{plain} ({names})$" 1;', 'default "";']
            yield from _map(f'"{scheme} $host"', name, listed)

    def _access(self, location: Location) -> Iterator[str]:
        lists = addresses(self.config, location)
        if self.config.in_force(location, "satisfy") == "any":
            yield "satisfy any;"
        yield from (f"deny {network};" for network in lists.deny)
        if lists.allow:
            yield from (f"allow {network};" for network in lists.allow)
            yield "deny all;"

    def _question(
        self, server: Server, number: int, auth: ExternalAuth, service: AuthService
    ) -> Iterator[str]:
        yield "internal;"
        if auth.cache_key:
            yield f"proxy_cache {CACHE};"
            for status, seconds in auth.cache_seconds.items():
                yield f"proxy_cache_valid {status} {seconds}s;"
            key = f"{server.host}{_auth_location(number)}{in_service(auth.cache_key)}"
            yield f"proxy_cache_key {quoted(key)};"
        yield "proxy_pass_request_body off;"
        yield "proxy_http_version 1.1;"
        yield f"proxy_method {auth.method};"
        yield "proxy_ssl_server_name on;"
        headers = {"Content-Length": "", "X-Forwarded-Proto": "", "Connection": "", "Upgrade": ""}
        headers |= {"X-Request-ID": "$req_id", "Host": auth.host}
        headers |= dict.fromkeys((ADDRESS, TLS_VERSION, VERIFY, SUBJECT, ISSUER, CERTIFICATE), "")
        for name, value in (headers | dict(auth.headers)).items():
            yield f"proxy_set_header {name} {quoted(in_service(value))};"
        if auth.only_200:
            yield "proxy_hide_header WWW-Authenticate;"
        scheme = "https" if service.tls else "http"
        address = f"{scheme}://{service_host(service)}:{service.port}{in_service(auth.path)}"
        yield f"set $service {quoted(address)};"
        yield "proxy_pass $service;"


def _block(head: str, lines: Sequence[str]) -> list[str]:
    return [f"{head} {{", *(f"    {line}".rstrip() for line in lines), "}"]


def _map(source: str, target: str, lines: Sequence[str]) -> list[str]:
    return _block(f"map {source} {target}", lines)


def _listen() -> list[str]:
    return [f"listen {PORT};", f"include {SCRATCH}/listen.conf;"]


def _id(server: Server, number: int) -> str:
    """What tells a location apart in the name of a variable."""
    return f"{short_hash(server.host)}_{number}"


def _name_pattern(name: str) -> str:
    if name.startswith("~"):
        return name.lstrip("~^").rstrip("$")
    return re.escape(name).replace(r"\*", r"[\w-]+").replace(r"\-", "-")


def _server_name(name: str) -> str:
    """A name as the controller writes it: a star is one label."""
    if name.startswith("*."):
        return f'"~^{_name_pattern(name)}$"'
    return f'"{name}"'


def _location(location: Location) -> str:
    modifier = {"exact": "= ", "prefix": "", "regex": "~* "}[location.match]
    start = "^" if location.match == "regex" else ""
    path = location.path.replace('"', '\\"')
    return f'location {modifier}"{start}{path}"'


def _auth_location(number: int) -> str:
    return f"/_nginx2istio-auth-{number}"


def users_file(basic: BasicAuth) -> str:
    """The htpasswd file of a Secret; of one with a key a user the start script makes it."""
    if basic.by_key:
        return f"{SCRATCH}/users/{basic.secret}"
    return f"{SECRETS}/{basic.secret}/auth"


def _owner(check: Check) -> str:
    return check.basic.namespace if check.basic else ""


def _identity(auth: ExternalAuth) -> list[str]:
    return sorted({name.lower() for name in auth.identity})


def _allowed(auth: ExternalAuth) -> list[str]:
    names = _identity(auth)
    lines = [f"add_header {name} $auth_{_slug(name)};" for name in names]
    if names:
        absent = "".join(f"$absent_{_slug(name)}" for name in names)
        lines.append(f'add_header {REMOVE} "{absent}";')
    return [*lines, "add_header Set-Cookie $auth_cookie;"]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "_", name.lower())


def _counter(limit: RateLimit) -> str:
    return _slug(limit.ingress.replace("_", "__"))


def _zone(limit: RateLimit) -> str:
    return f"{limit.key.removeprefix('limit-')}_{_counter(limit)}"
