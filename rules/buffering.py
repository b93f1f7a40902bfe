"""proxy-buffering, proxy-request-buffering, sizes of buffers and of headers."""

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
)

UNBUFFERED_REQUESTS = Message(
    "N2I510",
    "approximated",
    "info",
    "Requests reach the backend unbuffered",
    "nginx reads a whole request and states its length before it asks the backend. Envoy passes it "
    "on as it arrives, but with --envoy-filters holds bodies of unknown length.",
    "Check that the backends accept chunked requests, and enough slow clients at once.",
    frozenset({"buffering"}),
)
REQUEST_ON = Message(
    "N2I511",
    "approximated",
    "info",
    "proxy-request-buffering on is not followed",
    "nginx reads a whole request before it asks the backend. Envoy passes it on as it arrives.",
    "Check that the backend accepts chunked requests.",
    frozenset({"buffering"}),
)
REQUEST_OFF = Message(
    "N2I512",
    "neutral",
    "info",
    "proxy-request-buffering off is Envoy's way",
    "Envoy passes a request on as it arrives, as proxy-request-buffering off asks. With "
    "--envoy-filters it holds bodies of unknown length, to count them for proxy-body-size.",
    aspects=frozenset({"buffering"}),
)
RESPONSES = Message(
    "N2I513",
    "neutral",
    "info",
    "Answers pass through without nginx's buffers",
    "{name} sets how nginx buffers an answer. Envoy passes an answer on as it arrives and holds "
    "only what a slow client has not read.",
    aspects=frozenset({"buffering"}),
)
REQUESTS = Message(
    "N2I514",
    "neutral",
    "info",
    "Memory for requests is Envoy's own",
    "{name} sets the memory that nginx takes for a request. Envoy has buffers of its own.",
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
RESPONSE_KEYS = (
    "proxy-buffering",
    "proxy-buffer-size",
    "proxy-buffers-number",
    "proxy-busy-buffers-size",
    "proxy-max-temp-file-size",
)


@rule("proxy-request-buffering", *RESPONSE_KEYS, "client-body-buffer-size")
def buffering(place: Place) -> Iterator[Edit | Finding]:
    """Nginx collects requests, and answers on demand; Envoy passes both on under flow control."""
    if "proxy-request-buffering" in place:
        off = place["proxy-request-buffering"] == "off"
        yield (REQUEST_OFF if off else REQUEST_ON)("proxy-request-buffering")
    for key in RESPONSE_KEYS:
        if key in place:
            yield RESPONSES(key, name=key)
    if "client-body-buffer-size" in place:
        yield REQUESTS("client-body-buffer-size", name="client-body-buffer-size")


@rule(
    "large-client-header-buffers",
    "client-header-buffer-size",
    "request body buffering",
    "request header size",
    at="conversion",
    when="always",
    reads=(*RESPONSE_KEYS, "client-body-buffer-size", "proxy-request-buffering"),
)
def global_buffering(place: Place) -> Iterator[Edit | Finding]:
    """What holds for every request, and the ConfigMap's sizes."""
    if place["proxy-request-buffering"] != "off":
        yield UNBUFFERED_REQUESTS("proxy-request-buffering").for_every_host()
    elif place.global_setting("proxy-request-buffering"):
        yield REQUEST_OFF("proxy-request-buffering").for_every_host()
    for key in RESPONSE_KEYS:
        if place.global_setting(key):
            yield RESPONSES(key, name=key).for_every_host()
    for key in ("client-body-buffer-size", "client-header-buffer-size"):
        if place.global_setting(key):
            yield REQUESTS(key, name=key).for_every_host()
    yield from header_sizes(place)


def header_sizes(place: Place) -> Iterator[Edit | Finding]:
    """large-client-header-buffers: nginx has so many buffers, each for a whole line."""
    key = "large-client-header-buffers"
    buffers = header_buffers(place.text(key))
    if buffers is None:
        return
    number, size = buffers
    total, limit = number * size >> 10, ENVOYS_KIB
    if total > ENVOYS_KIB:
        if not place.options.filters("large-headers"):
            envoys = _large(ENVOYS_KIB << 10, ENVOYS_KIB << 10)
            yield LARGE(key, total=total).for_requests(*envoys).for_every_host()
        else:
            limit = min(total, MOST_HEADERS_KIB)
            yield envoy_filter(place, "large-headers", "large-headers", max_request_headers(limit))
    facts = {"size": readable_size(size), "total": total, "limit": limit}
    finding = LARGE_HEADERS(key if place.global_setting(key) else "", **facts)
    yield finding.for_requests(*_large(size, number * size)).for_every_host()


def _large(size: int, total: int) -> Iterator[Requests]:
    """Requests with a line over a size, or with so many headers that they may be over a total."""
    yield Requests(header_over=size - LINE)
    yield Requests(headers_over=total // size, header_over=size // 2)
    yield Requests(headers_over=MANY, header_over=total // ENVOYS_MOST)
