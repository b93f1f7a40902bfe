"""proxy-connect-timeout, proxy-read-timeout, proxy-send-timeout: how long nginx waits."""

from collections.abc import Iterator

from nginx2istio.rule import Destination, Edit, Finding, Message, Place, rule

PAUSES = Message(
    "N2I530",
    "approximated",
    "info",
    "Pauses and slow clients end no connection",
    "nginx cuts an answer or a WebSocket that pauses for {seconds} s, and waits 60 s for a client. "
    "Envoy cuts neither, and waits 10 s, not {connect} s, for a connection to a backend.",
    "Set idle timeouts at the gateway if open connections cost too much.",
    frozenset({"timeout"}),
)
READ = Message(
    "N2I531",
    "approximated",
    "info",
    "Only the start of an answer is timed",
    "Envoy, like nginx, waits {seconds} s for an answer to begin, and does not cut one that pauses "
    "later. Without retry annotations it does not repeat a request whose time is up.",
    "Set idle timeouts at the gateway if open connections cost too much.",
    frozenset({"timeout", "retries"}),
)
SEND = Message(
    "N2I532",
    "approximated",
    "info",
    "Backends may read a request slowly",
    "nginx gives up a backend that accepts no more of a request for {seconds} s. Envoy waits.",
    "Check for backends that stop reading.",
    frozenset({"timeout"}),
)
CLIENT = Message(
    "N2I533",
    "approximated",
    "info",
    "Timeouts for clients are Istio's own",
    "{name} is {seconds} s: nginx closes the connection of a client that is slower or idle for "
    "longer. The gateway uses Istio's own timeouts.",
    "Set the gateway's idle timeouts if idle or slow clients cost too much.",
    frozenset({"timeout"}),
)
AT_ONCE = Message(
    "N2I534",
    "approximated",
    "warning",
    "A timeout of zero seconds",
    "{name} is 0, so nginx answers 504 to nearly all requests. Envoy waits one millisecond.",
    "Set a time that the backends can keep.",
    frozenset({"timeout"}),
)


@rule(
    "proxy-connect-timeout",
    "proxy-read-timeout",
    "proxy-send-timeout",
    at="proxied",
)
def timeouts(place: Place) -> Iterator[Edit | Finding]:
    """Nginx waits per connection, and between two reads or writes; it never limits the whole.

    Istio's connectTimeout belongs to the destination. The read timeout is the route's
    perTryTimeout, beside the retries.
    """
    for key in ("proxy-connect-timeout", "proxy-read-timeout"):
        if key in place and not place.number(key):
            yield AT_ONCE(key, name=key)
    if "proxy-connect-timeout" in place:
        yield connect_timeout(place)
    if "proxy-read-timeout" in place and place.number("proxy-read-timeout"):
        yield READ("proxy-read-timeout", seconds=place.number("proxy-read-timeout"))
    if "proxy-send-timeout" in place:
        yield SEND("proxy-send-timeout", seconds=place.number("proxy-send-timeout"))


@rule("proxy-connect-timeout 5s", at="proxied", when="configured", reads="proxy-connect-timeout")
def connect_timeout_default(place: Place) -> Iterator[Edit | Finding]:
    """The ConfigMap's connect timeout, where it sets one; else Istio's own 10 s hold."""
    key = "proxy-connect-timeout"
    if key not in place and place.global_setting(key):
        yield connect_timeout(place)


def connect_timeout(place: Place) -> Edit:
    """Istio's connect timeout for the one in force."""
    seconds = place.number("proxy-connect-timeout")
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
    read, connect = (place.number(f"proxy-{kind}-timeout") for kind in ("read", "connect"))
    yield PAUSES("", seconds=read, connect=connect).for_hosts(place.config.proxied_hosts)
    for message, key in (
        (SEND, "proxy-send-timeout"),
        (CLIENT, "client-body-timeout"),
        (CLIENT, "client-header-timeout"),
        (CLIENT, "keep-alive"),
    ):
        if place.global_setting(key):
            yield message(key, name=key, seconds=place.number(key)).for_every_host()
