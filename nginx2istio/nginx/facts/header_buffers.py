"""large_client_header_buffers: how much of request headers nginx takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nginx2istio.base.memo import memo
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.sizes import SHIFTS
from nginx2istio.nginx.facts.snippet import parse_snippet
from nginx2istio.nginx.model import Server
from nginx2istio.nginx.values.go import whole_number

DIRECTIVE = "large_client_header_buffers"
BY_DEFAULT = 4, 8192


def header_buffers(text: str) -> tuple[int, int] | None:
    """How many buffers, of how many bytes; None for what is no such pair."""
    buffers = re.fullmatch(r"\s*([0-9]+)\s+([0-9]+)([kKmM]?)\s*", text)
    if not buffers:
        return None
    return whole_number(buffers[1]), whole_number(buffers[2]) << SHIFTS[buffers[3].lower()]


@memo
def header_buffers_of(config: NginxConfig, server: Server) -> tuple[int, int]:
    """The buffers for the headers of a host, which snippets of the host may set."""
    own = next(snippet_buffers(config, server), None)
    everywhere = header_buffers(config.controller.text("large-client-header-buffers"))
    return own or everywhere or BY_DEFAULT


def snippet_buffers(config: NginxConfig, server: Server) -> Iterator[tuple[int, int]]:
    """The buffers that snippets of a host set."""
    for location in server.locations[:1]:
        for _, setting in snippets(config, server, location, "server"):
            for directive in parse_snippet(setting.text).directives:
                buffers = header_buffers(" ".join(directive.args))
                if directive.name == DIRECTIVE and buffers:
                    yield buffers
