"""Names of a host as regular expressions, for Host headers and for nginx's ``$host``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nginx2istio.istio.re2 import authority_regex
from nginx2istio.nginx.model import Server


def name_pattern(name: str, alias: bool = False) -> str:
    """A name as a regular expression for the whole of it; an alias may be one already.

    The star of a host is one label (``buildServerName``), that of an ``alias`` any number.
    """
    if name.startswith("~"):
        return name.lstrip("~^").rstrip("$")
    star = ".+" if alias else r"[\w-]+"
    return re.escape(name).replace(r"\*", star).replace(r"\-", "-")


def own_pattern(server: Server, name: str) -> str:
    """The pattern of a name of this host: all but the first are aliases."""
    return name_pattern(name, alias=name != server.host)


def authority_pattern(server: Server, names: Sequence[str]) -> str:
    """A pattern for Host headers with one of these names of a host, whatever their port."""
    return authority_regex([own_pattern(server, name) for name in names])
