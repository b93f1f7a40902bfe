"""What nginx decides at a location besides access, in the order of its phases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Aspect, Outcome
from nginx2istio.nginx.facts.checks.rate_limits import LIMIT_STATUS, unlimited_networks
from nginx2istio.nginx.facts.error_pages import error_pages
from nginx2istio.nginx.facts.sizes import max_body_size
from nginx2istio.nginx.model import DEFAULT_UPSTREAM
from nginx2istio.nginx.serve.access_phase import access
from nginx2istio.nginx.serve.certificates import has_certificate
from nginx2istio.nginx.serve.choose import as_bytes
from nginx2istio.nginx.serve.visit import NginxPhase, Visit, own_answer, redirect, upstream_name


def body_length(visit: Visit) -> Outcome | None:
    """A Content-Length above the limit (``ngx_http_core_find_config_phase``)."""
    # A location that is denied has no limit of its own.
    size = "" if location_denied(visit) else visit.value("proxy-body-size")
    return above_limit(max_body_size(size), visit, "location", "proxy-body-size")


def above_limit(limit: int, visit: Visit, phase: str, by: str) -> Outcome | None:
    """The refusal of a Content-Length above a limit in bytes; 0 is none."""
    request = visit.variables.request
    if request.chunked or not limit or request.body_bytes <= limit:
        return None
    return own_answer(413, "body-limit", phase, f"more than {limit} bytes", by)


def slash_redirect(visit: Visit) -> Outcome | None:
    """``/x`` where only ``/x/`` is a location (``ngx_http_core_find_config_phase``)."""
    if not visit.location.slash_redirect:
        return None
    args = visit.variables.args
    to = visit.location.path + "/" + (f"?{args}" if args else "")
    return redirect(visit, 301, to, "location", "path")


def origin_allowed(visit: Visit) -> bool | None:
    """Whether CORS headers are for this request's Origin; None where CORS is off."""
    if not visit.value("enable-cors"):
        return None
    origins = visit.value("cors-allow-origin")
    listed = [str(o) for o in origins] if isinstance(origins, tuple) else ["*"]
    return origin_listed(listed, visit.variables.request.header("origin") or "")


def origin_listed(listed: Sequence[str], origin: str) -> bool:
    """Whether an origin is one of cors-allow-origin."""
    if "*" in listed:
        return True
    return any(re.fullmatch(_origin_pattern(o), origin, re.IGNORECASE) for o in listed)


def _origin_pattern(text: str) -> str:
    """One label for a star (``buildOriginRegex``)."""
    return re.escape(text).replace(r"\*", r"[A-Za-z0-9\-]+")


def preflight(visit: Visit) -> Outcome | None:
    """OPTIONS of an allowed origin: 204, whatever else the request has."""
    if visit.variables.request.method != "OPTIONS" or not origin_allowed(visit):
        return None
    return own_answer(204, "cors", "rewrite", "a preflight", "enable-cors")


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


def rewrite_target(visit: Visit) -> str | None:
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


def absolute_rewrite(visit: Visit) -> Outcome | None:
    """rewrite-target with a scheme: nginx redirects at once."""
    setting = visit.location.settings.get("rewrite-target")
    if setting is None or not str(setting.value).startswith(("http://", "https://", "$scheme")):
        return None
    to = rewrite_target(visit)
    if to is None:
        return None
    args = visit.variables.args
    to = quote(to, safe=":/?#[]@!$&'()*+,;=-._~%", encoding="latin-1")
    return redirect(visit, 302, to + (f"?{args}" if args else ""), "rewrite", "rewrite-target")


def location_denied(visit: Visit) -> Outcome | None:
    """A location whose settings the controller refuses: it has nothing but ``return 503``."""
    why = visit.location.denied or _without_headers(visit)
    settings = visit.location.settings
    for key in ("auth-secret" if "auth-type" in settings else "", "proxy-ssl-secret"):
        secret = settings.get(key)
        if not why and secret is not None:
            name = str(secret.value)
            name = name if "/" in name else f"{visit.location.ingress.namespace}/{name}"
            if name in visit.variables.world.missing_secrets:
                why = f"Secret {name} does not exist"
    return own_answer(503, "routing", "rewrite", why) if why else None


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
    asked = visit.value("ssl-redirect") and has_certificate(v, v.host)
    if not asked and not visit.value("force-ssl-redirect"):
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
    if upstream.name == DEFAULT_UPSTREAM:  # it has at least the controller's own server
        return None
    why = upstream.unavailable
    if not why and visit.variables.world.backends.get(upstream_name(upstream)) == "none":
        why = f"Service {upstream.namespace}/{upstream.service} has no pod that is ready"
    return own_answer(503, "routing", "rewrite", why) if why else None


def chunked_body(visit: Visit) -> Outcome | None:
    """A chunked body above the limit: seen when it is read for the backend."""
    request = visit.variables.request
    limit = max_body_size(visit.value("proxy-body-size"))
    if not request.chunked or not limit or request.body_bytes <= limit:
        return None
    return own_answer(413, "body-limit", "content", f"more than {limit} bytes", "proxy-body-size")


FOUND_PHASES: tuple[NginxPhase, ...] = (body_length, slash_redirect, location_denied, preflight)
"""From the choice of the location to the snippets of the location."""
REWRITE_PHASES: tuple[NginxPhase, ...] = (
    moved,
    absolute_rewrite,
    to_https,
    no_endpoints,
)
"""After the snippets of the location, in nginx's order, before limits (preaccess)."""
ACCESS_PHASES: tuple[NginxPhase, ...] = (access, chunked_body)
"""After limits."""


def limited(visit: Visit) -> frozenset[Aspect]:
    """What limits may decide about a request: it depends on those before it."""
    if in_networks(visit.variables.remote_addr, unlimited_networks(visit.config, visit.location)):
        return frozenset()
    settings = visit.location.settings
    return frozenset({"rate-limit"}) if settings.keys() & LIMIT_STATUS.keys() else frozenset()
