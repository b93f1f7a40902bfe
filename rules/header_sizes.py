"""large-client-header-buffers: how much of request headers nginx and Envoy take."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.filters import MOST_HEADERS_KIB, max_request_headers
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Requests,
    envoy_filter,
    header_buffers,
    readable_size,
    rule,
    snippet_buffers,
    snippet_directives,
    subject,
)

LARGE_HEADERS = Message(
    "N2I515",
    "approximated",
    "info",
    "Large request headers get another status",
    "nginx answers 414 or 400 to a request line or header over {size}, or to more than {total} KiB "
    "of them. Envoy takes {limit} KiB in all, and answers 431 beyond.",
    aspects=frozenset({"status"}),
)
LARGE = Message(
    "N2I516",
    "unsupported",
    "warning",
    "Envoy's limit for request headers is lower",
    "nginx takes {total} KiB of request headers in all. Envoy answers 431 over 60 KiB.",
    "Convert with --envoy-filters, which raises Envoy's limit, or make the cookies smaller.",
    frozenset({"status"}),
)
ENVOYS_KIB = 60
"""KiB of request headers that Envoy takes by default."""
LINE = 16
"""Bytes of a line in nginx's buffer besides a header or target (GET, HTTP/1.1, line ends)."""
MANY, ENVOYS_MOST = 30, 100
"""More headers than most clients send, and as many as Envoy takes by default."""


@rule(
    "large-client-header-buffers",
    "request header size",
    at="conversion",
    when="always",
    reads="server-snippet",
)
def header_sizes(place: Place) -> Iterator[Edit | Finding]:
    """large-client-header-buffers: nginx has so many buffers, each for a whole line.

    A host can have buffers of its own by a snippet.
    """
    key = "large-client-header-buffers"
    buffers = header_buffers(place.text(key))
    if buffers is None:
        return
    number, size = buffers
    total, limit = number * size >> 10, ENVOYS_KIB
    of_hosts = [
        n * s >> 10
        for server in place.config.servers
        for n, s in snippet_buffers(place.config, server)
    ]
    most = max(total, *of_hosts, ENVOYS_KIB)
    if most > ENVOYS_KIB and place.options.filters("large-headers"):
        limit = min(most, MOST_HEADERS_KIB)
        yield envoy_filter(place, "large-headers", "large-headers", max_request_headers(limit))
    elif total > ENVOYS_KIB:
        yield LARGE(key, total=total).for_requests(*_beyond_envoy()).for_every_host()
    facts = {"size": readable_size(size), "total": total, "limit": limit}
    finding = LARGE_HEADERS(key if place.global_setting(key) else "", **facts)
    yield finding.for_requests(*_large(size, number * size)).for_every_host()


@rule(at="server", when="configured", reads="server-snippet")
def header_sizes_of_host(place: Place) -> Iterator[Finding]:
    """large_client_header_buffers in a host's snippet, where Envoy's limit stays lower."""
    for written in snippet_directives(place, "server"):
        buffers = header_buffers(" ".join(written.directive.args))
        if subject(written.directive.name) != "sizes" or buffers is None:
            continue
        total = buffers[0] * buffers[1] >> 10
        if total > ENVOYS_KIB and not place.options.filters("large-headers"):
            yield written.finding(LARGE, total=total).for_requests(*_beyond_envoy())


def _beyond_envoy() -> Iterator[Requests]:
    yield from _large(ENVOYS_KIB << 10, ENVOYS_KIB << 10)


def _large(size: int, total: int) -> Iterator[Requests]:
    """Requests with a line over a size, or with so many headers that they may be over a total."""
    yield Requests(header_over=size - LINE)
    yield Requests(headers_over=total // size, header_over=size // 2)
    yield Requests(headers_over=MANY, header_over=total // ENVOYS_MOST)
