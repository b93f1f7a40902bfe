"""proxy-buffering, proxy-request-buffering, sizes of buffers."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
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
    "client-header-buffer-size",
    "request body buffering",
    at="conversion",
    when="always",
    reads=(
        *RESPONSE_KEYS,
        "client-body-buffer-size",
        "proxy-request-buffering",
    ),
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
