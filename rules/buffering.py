"""proxy-buffering, proxy-request-buffering, sizes of buffers and of headers."""

import re
from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, envoy_filter, on_manager, rule

STREAMS = Message(
    "N2I510",
    "approximated",
    "info",
    "",
    "nginx takes a request in whole before it asks the back end, and states its length; Envoy "
    "passes it on as it comes{but}, so that slow clients keep back ends busy",
    "see that the back ends take chunked requests, and enough of them at once",
    frozenset({"buffering"}),
)
REQUEST_ON = Message(
    "N2I511",
    "approximated",
    "info",
    "",
    "nginx takes a request in whole before it asks the back end; Envoy passes it on as it comes",
    "see that the back end takes chunked requests",
    frozenset({"buffering"}),
)
REQUEST_OFF = Message(
    "N2I512",
    "neutral",
    "info",
    "",
    "Envoy passes a request on as it comes, which is what proxy-request-buffering off asks for"
    "{but}",
    "nothing",
    frozenset({"buffering"}),
)
RESPONSES = Message(
    "N2I513",
    "neutral",
    "info",
    "",
    "Envoy passes an answer on as it comes and holds it only as far as a slow client makes it; "
    "{name} has nothing to act on",
    "nothing",
    frozenset({"buffering"}),
)
REQUESTS = Message(
    "N2I514",
    "neutral",
    "info",
    "",
    "{name} is about the memory that nginx takes for a request; Envoy has buffers of its own",
    "nothing",
)
HEADERS = Message(
    "N2I515",
    "approximated",
    "info",
    "",
    "nginx refuses a request line or header over {size} with 414 or 400; Envoy takes headers up to "
    "{limit} KiB in all and answers 431 beyond",
    "nothing",
    frozenset({"status"}),
)
LARGE = Message(
    "N2I516",
    "unsupported",
    "warning",
    "",
    "nginx takes request headers up to {total} KiB in all; Envoy answers 431 over 60 KiB",
    "convert with --envoy-filters, which raises Envoy's limit, or make cookies smaller",
    frozenset({"status"}),
)
HELD = "; only bodies of unknown length are held, for the sake of proxy-body-size"
ENVOYS = 60
"""KiB of request headers that Envoy takes by default."""
MOST = 8192
ANSWERS = (
    "proxy-buffering",
    "proxy-buffer-size",
    "proxy-buffers-number",
    "proxy-busy-buffers-size",
    "proxy-max-temp-file-size",
)


@rule(
    "proxy-request-buffering",
    *ANSWERS,
    "client-body-buffer-size",
)
def buffering(place: Place) -> Iterator[Edit | Finding]:
    """Nginx collects requests, and answers if told to; Envoy passes both on under flow control."""
    if "proxy-request-buffering" in place:
        if place["proxy-request-buffering"] == "off":
            held = HELD if place.options.envoy_filters else ""
            yield REQUEST_OFF("proxy-request-buffering", but=held)
        else:
            yield REQUEST_ON("proxy-request-buffering")
    for key in ANSWERS:
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
    reads=(*ANSWERS, "client-body-buffer-size", "proxy-request-buffering"),
)
def global_buffering(place: Place) -> Iterator[Edit | Finding]:
    """What holds for every request, and the ConfigMap's sizes."""
    if place["proxy-request-buffering"] != "off":
        but = ", save for those of unknown length" if place.options.envoy_filters else ""
        yield STREAMS("proxy-request-buffering", but=but).for_every_host()
    elif place.global_setting("proxy-request-buffering"):
        yield REQUEST_OFF("proxy-request-buffering", but="").for_every_host()
    for key in ANSWERS:
        if place.global_setting(key):
            yield RESPONSES(key, name=key).for_every_host()
    for key in ("client-body-buffer-size", "client-header-buffer-size"):
        if place.global_setting(key):
            yield REQUESTS(key, name=key).for_every_host()
    yield from headers(place)


def headers(place: Place) -> Iterator[Edit | Finding]:
    """large-client-header-buffers: nginx has so many buffers, each for a whole line."""
    text = place.text("large-client-header-buffers")
    found = re.fullmatch(r"\s*([0-9]+)\s+([0-9]+)([kKmM]?)\s*", text)
    if not found:
        return
    size = int(found[2]) << {"": 0, "k": 10, "m": 20}[found[3].lower()]
    total = int(found[1]) * size >> 10
    limit = ENVOYS
    if total > ENVOYS and place.options.envoy_filters:
        limit = min(total, MOST)
        yield envoy_filter(place, "large-headers", on_manager({"max_request_headers_kb": limit}))
    elif total > ENVOYS:
        yield LARGE("large-client-header-buffers", total=total).for_every_host()
        return
    if not place.global_setting("large-client-header-buffers"):
        return  # the baseline says what the default means
    shown = f"{size >> 10} KiB" if size % 1024 == 0 else f"{size} bytes"
    yield HEADERS("large-client-header-buffers", size=shown, limit=limit).for_every_host()
