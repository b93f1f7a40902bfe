"""The request that a backend gets (``proxy_pass``, ``proxy_set_header``)."""

from __future__ import annotations

import re
from operator import itemgetter

from nginx2istio.base.outcome import (
    PER_CONNECTION,
    SOME_CERTIFICATE,
    SOME_ISSUER,
    SOME_REQUEST_ID,
    Headers,
)
from nginx2istio.nginx.facts.external_auth import external_auth, headers_by_lua
from nginx2istio.nginx.facts.headers import request_headers
from nginx2istio.nginx.serve.location_phases import rewrite_target
from nginx2istio.nginx.serve.server_phases import asks_for_certificates
from nginx2istio.nginx.serve.visit import Visit

UNVERIFIED = "FAILED:unable to verify the first certificate"
"""$ssl_client_verify of a certificate that nobody signed who is trusted (optional_no_ca)."""
UPGRADES = frozenset({"upgrade", "connection"})
_TO_ESCAPE = re.compile(r"[\x00-\x20\"#%<>?\\^`{|}\x7f-\xff]")
_NAME = re.compile(r"[A-Za-z0-9-]+")


def upstream_target(visit: Visit) -> str:
    """The path and query: as the client wrote them, or the rewritten path, escaped anew."""
    v = visit.variables
    path = rewrite_target(visit)
    if path is None and visit.changed:
        path = visit.path
    if path is None:
        return re.sub(r"(?i)^https?://[^/?#]*", "", v.request.target) or "/"
    escaped = _TO_ESCAPE.sub(lambda m: f"%{ord(m[0]):02X}", path)
    return escaped + (f"?{visit.args}" if visit.args else "")


def upstream_host(visit: Visit) -> str:
    """The Host header: upstream-vhost, or the client's."""
    vhost = visit.location.settings.get("upstream-vhost")
    if vhost is not None and vhost.value:
        return visit.text(str(vhost.value))
    return visit.variables.best_http_host


def asks_for_503(visit: Visit) -> Headers:
    """What default-backend is told that answers instead of a Service without ready pods."""
    fields = {
        "x-code": "503",
        "x-format": visit.variables.request.header("accept") or "",
        "x-namespace": visit.filled("$namespace"),
        "x-ingress-name": visit.filled("$ingress_name"),
        "x-service-name": visit.filled("$service_name"),
        "x-service-port": visit.filled("$service_port"),
        "x-request-id": visit.variables.request.header("x-request-id") or SOME_REQUEST_ID,
    }
    return tuple(fields.items())


def upstream_headers(visit: Visit, more: Headers = ()) -> Headers:
    """All headers but Host and those of the connection, sorted; names in lower case.

    ``more`` are set by the location besides.
    """
    v = visit.variables
    sent = _of_client(visit)
    lines = request_headers(visit.config, visit.server, visit.location)
    for line in lines:
        if line.kind in ("input", "input-clear"):
            sent = [(n, x) for n, x in sent if n != line.name.lower()]
            if line.kind == "input":
                sent.append((line.name.lower(), visit.text(line.value)))
    together: dict[str, str] = {}
    for name, value in sent:
        together[name] = f"{together[name]}, {value}" if name in together else value
    fields = list(_template(visit, together).items())
    # nginx sends a header twice that two lines set.
    fields += [(x.name.lower(), visit.filled(x.value)) for x in lines if x.kind == "send"]
    fields += more
    exempt = visit.config.exempts("no-auth-locations", visit.location.path)
    if "auth-type" in visit.location.settings and not exempt:
        fields.append(("authorization", ""))
    auth = external_auth(visit.config, visit.location)
    names = list(auth.identity) if auth else []
    sources = names
    if headers_by_lua(visit.config, visit.location) == "shifted":
        sources = ["", *names]
    for name, source in zip(names, sources, strict=False):
        values = [x for n, x in v.request.auth_headers if n.lower() == source.lower()]
        fields.append((name.lower(), ", ".join(values)))
    upgrade = v.request.header("upgrade")
    connection = visit.value("connection-proxy-header")
    if upgrade:
        fields += [("upgrade", upgrade), ("connection", str(connection or "upgrade"))]
    replaced = {n for n, _ in fields}
    result = [(n, x) for n, x in sent if n not in replaced]
    result += [(n, x) for n, x in fields if x and (n not in PER_CONNECTION or n in UPGRADES)]
    return tuple(sorted(result, key=itemgetter(0)))


def _of_client(visit: Visit) -> list[tuple[str, str]]:
    """The client's headers that nginx reads; names in lower case."""
    controller = visit.config.controller
    passed = []
    for name, value in visit.variables.request.headers:
        lower = name.lower()
        if lower in PER_CONNECTION:
            continue
        if controller.on("ignore-invalid-headers"):
            plain = (
                name.replace("_", "-") if controller.on("enable-underscores-in-headers") else name
            )
            if not _NAME.fullmatch(plain):
                continue
        passed.append((lower, value.strip()))
    cookies = [x for n, x in passed if n == "cookie"]
    if len(cookies) > 1 and visit.variables.request.http == "2":
        passed = [(n, x) for n, x in passed if n != "cookie"] + [("cookie", "; ".join(cookies))]
    return passed


def _template(visit: Visit, sent: dict[str, str]) -> dict[str, str]:
    """The headers that the controller's template sets at every location."""
    v, controller = visit.variables, visit.config.controller
    fields = {
        "x-request-id": sent.get("x-request-id")
        or (SOME_REQUEST_ID if controller.on("generate-request-id") else ""),
        "x-real-ip": v.remote_addr,
        "x-forwarded-host": v.best_http_host,
        "x-forwarded-port": v.pass_port,
        "x-forwarded-proto": v.pass_access_scheme,
        "x-forwarded-scheme": v.pass_access_scheme,
        "x-scheme": v.pass_access_scheme,
        "x-original-forwarded-for": sent.get(controller.text("forwarded-for-header").lower(), ""),
        "x-original-forwarded-host": sent.get(controller.text("forwarded-host-header").lower(), ""),
        "proxy": "",
    }
    full = v.trusts and controller.on("compute-full-forwarded-for")
    before = sent.get("x-forwarded-for", "")
    fields["x-forwarded-for"] = (
        ", ".join(filter(None, (before, v.request.source))) if full else v.remote_addr
    )
    if controller.on("proxy-add-original-uri-header"):
        fields["x-original-uri"] = v.request_uri
    prefix = visit.location.settings.get("x-forwarded-prefix")
    if prefix is not None and prefix.value and rewrite_target(visit) is not None:
        fields["x-forwarded-prefix"] = str(prefix.value)
    settings = visit.server.settings
    if "auth-tls-secret" in settings and not visit.server.denied:
        asked = asks_for_certificates(visit.server)
        shown = asked and v.request.shows_certificate
        verified = {"valid": "SUCCESS", "other": UNVERIFIED}.get(v.request.certificate, "NONE")
        fields["ssl-client-verify"] = (
            verified if shown else ("NONE" if v.request.scheme == "https" else "")
        )
        fields["ssl-client-subject-dn"] = v.request.subject if shown else ""
        fields["ssl-client-issuer-dn"] = SOME_ISSUER if shown else ""
        passed = settings.get("auth-tls-pass-certificate-to-upstream")
        if passed is not None and passed.value:
            fields["ssl-client-cert"] = SOME_CERTIFICATE if shown else ""
    return fields
