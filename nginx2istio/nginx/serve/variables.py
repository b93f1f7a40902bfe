"""nginx's variables about a request, as the controller's template and Lua set them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from urllib.parse import quote

from nginx2istio.base.addresses import in_networks, is_address
from nginx2istio.base.outcome import SOME_REQUEST_ID, Request, World
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.serve.choose import host_header, host_name


@record(frozen=True, slots=False)
class Variables:
    """What nginx knows of a request before it has chosen a location."""

    config: NginxConfig
    request: Request
    world: World

    @property
    def trusts(self) -> bool:
        """Whether X-Forwarded-* of the client count (use-forwarded-headers)."""
        return self.config.controller.on("use-forwarded-headers")

    @property
    def http_host(self) -> str:
        """The Host header as sent, even beside an absolute target, which names the server."""
        return self.request.host

    @cached_property
    def host(self) -> str:
        """The host's name."""
        return host_name(host_header(self.request))

    @cached_property
    def best_http_host(self) -> str:
        """X-Forwarded-Host where it counts, else the host as sent."""
        forwarded = self.request.header("x-forwarded-host") if self.trusts else None
        # The controller's map takes what stands before the first comma.
        return (forwarded or "").partition(",")[0] or self.http_host

    @cached_property
    def pass_access_scheme(self) -> str:
        """X-Forwarded-Proto where it counts, else the scheme."""
        forwarded = self.request.header("x-forwarded-proto") if self.trusts else None
        # Lua takes an empty text for true.
        return self.request.scheme if forwarded is None else forwarded

    @cached_property
    def pass_port(self) -> str:
        """X-Forwarded-Port where it counts, else the port of the listener."""
        own = "443" if self.request.scheme == "https" else "80"
        forwarded = self.request.header("x-forwarded-port") if self.trusts else None
        return own if forwarded is None else forwarded

    @property
    def request_uri(self) -> str:
        """The target as sent."""
        return self.request.target

    @property
    def args(self) -> str:
        """What follows the first ``?``."""
        return self.request.target.partition("#")[0].partition("?")[2]

    @cached_property
    def remote_addr(self) -> str:
        """The client's address: the first of X-Forwarded-For that no trusted proxy has.

        ``real_ip_recursive on`` with the networks of proxy-real-ip-cidr.
        """
        controller = self.config.controller
        proxied = controller.on("use-proxy-protocol")  # then the peer is the address in there
        if not self.trusts and (proxied or not controller.on("enable-real-ip")):
            return self.request.source
        header = controller.text("forwarded-for-header") or "X-Forwarded-For"
        forwarded = self.request.header(header)
        if not forwarded:
            return self.request.source
        cidrs = controller.config["proxy-real-ip-cidr"]
        texts = cidrs if isinstance(cidrs, tuple) else str(cidrs).split(",")
        trusted = tuple(filter(None, (str(text).strip() for text in texts)))
        address = self.request.source
        for text in reversed(forwarded.replace(",", " ").split()):
            candidate = _without_port(text)
            if not in_networks(address, trusted) or not is_address(candidate):
                break
            address = candidate
        return address

    def value(self, name: str) -> str | None:
        """A variable by its name; None for one that is not known here."""
        lower = name.lower()
        if lower == "http_host":
            return self.http_host
        if lower.startswith("http_"):
            return self.request.header(lower[5:].replace("_", "-")) or ""
        if lower.startswith("arg_"):
            return next(
                (
                    p.partition("=")[2]
                    for p in self.args.split("&")
                    if p.partition("=")[0].lower() == lower[4:]
                ),
                "",
            )
        if lower.startswith("cookie_"):
            return self.cookie(lower[7:])
        return {
            "scheme": self.request.scheme,
            "host": self.host,
            "request_uri": self.request_uri,
            "escaped_request_uri": quote(self.request_uri, safe=_NOT_ESCAPED, encoding="latin-1"),
            "request_method": self.request.method,
            "args": self.args,
            "query_string": self.args,
            "is_args": "?" if self.args else "",
            "remote_addr": self.remote_addr,
            "server_port": "443" if self.request.scheme == "https" else "80",
            "https": "on" if self.request.scheme == "https" else "",
            "best_http_host": self.best_http_host,
            "pass_access_scheme": self.pass_access_scheme,
            "pass_port": self.pass_port,
            "ssl_client_s_dn": self.request.subject,
            "literal_dollar": "$",
            "ssl_server_name": self.request.sni or "",
            "request_id": SOME_REQUEST_ID,
        }.get(lower)

    def completed(self, path: str) -> str:
        """A path as an absolute address, as nginx writes it into Location."""
        return f"{self.request.scheme}://{self.host}{path}"

    def cookie(self, name: str) -> str:
        """The first cookie of a name, in any case (``ngx_http_parse_multi_header_lines``).

        A name may begin behind a comma, too, and no comma ends a value.
        """
        for header, value in self.request.headers:
            if header.lower() == "cookie":
                pattern = rf"(?:^|[;,] *){re.escape(name)} *= *([^;]*)"
                match = re.search(pattern, value.strip(), re.IGNORECASE)
                if match is not None:
                    return match[1]
        return ""

    def text(self, template: str, more: Mapping[str, str] = MappingProxyType({})) -> str:
        """A text with its variables filled in. Raises ValueNotKnown."""
        return _VARIABLE.sub(lambda m: self._filled(m[1] or m[2], more), template)

    def _filled(self, name: str, more: Mapping[str, str]) -> str:
        value = more.get(name)
        if value is None:
            value = self.value(name)
        if value is None:
            raise ValueNotKnown(name)
        return value


def _without_port(text: str) -> str:
    """An address that may have a port: ``1.2.3.4:5``, ``[::1]:5`` (``ngx_parse_addr_port``)."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    address, colon, _ = text.partition(":")
    return text if ":" in text[len(address) + 1 :] or not colon else address


_NOT_ESCAPED = "-._~()*!',@$|`"
"""What set_escape_uri leaves besides letters and digits (``ngx_escape_uri_patched``)."""


class ValueNotKnown(ValueError):
    """A variable of nginx whose value can't be told."""


_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
