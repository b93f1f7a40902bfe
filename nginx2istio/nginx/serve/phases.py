"""nginx's phases up to the backend: each gives the answer that ends the request, or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from nginx2istio.base.outcome import Aspect, Outcome, Step
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.addresses import addresses
from nginx2istio.nginx.facts.answered_early import certified
from nginx2istio.nginx.facts.error_pages import error_pages
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.sizes import max_body_size
from nginx2istio.nginx.model import Location, Server, Upstream
from nginx2istio.nginx.serve.choose import as_bytes
from nginx2istio.nginx.serve.variables import Variables
from nginx2istio.nginx.values.go import Value
from nginx2istio.nginx.values.networks import within


@dataclass(frozen=True, slots=True)
class Visit:
    """A request at the location that nginx chose for it.

    ``path`` is the normalized path, or what snippets rewrote it to (``changed``), ``args`` the query.
    ``values`` are the variables that snippets set; ``unknown`` aspects are those on which a
    directive may bear that is not followed.
    """

    variables: Variables
    server: Server
    location: Location
    path: str
    args: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    changed: bool = False
    unknown: frozenset[Aspect] = frozenset()

    @property
    def config(self) -> NginxConfig:
        """The configuration."""
        return self.variables.config

    def value(self, key: str) -> Value | None:
        """The value in force at the location."""
        return self.config.in_force(self.location, key)

    def text(self, template: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
        """A text with its variables filled in. Raises UnknownVariable."""
        upstream = self.config.upstreams.get(self.location.upstream)
        own = {
            "uri": self.path,
            "document_uri": self.path,
            "args": self.args,
            "namespace": self.location.ingress.namespace,
            "ingress_name": self.location.ingress.name,
            "service_name": upstream.service if upstream else "",
            "service_port": upstream.declared_port if upstream else "",
            "location_path": self.location.declared,
        }
        return self.variables.text(template, {**self.values, **own, **more})


def backend_name(upstream: Upstream) -> str:
    """A Service and its port: ``namespace/name:port``."""
    return f"{upstream.namespace}/{upstream.service}:{upstream.port}"


Phase = Callable[[Visit], Outcome | None]


def own_answer(
    visit: Visit | None, status: int, aspect: Aspect, phase: str, text: str, by: str = ""
) -> Outcome:
    """An answer that nginx makes itself."""
    return Outcome(status=status, aspect=aspect, trace=(Step(phase, text, by),))


MOVES = (301, 302, 303, 307, 308)
"""The statuses with which ``return`` sends a Location (``ngx_http_send_response``)."""


def redirect(visit: Visit, status: int, to: str, phase: str, by: str) -> Outcome:
    """A redirect; an address without a host is completed unless relative-redirects says not to."""
    if to.startswith("/") and not visit.value("relative-redirects"):
        to = visit.variables.completed(to)
    text = f"{status} to {to}"
    where = "" if status not in MOVES else to
    return Outcome(status=status, aspect="redirect", location=where, trace=(Step(phase, text, by),))


def app_root(visit: Visit) -> Outcome | None:
    """``if ($uri = /)`` of the server block, once a location that says so: the first one answers."""
    if visit.path != "/" or visit.server.denied:
        return None
    roots = (x.settings["app-root"] for x in visit.server.locations if "app-root" in x.settings)
    root = next(roots, None)
    if root is None:
        return None
    v = visit.variables
    to = f"{v.request.scheme}://{v.http_host}{root.value}"
    return redirect(visit, 302, to, "server", "app-root")


def client_certificate(visit: Visit) -> Outcome | None:
    """Client certificates over TLS (``ngx_http_process_request``), and the subject's pattern."""
    settings, request = visit.server.settings, visit.variables.request
    if "auth-tls-secret" not in settings:
        return None
    secret = str(settings["auth-tls-secret"].value)
    if secret in visit.variables.world.missing_secrets:
        return own_answer(
            visit, 403, "tls", "server", f"Secret {secret} does not exist", "auth-tls-secret"
        )
    verify = (
        str(settings["auth-tls-verify-client"].value)
        if "auth-tls-verify-client" in settings
        else "on"
    )
    wrong = request.certificate == "other" and verify in ("on", "optional")
    if request.scheme == "https" and (wrong or (verify == "on" and request.certificate == "none")):
        page = settings.get("auth-tls-error-page")
        if page is not None:
            return redirect(
                visit, 302, visit.text(str(page.value)), "server", "auth-tls-error-page"
            )
        return own_answer(
            visit, 400, "tls", "server", "no valid client certificate", "auth-tls-verify-client"
        )
    return None


def subject(visit: Visit) -> Outcome | None:
    """``if ($ssl_client_s_dn !~ PATTERN) { return 403; }`` of the server block."""
    pattern = visit.server.settings.get("auth-tls-match-cn")
    if "auth-tls-secret" not in visit.server.settings or pattern is None:
        return None
    name = visit.variables.request.subject if visit.variables.request.scheme == "https" else ""
    if re.search(str(pattern.value), name):
        return None
    return own_answer(visit, 403, "tls", "server", f"subject {name!r}", "auth-tls-match-cn")


def body_length(visit: Visit) -> Outcome | None:
    """A Content-Length above the limit (``ngx_http_core_find_config_phase``)."""
    request = visit.variables.request
    limit = max_body_size(visit.value("proxy-body-size"))
    if request.chunked or not limit or request.body_bytes <= limit:
        return None
    return own_answer(
        visit, 413, "body-limit", "location", f"more than {limit} bytes", "proxy-body-size"
    )


def slash_redirect(visit: Visit) -> Outcome | None:
    """``/x`` where only ``/x/`` is a location (``ngx_http_core_find_config_phase``)."""
    if not visit.location.slash_redirect:
        return None
    args = visit.variables.args
    to = visit.location.path + "/" + (f"?{args}" if args else "")
    return redirect(visit, 301, to, "location", "path")


def moved(visit: Visit) -> Outcome | None:
    """permanent-redirect and temporal-redirect: a ``return`` of the location."""
    for key, code in (
        ("temporal-redirect", "temporal-redirect-code"),
        ("permanent-redirect", "permanent-redirect-code"),
    ):
        setting = visit.location.settings.get(key)
        if setting is not None and setting.value:
            return redirect(visit, int(str(visit.value(code))), str(setting.value), "rewrite", key)
    return None


def origin_allowed(visit: Visit) -> bool | None:
    """Whether CORS headers are for this request's Origin; None where CORS is off."""
    if not visit.value("enable-cors"):
        return None
    origins = visit.value("cors-allow-origin")
    listed = [str(o) for o in origins] if isinstance(origins, tuple) else ["*"]
    if "*" in listed:
        return True
    origin = visit.variables.request.header("origin") or ""
    return any(re.fullmatch(_origin_pattern(o), origin, re.IGNORECASE) for o in listed)


def _origin_pattern(text: str) -> str:
    """One label for a star (``buildOriginRegex``)."""
    return re.escape(text).replace(r"\*", r"[A-Za-z0-9\-]+")


def preflight(visit: Visit) -> Outcome | None:
    """OPTIONS of an allowed origin: 204, whatever else the request has."""
    if visit.variables.request.method != "OPTIONS" or not origin_allowed(visit):
        return None
    return own_answer(visit, 204, "cors", "rewrite", "a preflight", "enable-cors")


def denied(visit: Visit) -> Outcome | None:
    """A location whose settings the controller refuses."""
    why = visit.location.denied or _without_headers(visit)
    secret = visit.location.settings.get("auth-secret")
    if not why and secret is not None and "auth-type" in visit.location.settings:
        name = str(secret.value)
        name = name if "/" in name else f"{visit.location.ingress.namespace}/{name}"
        if name in visit.variables.world.missing_secrets:
            why = f"Secret {name} does not exist"
    return own_answer(visit, 503, "routing", "rewrite", why) if why else None


def _without_headers(visit: Visit) -> str:
    """Why the location of custom-headers or FastCGI is denied: its ConfigMap does not exist."""
    for key in ("custom-headers", "fastcgi-params-configmap"):
        setting = visit.location.settings.get(key)
        if setting is not None and str(setting.value) not in visit.config.configmaps:
            return f"ConfigMap {setting.value} does not exist"
    return ""


def to_https(visit: Visit) -> Outcome | None:
    """Plain HTTP of a host that has a certificate, or is forced to (``lua_ingress.rewrite``)."""
    v = visit.variables
    if v.pass_access_scheme != "http":
        return None
    if visit.config.exempts("no-tls-redirect-locations", visit.location.path):
        return None
    if not visit.value("force-ssl-redirect"):
        if not visit.value("ssl-redirect") or not certified(visit.server, v.host):
            return None
    host = (
        v.best_http_host.partition(":")[0]
        if not v.best_http_host.startswith("[")
        else v.best_http_host
    )
    if visit.value("use-port-in-redirects"):
        host += f":{visit.config.controller.flags['https-port']}"
    uri = v.request_uri
    if not visit.value("preserve-trailing-slash"):
        uri = uri.removesuffix("/")
    code = int(str(visit.config.controller.config["http-redirect-code"]))
    return redirect(visit, code, f"https://{host}{uri}", "rewrite", "ssl-redirect")


def no_endpoints(visit: Visit) -> Outcome | None:
    """No balancer for the upstream (``balancer.rewrite``)."""
    upstream = visit.config.upstreams.get(visit.location.upstream)
    if upstream is None or error_pages(visit.config, visit.server, visit.location).fallback:
        return None
    why = upstream.unavailable
    if not why and visit.variables.world.backends.get(backend_name(upstream)) == "none":
        why = f"Service {upstream.namespace}/{upstream.service} has no pod that is ready"
    return own_answer(visit, 503, "routing", "rewrite", why) if why else None


def address(visit: Visit) -> Outcome | None:
    """deny, allow: by the client's address."""
    lists = addresses(visit.config, visit.location)
    source = visit.variables.remote_addr
    if within(source, lists.deny) or (lists.allow and not within(source, lists.allow)):
        by = "denylist-source-range" if within(source, lists.deny) else "allowlist-source-range"
        return own_answer(visit, 403, "access", "access", f"{source} is not allowed", by)
    return None


def basic_auth(visit: Visit) -> Outcome | None:
    """auth_basic."""
    if "auth-type" not in visit.location.settings:
        return None
    if visit.config.exempts("no-auth-locations", visit.location.path):
        return None
    if visit.variables.request.credentials == "valid":
        return None
    return own_answer(visit, 401, "auth", "access", "no valid credentials", "auth-type")


def auth_request(visit: Visit) -> Outcome | None:
    """auth_request: 2xx passes, 401 and 403 do not, all else is an error."""
    auth = external_auth(visit.config, visit.location)
    if auth is None:
        return None
    status = visit.variables.request.auth_status
    if 200 <= status < 300 and not (auth.only_200 and status != 200):
        return None
    if status == 401 and auth.signin:
        return redirect(visit, 302, visit.text(auth.signin), "access", "auth-signin")
    if status in (401, 403):
        return own_answer(
            visit, status, "auth", "access", f"the service answers {status}", auth.key
        )
    return own_answer(visit, 500, "auth", "access", f"the service answers {status}", auth.key)


def access(visit: Visit) -> Outcome | None:
    """The access phase: all checks have to pass, or one of them (``satisfy any``)."""
    checks = tuple(_checks(visit))
    if not checks:
        return None
    answers = [check(visit) for check in checks]
    refusals = [answer for answer in answers if answer is not None]
    if visit.value("satisfy") == "any":
        if len(refusals) < len(checks):
            return None
        # The last of 401 and 403 that the checks gave (``ngx_http_core_access_phase``).
        asking = [r for r in refusals if r.status == 401 or r.aspect == "redirect"]
        return asking[-1] if asking else refusals[-1]
    return refusals[0] if refusals else None


def _checks(visit: Visit) -> Iterator[Phase]:
    if addresses(visit.config, visit.location):
        yield address
    if "auth-type" in visit.location.settings and not visit.config.exempts(
        "no-auth-locations", visit.location.path
    ):
        yield basic_auth
    if external_auth(visit.config, visit.location) is not None:
        yield auth_request


def absolute_rewrite(visit: Visit) -> Outcome | None:
    """rewrite-target with a scheme: nginx redirects at once."""
    setting = visit.location.settings.get("rewrite-target")
    if setting is None or not str(setting.value).startswith(("http://", "https://", "$scheme")):
        return None
    to = rewritten(visit)
    if to is None:
        return None
    args = visit.variables.args
    return redirect(visit, 302, to + (f"?{args}" if args else ""), "rewrite", "rewrite-target")


def rewritten(visit: Visit) -> str | None:
    """The path (or address) that rewrite-target makes, None where it does nothing.

    ``rewrite "(?i)PATH" TARGET break;`` (``buildLocation`` and the template). Raises re.error.
    """
    setting = visit.location.settings.get("rewrite-target")
    if setting is None or not setting.value or str(setting.value) == visit.location.path:
        return None
    match = re.search(as_bytes(visit.location.path), visit.path, re.IGNORECASE | re.ASCII)
    if match is None:
        return None
    groups = {str(i): g or "" for i, g in enumerate(match.groups(), 1)}
    for i in range(len(groups) + 1, 10):
        groups[str(i)] = ""
    return visit.text(
        str(setting.value), groups | {k: v or "" for k, v in match.groupdict().items()}
    )


def chunked_body(visit: Visit) -> Outcome | None:
    """A chunked body above the limit: seen when it is read for the backend."""
    request = visit.variables.request
    limit = max_body_size(visit.value("proxy-body-size"))
    if not request.chunked or not limit or request.body_bytes <= limit:
        return None
    return own_answer(
        visit, 413, "body-limit", "content", f"more than {limit} bytes", "proxy-body-size"
    )


SERVER_PHASES: tuple[Phase, ...] = (client_certificate, subject, app_root)
"""Of the server block, in nginx's order. Its snippets come before ``app_root``."""
FOUND_PHASES: tuple[Phase, ...] = (body_length, slash_redirect, preflight)
"""From the choice of the location to the snippets of the location."""
PHASES: tuple[Phase, ...] = (
    moved,
    absolute_rewrite,
    denied,
    to_https,
    no_endpoints,
    access,
    chunked_body,
)
"""After the snippets of the location, in nginx's order."""
