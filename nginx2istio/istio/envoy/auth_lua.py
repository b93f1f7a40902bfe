"""Asking an authentication service as nginx's auth_request does: a Lua filter of the gateway.

Envoy's own ext_authz asks with the method of the request, under its Host, passes the service's
answer on as it is, and knows no sign-in page; nginx does otherwise in all four.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from nginx2istio.istio.objects import Object, dns_name, new_object

LUA_FILTER = "envoy.filters.http.lua"
KEY = "nginx2istio.auth"
VARIABLES = frozenset(
    {
        "http_host",
        "best_http_host",
        "host",
        "server_name",
        "scheme",
        "pass_access_scheme",
        "request_uri",
        "escaped_request_uri",
        "request_method",
        "remote_addr",
        "the_real_ip",
        "request_id",
        "req_id",
        "args",
        "query_string",
        "is_args",
        "uri",
        "document_uri",
        "ssl_client_verify",
        "ssl_client_s_dn",
        "ssl_client_i_dn",
        "ssl_client_escaped_cert",
    }
)
"""nginx's variables that the script knows, besides ``http_*``, ``cookie_*`` and ``arg_*``."""
PREFIXES = ("http_", "cookie_", "arg_")

AUTH_SCRIPT = (files(__package__) / "auth.lua").read_text(encoding="utf-8")


def auth_filter() -> Object:
    """The filter's configuration; it asks where a route has a ``question`` among its metadata."""
    return {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        "default_source_code": {"inline_string": AUTH_SCRIPT},
    }


def question(
    cluster: str,
    method: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    identity: Sequence[str],
    signin: str = "",
    always: bool = False,
    strict: bool = False,
    cache: Mapping[str, Any] | None = None,
    bare: Sequence[str] = (),
    intercepts: bool = False,
) -> Object:
    """What to add to a route for the filter to ask about its requests.

    ``cluster`` is Envoy's name of the service. Texts may hold nginx's variables, see ``VARIABLES``.
    ``identity`` are headers of the answer that replace those of the request, ``signin`` is where a
    401 leads, ``always`` is auth-always-set-cookie. ``strict``: only 200 is a yes, and a 401 goes
    without the service's challenge, as in the controller's Lua for keepalive. ``cache`` has the
    ``key`` of the answer, for how many ``seconds`` an answer counts, by its status, and the path
    that has answers of its own (``apart``). ``bare`` are headers of the route that the redirect to
    the sign-in page goes without. ``intercepts``: the backend's own 401 leads there, too.
    """
    check: dict[str, Any] = {
        "cluster": cluster,
        "method": method,
        "host": host,
        "path": path,
        "headers": {name.lower(): text for name, text in headers.items()},
        "identity": list(identity),
    }
    if signin:
        check["signin"] = signin
    if always:
        check["always"] = True
    if strict:
        check["strict"] = True
    if cache:
        check["cache"] = dict(cache)
    if bare:
        check["bare"] = list(bare)
    if intercepts:
        check["intercepts"] = True
    return {"metadata": {"filter_metadata": {LUA_FILTER: {KEY: check}}}}


def unknown(*texts: str) -> list[str]:
    """The variables in texts that the script does not know."""
    names = [a or b for text in texts for a, b in re.findall(r"\$(?:\{(\w+)\}|(\w+))", text)]
    return [name for name in names if name not in VARIABLES and not name.startswith(PREFIXES)]


def tls_policy(namespace: str, host: str) -> Object:
    """How to reach an authentication service outside over TLS: nginx verifies no certificate."""
    tls = {"mode": "SIMPLE", "sni": host, "insecureSkipVerify": True}
    spec = {"host": host, "trafficPolicy": {"tls": tls}}
    return new_object("DestinationRule", namespace, dns_name(f"auth-{host}"), spec, [])
