"""What nginx decides at the server block, before it has chosen a location."""

from __future__ import annotations

import re

from nginx2istio.base.outcome import Outcome
from nginx2istio.nginx.model import Server
from nginx2istio.nginx.serve.visit import Visit, own_answer, redirect


def asks_for_certificates(server: Server) -> bool:
    """Whether a server has ssl_verify_client in any form but off."""
    verify = server.settings.get("auth-tls-verify-client")
    return "auth-tls-secret" in server.settings and (verify is None or verify.value != "off")


def client_certificate(visit: Visit) -> Outcome | None:
    """Client certificates over TLS (``ngx_http_process_request``), and the subject's pattern."""
    settings, request = visit.server.settings, visit.variables.request
    if "auth-tls-secret" not in settings:
        return None
    secret = str(settings["auth-tls-secret"].value)
    if secret in visit.variables.world.missing_secrets:
        return own_answer(
            403, "tls", "server", f"Secret {secret} does not exist", "auth-tls-secret"
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
            400, "tls", "server", "no valid client certificate", "auth-tls-verify-client"
        )
    return None


def certificate_subject(visit: Visit) -> Outcome | None:
    """``if ($ssl_client_s_dn !~ PATTERN) { return 403; }`` of the server block."""
    pattern = visit.server.settings.get("auth-tls-match-cn")
    if "auth-tls-secret" not in visit.server.settings or pattern is None:
        return None
    name = visit.variables.request.subject if visit.variables.request.scheme == "https" else ""
    if re.search(str(pattern.value), name):
        return None
    return own_answer(403, "tls", "server", f"subject {name!r}", "auth-tls-match-cn")


def blocked(visit: Visit) -> Outcome | None:
    """block-user-agents and block-referers of the ConfigMap: a ``map`` and an ``if``."""
    for key, header in (("block-user-agents", "user-agent"), ("block-referers", "referer")):
        value = visit.variables.request.header(header) or ""
        entries = visit.config.controller.config[key]
        for entry in entries if isinstance(entries, tuple) else ():
            if _maps(str(entry), value):
                return own_answer(403, "access", "server", f"{header} {value}", key)
    return None


def _maps(entry: str, value: str) -> bool:
    """Whether a member of a ``map`` takes a value: a text in any case, or a pattern."""
    if entry.startswith("~"):
        flags = re.IGNORECASE if entry.startswith("~*") else 0
        return re.search(entry.lstrip("~").removeprefix("*"), value, flags) is not None
    return entry.lower() == value.lower()


def app_root(visit: Visit) -> Outcome | None:
    """``if ($uri = /)`` of the server block: that of the first location with one answers."""
    if visit.path != "/" or visit.server.denied:
        return None
    roots = (x.settings["app-root"] for x in visit.server.locations if "app-root" in x.settings)
    root = next(roots, None)
    if root is None:
        return None
    v = visit.variables
    to = f"{v.request.scheme}://{v.http_host}{root.value}"
    return redirect(visit, 302, to, "server", "app-root")
