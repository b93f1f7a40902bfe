"""The cookies of one session, kept and sent as a browser does, and as the recording did."""

from __future__ import annotations

import re
from typing import Any

from .records import Request


def cookie(text: str) -> dict[str, Any]:
    """A Set-Cookie value as name and attributes (lower case), without the value and the date."""
    first, *rest = (part.strip() for part in text.split(";"))
    attributes: dict[str, Any] = {}
    for part in rest:
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        attributes[name] = value.strip() if equals and name != "expires" else True
    return {"name": first.split("=")[0], "attributes": attributes}


class Jar:
    """Cookies by name, domain and path; host, path and Secure are respected."""

    def __init__(self) -> None:
        self._cookies: dict[tuple[str, str, str], tuple[str, bool, bool]] = {}

    def take(self, request: Request, headers: list[list[str]]) -> None:
        """Keeps what an answer to `request` sets, and forgets what it expires."""
        host, path = _place(request)
        for field, text in headers:
            if field.lower() != "set-cookie":
                continue
            attributes = cookie(text)["attributes"]
            name, _, value = text.split(";")[0].strip().partition("=")
            domain = str(attributes.get("domain") or "").lstrip(".").lower()
            if domain and host != domain and not host.endswith("." + domain):
                continue
            scope = str(attributes.get("path") or "")
            if not scope.startswith("/"):
                scope = path.rsplit("/", 1)[0] or "/"
            where = (name, domain or host, scope)
            age = str(attributes.get("max-age", ""))
            if re.fullmatch(r"-?\d+", age) and int(age) <= 0:
                self._cookies.pop(where, None)
            else:
                self._cookies[where] = (value, bool(domain), bool(attributes.get("secure")))

    def give(self, request: Request) -> list[str]:
        """The ``name=value`` pairs to send with `request`."""
        host, path = _place(request)
        return [
            f"{name}={value}"
            for (name, domain, scope), (value, wide, secret) in self._cookies.items()
            if (host == domain or (wide and host.endswith("." + domain)))
            and (path == scope or path.startswith(scope.rstrip("/") + "/"))
            and (request["scheme"] == "https" or not secret)
        ]


def _place(request: Request) -> tuple[str, str]:
    host = re.sub(r":\d+$", "", request["host"] or "").lower().rstrip(".")
    return host, request["target"].split("?")[0] or "/"
