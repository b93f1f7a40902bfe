"""Parts of an nginx.conf of ours: blocks, quoted texts, variables that a stock nginx has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from nginx2istio.base.printable import printable
from nginx2istio.istio.pcre import read_pattern

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
RENAMED: Mapping[str, str] = {
    "scheme": "client_scheme",
    "pass_access_scheme": "client_scheme",
    "best_http_host": "http_host",
    "the_real_ip": "remote_addr",
    "req_id": "client_request_id",
    "escaped_request_uri": "escaped_uri",
    "ssl_client_verify": "client_verify",
    "ssl_client_s_dn": "client_subject",
    "ssl_client_i_dn": "client_issuer",
    "ssl_client_escaped_cert": "client_certificate",
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
OF_REQUEST = ("http_", "cookie_", "arg_")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
STRAY = re.compile(r"\$(?!\w|\{\w+\})|[\x00-\x1f\x7f]")
"""What nginx can't read as part of a value: a dollar sign without a name, control characters."""

LONGEST_TEXT = 2000
"""Characters of a text; nginx takes 4096 bytes, in which quotes and longer names have to fit."""


def unwritable(headers: Iterable[str], *texts: str) -> str:
    """Why an nginx.conf can't hold names of headers and texts with variables, "" when it can."""
    for name in headers:
        if not _HEADER.fullmatch(name):
            return f"{printable(name)} is no name of a header"
    for text in texts:
        if len(text) > LONGEST_TEXT:
            return f"a value has more than {LONGEST_TEXT} characters"
        if STRAY.search(text):
            return f"nginx can't read {printable(text)} as a value"
        for match in _VARIABLE.finditer(text):
            name = match[1] or match[2]
            if name not in STOCK | RENAMED.keys() and not name.startswith(OF_REQUEST):
                return f"the variable ${name} has no counterpart"
    return ""


def unreadable(pattern: str) -> bool:
    """Whether nginx might not read a regular expression: one such costs the whole file."""
    if len(pattern) > LONGEST_TEXT:
        return True
    try:
        read_pattern(pattern)
    except ValueError:
        return True
    return False


def in_service(text: str) -> str:
    """A text with the variables by their names in the auth service, quoted."""
    return quoted(_VARIABLE.sub(_renamed, text))


def _renamed(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    return f"${{{RENAMED.get(name, name)}}}"


def quoted(text: str) -> str:
    """A text as one argument of a directive. Variables in it stay variables."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def raw(text: str) -> str:
    """A text as the controller writes it, in which a backslash stands for itself."""
    return '"' + text.replace('"', '\\"') + '"'


def block(head: str, lines: Iterable[str]) -> list[str]:
    """A block with its lines."""
    return [f"{head} {{", *(f"    {line}".rstrip() for line in lines), "}"]


def variable_map(source: str, target: str, values: Sequence[str]) -> list[str]:
    """A variable that depends on another."""
    return block(f"map {source} {target}", [f"{value};" for value in values])


def variable_part(text: str) -> str:
    """A text as part of the name of a variable, where nginx has those of headers."""
    return re.sub(r"[^a-z0-9]", "_", text.lower())
