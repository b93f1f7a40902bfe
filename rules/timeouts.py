"""proxy-connect-timeout, proxy-read-timeout, proxy-send-timeout: how long nginx waits."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, destination, rule

PAUSES = Message(
    "N2I530",
    "approximated",
    "info",
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
    "Envoy gives a back end {seconds} s to begin its answer, as nginx does, but does not cut an "
    "answer or a WebSocket that pauses for so long{again}",
    "nothing, unless connections that stay open cost too much",
    frozenset({"timeout", "retries"}),
)
SEND = Message(
    "N2I532",
    "approximated",
    "info",
    "nginx gives up a back end that takes no more of the request for {seconds} s; Envoy waits",
    "nothing, unless back ends are known to stop reading",
    frozenset({"timeout"}),
)
CLIENT = Message(
    "N2I533",
    "approximated",
    "info",
    "{name} is {seconds} s: nginx drops a client that is slower or idle for longer; the gateway "
    "goes by Istio's own timeouts for that",
    "set the gateway's idle timeouts if idle or slow clients cost too much",
    frozenset({"timeout"}),
)
AT_ONCE = Message(
    "N2I534",
    "approximated",
    "warning",
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
    alike=True,
)
def timeouts(here: Here) -> Iterator[Edit | Finding]:
    """Nginx waits per connection, and between two reads or writes; it never limits the whole.

    Istio's connectTimeout belongs to the destination. The read timeout is the route's
    perTryTimeout, beside the retries.
    """
    if here.upstream is None or here.location.slash_redirect:
        return
    for key in ("proxy-connect-timeout", "proxy-read-timeout"):
        if key in here and not here.number(key):
            yield AT_ONCE.about(key, name=key)
    if "proxy-connect-timeout" in here:
        yield connect(here.number("proxy-connect-timeout"))
    if "proxy-read-timeout" in here and here.number("proxy-read-timeout"):
        told = any(here.given(k) for k in RETRY_KEYS)
        seconds = here.number("proxy-read-timeout")
        again = AGAIN if seconds < USUAL and not told else ""
        yield READ.about("proxy-read-timeout", seconds=seconds, again=again)
    if "proxy-send-timeout" in here:
        yield SEND.about("proxy-send-timeout", seconds=here.number("proxy-send-timeout"))


@rule("proxy-connect-timeout 5s", when="given", reads=("proxy-connect-timeout",), alike=True)
def connect_timeout_default(here: Here) -> Iterator[Edit | Finding]:
    """The ConfigMap's connect timeout, where it was set; nobody's wish is left to Istio's 10 s."""
    if here.upstream is None or "proxy-connect-timeout" in here or here.location.slash_redirect:
        return
    given = here.global_setting("proxy-connect-timeout")
    if given:
        yield connect(here.number("proxy-connect-timeout"))


def connect(seconds: int) -> Edit:
    """Istio's connect timeout."""
    wait = f"{seconds}s" if seconds > 0 else "1ms"
    return destination("connectionPool.tcp.connectTimeout", wait)


@rule(
    "client-body-timeout",
    "client-header-timeout",
    "keep-alive",
    "proxy-read-timeout 60s per read",
    "client timeouts 60s / keep-alive 75s",
    scope="once",
    when="always",
    reads=("proxy-read-timeout", "proxy-connect-timeout", "proxy-send-timeout"),
)
def client_timeouts(here: Here) -> Iterator[Edit | Finding]:
    """What holds for every request, and for slow clients."""
    yield PAUSES.about(
        "", seconds=here.number("proxy-read-timeout"), connect=here.number("proxy-connect-timeout")
    ).for_every_host()
    if here.global_setting("proxy-send-timeout"):
        seconds = here.number("proxy-send-timeout")
        yield SEND.about("proxy-send-timeout", seconds=seconds).for_every_host()
    for key in ("client-body-timeout", "client-header-timeout", "keep-alive"):
        if here.global_setting(key):
            yield CLIENT.about(key, name=key, seconds=here.number(key)).for_every_host()
