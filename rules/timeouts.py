"""proxy-connect-timeout, proxy-read-timeout, proxy-send-timeout: how long nginx waits."""

from collections.abc import Iterator

from nginx2istio.rule import Destination, Edit, Finding, Message, Place, rule

PAUSES = Message(
    "N2I530",
    "approximated",
    "info",
    "",
    "a back end that does not begin to answer within {seconds} s is given up with 504 as before; "
    "nginx also cuts an answer or a WebSocket that pauses for so long, and waits 60 s for a slow "
    "client; Envoy cuts neither, and waits 10 s for a connection where nginx waits {connect} s",
    "nothing, unless connections that stay open cost too much",
    frozenset({"timeout"}),
)
READ = Message(
    "N2I531",
    "approximated",
    "info",
    "",
    "Envoy gives a back end {seconds} s to begin its answer, as nginx does, but does not cut an "
    "answer or a WebSocket that pauses for so long{again}",
    "nothing, unless connections that stay open cost too much",
    frozenset({"timeout", "retries"}),
)
SEND = Message(
    "N2I532",
    "approximated",
    "info",
    "",
    "nginx gives up a back end that takes no more of the request for {seconds} s; Envoy waits",
    "nothing, unless back ends are known to stop reading",
    frozenset({"timeout"}),
)
CLIENT = Message(
    "N2I533",
    "approximated",
    "info",
    "",
    "{name} is {seconds} s: nginx drops a client that is slower or idle for longer; the gateway "
    "goes by Istio's own timeouts for that",
    "set the gateway's idle timeouts if idle or slow clients cost too much",
    frozenset({"timeout"}),
)
AT_ONCE = Message(
    "N2I534",
    "approximated",
    "warning",
    "",
    "{name} is 0: nginx gives a back end up at once, so that nearly all requests get 504; Envoy "
    "gives it up after a millisecond",
    "set a time that back ends can keep",
    frozenset({"timeout"}),
)
USUAL = 60
AGAIN = "; nor does it send an idempotent request again when the time is up"
RETRY_KEYS = ("proxy-next-upstream", "proxy-next-upstream-tries", "retry-non-idempotent")


@rule(
    "proxy-connect-timeout",
    "proxy-read-timeout",
    "proxy-send-timeout",
    reads=RETRY_KEYS,
)
def timeouts(place: Place) -> Iterator[Edit | Finding]:
    """Nginx waits per connection, and between two reads or writes; it never limits the whole.

    Istio's connectTimeout belongs to the destination. The read timeout is the route's
    perTryTimeout, beside the retries.
    """
    if place.upstream is None or place.location.slash_redirect:
        return
    for key in ("proxy-connect-timeout", "proxy-read-timeout"):
        if key in place and not place.number(key):
            yield AT_ONCE(key, name=key)
    if "proxy-connect-timeout" in place:
        yield connect(place.number("proxy-connect-timeout"))
    if "proxy-read-timeout" in place and place.number("proxy-read-timeout"):
        told = any(place.configured(k) for k in RETRY_KEYS)
        seconds = place.number("proxy-read-timeout")
        again = AGAIN if seconds < USUAL and not told else ""
        yield READ("proxy-read-timeout", seconds=seconds, again=again)
    if "proxy-send-timeout" in place:
        yield SEND("proxy-send-timeout", seconds=place.number("proxy-send-timeout"))


@rule(
    "proxy-connect-timeout 5s",
    when="configured",
    reads="proxy-connect-timeout",
)
def connect_timeout_default(place: Place) -> Iterator[Edit | Finding]:
    """The ConfigMap's connect timeout, where it was set; nobody's wish is left to Istio's 10 s."""
    if place.upstream is None or "proxy-connect-timeout" in place or place.location.slash_redirect:
        return
    configmap = place.global_setting("proxy-connect-timeout")
    if configmap:
        yield connect(place.number("proxy-connect-timeout"))


def connect(seconds: int) -> Edit:
    """Istio's connect timeout."""
    wait = f"{seconds}s" if seconds > 0 else "1ms"
    return Destination("connectionPool.tcp.connectTimeout", wait)


@rule(
    "client-body-timeout",
    "client-header-timeout",
    "keep-alive",
    "proxy-read-timeout 60s per read",
    "client timeouts 60s / keep-alive 75s",
    at="conversion",
    when="always",
    reads=("proxy-read-timeout", "proxy-connect-timeout", "proxy-send-timeout"),
)
def client_timeouts(place: Place) -> Iterator[Edit | Finding]:
    """What holds for every request, and for slow clients."""
    yield PAUSES(
        "",
        seconds=place.number("proxy-read-timeout"),
        connect=place.number("proxy-connect-timeout"),
    ).for_every_host()
    if place.global_setting("proxy-send-timeout"):
        seconds = place.number("proxy-send-timeout")
        yield SEND("proxy-send-timeout", seconds=seconds).for_every_host()
    for key in ("client-body-timeout", "client-header-timeout", "keep-alive"):
        if place.global_setting(key):
            yield CLIENT(key, name=key, seconds=place.number(key)).for_every_host()
