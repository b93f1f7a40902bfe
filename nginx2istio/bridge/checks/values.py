"""Texts of annotations in an nginx.conf of ours: quoted, with variables that a stock nginx has."""

from __future__ import annotations

import re
from collections.abc import Mapping

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
RENAMED: Mapping[str, str] = {
    "scheme": "client_scheme",
    "pass_access_scheme": "client_scheme",
    "best_http_host": "http_host",
    "the_real_ip": "remote_addr",
    "req_id": "client_request_id",
    "escaped_request_uri": "escaped_uri",
    "ssl_client_verify": "http_x_nginx2istio_verify",
    "ssl_client_s_dn": "http_x_nginx2istio_subject",
    "ssl_client_i_dn": "http_x_nginx2istio_issuer",
    "ssl_client_escaped_cert": "http_x_nginx2istio_certificate",
}
"""The controller's variables, and those about a connection that ends at the gateway."""
STOCK = frozenset(
    {
        "args",
        "content_type",
        "document_uri",
        "host",
        "http_host",
        "is_args",
        "query_string",
        "remote_addr",
        "remote_user",
        "request_method",
        "request_uri",
        "server_name",
        "uri",
    }
)
"""Variables that have the same value in the auth service."""
PREFIXES = ("http_", "cookie_", "arg_")


def unknown_variables(*texts: str) -> list[str]:
    """The variables in texts that the auth service does not have."""
    names = [a or b for text in texts for a, b in VARIABLE.findall(text)]
    return [n for n in names if n not in STOCK | RENAMED.keys() and not n.startswith(PREFIXES)]


def in_service(text: str) -> str:
    """A text with the variables by their names in the auth service."""
    return VARIABLE.sub(_renamed, text)


def _renamed(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    return f"${{{RENAMED.get(name, name)}}}"


def quoted(text: str) -> str:
    """A text as one argument of a directive. Variables in it stay variables."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def literally(text: str) -> str:
    """The same for a text in which no variable is meant; nginx can't escape a dollar sign."""
    return quoted(text.replace("$", "${dollar}"))
