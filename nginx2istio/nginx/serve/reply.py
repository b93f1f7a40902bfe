"""The headers of the answer that a client gets: nginx's header filters, the controller's Lua."""

from __future__ import annotations

import re

from nginx2istio.base.outcome import SOME_COOKIE_VALUE, Headers, Outcome
from nginx2istio.nginx.facts.external_auth import external_auth
from nginx2istio.nginx.facts.headers import SENT_WITH, answer_headers
from nginx2istio.nginx.model import Location
from nginx2istio.nginx.serve.access_phase import challenges
from nginx2istio.nginx.serve.location_phases import location_denied, origin_allowed
from nginx2istio.nginx.serve.visit import Visit, upstream_name

_HIDDEN = re.compile(r"(?i)date|server|x-pad|x-accel-.*|status")
_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "date"})
_NO_SAMESITE = re.compile(
    "Chrome/[456]|CPU iPhone OS 12|iPad; CPU OS 12|"
    "^(?!.*Chrome).*Macintosh.*Intel Mac OS X 10_14.*Safari"
)


def response_fields(visit: Visit, outcome: Outcome, status: int) -> Headers:
    """All headers but those of the connection; names in lower case. ``status`` is the answer's."""
    fields: list[tuple[str, str]] = []
    passed = outcome.status is None
    last = outcome.trace[-1] if outcome.trace else None
    # Answers of the server block, sign-in pages and error pages have locations of their own.
    at_location = not last or (
        last.phase not in ("request", "server", "error page") and last.by != "auth-signin"
    )
    signs_in = bool(last and last.by == "auth-signin")
    if passed:
        fields += _of_backend(visit)
    if outcome.location:
        fields.append(("location", outcome.location))
    fields += _of_checks(visit, outcome)
    cookie = _session_cookie(visit, outcome)
    if cookie:
        fields.insert(0, ("set-cookie", cookie))
    located = visit.location if at_location else Location("", "prefix", "", visit.location.ingress)
    auth = external_auth(visit.config, located)
    lines = answer_headers(visit.config, visit.server, located, auth is not None)
    for line in lines:
        if line.kind in ("set", "clear") and (not line.codes or status in line.codes):
            fields = [(n, x) for n, x in fields if n != line.name.lower()]
            if line.kind == "set":
                fields.append((line.name.lower(), visit.filled(line.value)))
        elif line.kind == "add" and (not line.codes or status in line.codes):
            fields.append((line.name.lower(), visit.filled(line.value)))
        elif line.kind == "hide" and passed:
            fields = [(n, x) for n, x in fields if n != line.name.lower()]
    if (at_location or signs_in) and not _before_rewriting(visit, outcome):
        fields = _cors(visit, fields)
    if at_location:
        fields = _strict_transport(visit, fields)
    return tuple(_compressed(visit, fields, status))


def _of_backend(visit: Visit) -> list[tuple[str, str]]:
    fields = []
    for name, value in visit.variables.request.backend_headers:
        lower = name.lower()
        if lower in _HOP or _HIDDEN.fullmatch(lower):
            continue
        if lower == "location":
            value = _moved(visit, value)
        if lower == "refresh":
            value = _refreshed(visit, value)
        if lower == "set-cookie":
            value = _rewritten_cookie(visit, value)
        fields.append((lower, value))
    return fields


def _moved(visit: Visit, value: str) -> str:
    """A Location after proxy_redirect."""
    moved = _replaced_start(visit, value)
    if moved is None:
        return value
    # ngx_http_header_filter completes what nginx has changed.
    relative = not moved.startswith("/") or visit.value("relative-redirects")
    return moved if relative else visit.variables.completed(moved)


def _refreshed(visit: Visit, value: str) -> str:
    """A Refresh after proxy_redirect (``ngx_http_upstream_rewrite_refresh``)."""
    start = value.lower().find("url=") + len("url=")
    moved = None if start < len("url=") else _replaced_start(visit, value[start:])
    return value if moved is None else value[:start] + moved


def _replaced_start(visit: Visit, address: str) -> str | None:
    """An address with proxy-redirect-to for proxy-redirect-from, None where it is left alone."""
    old, new = visit.value("proxy-redirect-from"), visit.value("proxy-redirect-to")
    if old in (None, "off", "default") or new in (None, "off"):
        return None
    prefix = str(old)
    return visit.text(str(new)) + address[len(prefix) :] if address.startswith(prefix) else None


def _rewritten_cookie(visit: Visit, value: str) -> str:
    for key, attribute in (("proxy-cookie-path", "path"), ("proxy-cookie-domain", "domain")):
        setting = visit.value(key)
        words = str(setting or "off").split()
        if len(words) == 2:
            value = _with_attribute(value, attribute, words[0], words[1])
    return value


def _with_attribute(cookie: str, name: str, old: str, new: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        text = match[2]
        if old.startswith("~"):
            flags = re.IGNORECASE if old.startswith("~*") else 0
            return match[1] + re.sub(
                old.lstrip("~*"), re.sub(r"\$(\d)", r"\\\1", new), text, count=1, flags=flags
            )
        if name == "domain":
            dot = "." if text.startswith(".") else ""
            return match[1] + (dot + new if text.lstrip(".").lower() == old.lower() else text)
        return match[1] + (new + text[len(old) :] if text.startswith(old) else text)

    return re.sub(rf"(?i)(;\s*{name}=)([^;]*)", replaced, cookie)


def _of_checks(visit: Visit, outcome: Outcome) -> list[tuple[str, str]]:
    """What checks add: the challenge of a 401, cookies of the authentication service."""
    request = visit.variables.request
    if any(step.phase == "access" for step in outcome.trace):
        return [("www-authenticate", text) for text in challenges(visit)]
    auth = external_auth(visit.config, visit.location)
    if auth is None:
        return []
    ok = outcome.status is None and request.auth_status < 300
    if ok and (auth.always_set_cookie or request.backend_status in SENT_WITH):
        return [(n.lower(), x) for n, x in request.auth_headers if n.lower() == "set-cookie"][:1]
    return []


_COMPRESSIBLE = frozenset({200, 403, 404})


def _compressed(visit: Visit, fields: list[tuple[str, str]], status: int) -> list[tuple[str, str]]:
    """What ``gzip`` does to the headers of an answer that is long enough."""
    controller = visit.config.controller
    kind = next((x for n, x in fields if n == "content-type"), "").partition(";")[0].strip()
    types = ("text/html", *controller.text("gzip-types").split())
    if not controller.on("use-gzip") or status not in _COMPRESSIBLE:
        return fields
    if ("*" not in types and kind not in types) or any(n == "content-encoding" for n, _ in fields):
        return fields
    fields = [*fields, ("vary", "Accept-Encoding")]
    request = visit.variables.request
    disabled = controller.text("gzip-disable")
    old = disabled and _disables_gzip(disabled, request.header("user-agent") or "")
    if old or request.method == "HEAD" or request.http == "1.0":
        return fields
    if not _ACCEPTS_GZIP.search(request.header("accept-encoding") or ""):
        return fields
    # ngx_http_weak_etag
    weak = [(n, x if n != "etag" or x.startswith("W/") else f"W/{x}") for n, x in fields]
    return [*weak, ("content-encoding", "gzip")]


_ACCEPTS_GZIP = re.compile(r"(?i)(?:^|[, ])gzip *(?:,|$|; *(?!q=0(?:\.0{0,3})? *(?:,|$)))")
"""``ngx_http_gzip_accept_encoding``."""


def _disables_gzip(setting: str, agent: str) -> bool:
    """gzip_disable: ``msie6``, or a pattern."""
    if setting == "msie6":
        return re.search(r"MSIE [4-6]\.(?!.*(?:SV1|Opera))|MSIE [4-5]\.", agent) is not None
    try:
        return re.search(setting, agent, re.IGNORECASE) is not None
    except re.error:
        return False


def _session_cookie(visit: Visit, outcome: Outcome) -> str:
    """The cookie of a session that begins; "" where none is set (``sticky.lua``)."""
    upstream = visit.config.upstreams.get(visit.location.upstream)
    if upstream is None or upstream.affinity is None or not outcome.backends:
        return ""
    if upstream_name(upstream) not in outcome.backends and upstream.canary_is_legacy:
        return ""
    names = (visit.server.host, *visit.server.aliases)
    if not any((n, visit.location.declared) in upstream.affinity.places for n in names):
        return ""
    settings = upstream.affinity.settings
    name = _text(settings.get("session-cookie-name"), visit.value("session-cookie-name"))
    sent = visit.variables.cookie(name)
    if sent and (upstream.affinity.mode != "persistent" or _made_by_nginx(sent)):
        return ""
    parts = [f"{name}={SOME_COOKIE_VALUE}"]
    path = _text(settings.get("session-cookie-path"), "") or visit.location.declared
    age, expires = (_text(settings.get(f"session-cookie-{k}"), "") for k in ("max-age", "expires"))
    if expires:
        parts.append("Expires=<date>")
    if age:
        parts.append(f"Max-Age={age}")
    if domain := _text(settings.get("session-cookie-domain"), ""):
        parts.append(f"Domain={domain}")
    parts.append(f"Path={path}")
    secure = settings.get("session-cookie-secure")
    if (secure is not None and secure.value) or visit.variables.request.scheme == "https":
        parts.append("Secure")
    parts.append("HttpOnly")
    samesite = _text(settings.get("session-cookie-samesite"), "")
    conditional = settings.get("session-cookie-conditional-samesite-none")
    agent = visit.variables.request.header("user-agent") or ""
    if samesite and not (
        conditional
        and conditional.value
        and samesite.lower() == "none"
        and _NO_SAMESITE.search(agent)
    ):
        parts.append(f"SameSite={samesite}")
    return "; ".join(parts)


def chance_of_cookie(visit: Visit, outcome: Outcome) -> bool:
    """Whether chance decides about a session cookie: a canary that takes no part in sessions."""
    upstream = visit.config.upstreams.get(visit.location.upstream)
    legacy = upstream is not None and upstream.affinity is not None and upstream.canary_is_legacy
    return legacy and len(outcome.backends) > 1


def _made_by_nginx(value: str) -> bool:
    """Whether a cookie may name an endpoint: a salted MD5 (``nodemap.lua``)."""
    return re.fullmatch(r"[0-9a-f]{32}(\|.*)?", value) is not None or value == SOME_COOKIE_VALUE


def _text(setting: object, default: object) -> str:
    value = getattr(setting, "value", None)
    return str(value if value is not None else default or "")


def _before_rewriting(visit: Visit, outcome: Outcome) -> bool:
    """Whether nginx answers before it comes to the ``if`` in which the CORS headers stand.

    ``ngx_http_core_find_config_phase`` answers by a redirect to the slash, and 413 by the length. A
    location that is denied has no such ``if``.
    """
    by_length = outcome.aspect == "body-limit" and outcome.trace[-1].phase == "location"
    return visit.location.slash_redirect or by_length or location_denied(visit) is not None


def _cors(visit: Visit, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The controller's CORS headers replace those of the backend (``more_set_headers``)."""
    if not origin_allowed(visit):
        return fields
    origins = visit.value("cors-allow-origin")
    star = not isinstance(origins, tuple) or "*" in origins
    new = {
        "access-control-allow-origin": "*"
        if star
        else visit.variables.request.header("origin") or "",
        "access-control-allow-credentials": "true" if visit.value("cors-allow-credentials") else "",
        "access-control-allow-methods": str(visit.value("cors-allow-methods")),
        "access-control-allow-headers": str(visit.value("cors-allow-headers")),
        "access-control-max-age": str(visit.value("cors-max-age")),
        "access-control-expose-headers": str(visit.value("cors-expose-headers") or ""),
    }
    new = {name: value for name, value in new.items() if value}
    return [(n, x) for n, x in fields if n not in new] + list(new.items())


def _strict_transport(visit: Visit, fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """HSTS on every answer over https (``lua_ingress.header``)."""
    controller = visit.config.controller
    if visit.variables.request.scheme != "https" or not controller.on("hsts"):
        return fields
    value = f"max-age={controller.text('hsts-max-age')}"
    value += "; includeSubDomains" if controller.on("hsts-include-subdomains") else ""
    value += "; preload" if controller.on("hsts-preload") else ""
    name = "strict-transport-security"
    return [(n, x) for n, x in fields if n != name] + [(name, value)]
