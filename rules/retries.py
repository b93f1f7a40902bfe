"""proxy-next-upstream*: when a request is repeated, and how long a backend may stay silent."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.local_reply import bad_gateway
from nginx2istio.rule import (
    UNSENT,
    Edit,
    Finding,
    Message,
    PerRequest,
    Place,
    Route,
    envoy_causes,
    envoy_filter,
    http_retry,
    nginx_causes,
    rule,
    speaks_grpc,
)

REPEATS = Message(
    "N2I540",
    "approximated",
    "info",
    "Failed connections: 503, and fewer repeats",
    "nginx answers 502 to a failed connection, and tries an idempotent request up to 3 times. "
    "Envoy answers 503, and repeats only what no backend has received.",
    "Convert with --envoy-filters for 502. Set retries with retryOn: reset where requests may be "
    "repeated.",
    frozenset({"retries"}),
)
REPEATS_502 = Message(
    "N2I541",
    "approximated",
    "info",
    "Envoy repeats fewer requests",
    "nginx tries an idempotent request up to 3 times when its connection breaks or its time is up. "
    "Envoy repeats only what no backend has received.",
    "Set retries with retryOn: reset where requests may be repeated.",
    frozenset({"retries"}),
)
BOTH = Message(
    "N2I542",
    "approximated",
    "info",
    "Errors and timeouts cause retries alike",
    "nginx repeats a request after {which} only. Envoy can't tell a broken connection from a "
    "timeout, and repeats the request after both.",
    "Remove retries from the route where a request must not be repeated.",
    frozenset({"retries"}),
)
TIME_LIMIT = Message(
    "N2I543",
    "approximated",
    "info",
    "Retries have no time limit",
    "nginx asks no other pod once {seconds} s have passed. Envoy counts the tries only.",
    "Lower attempts or perTryTimeout of the route if clients wait too long.",
    frozenset({"retries", "timeout"}),
)
TRIES_WITHOUT_LIMIT = Message(
    "N2I544",
    "approximated",
    "info",
    "The number of tries is limited",
    "proxy-next-upstream-tries 0 lets nginx try without end. Envoy makes {tries} tries.",
    "Raise attempts of the route if {tries} tries are too few.",
    frozenset({"retries"}),
)
NOT_IDEMPOTENT = "POST|LOCK|PATCH"
UNLIMITED_TRIES = 10
KEYS = ("proxy-next-upstream", "proxy-next-upstream-tries", "retry-non-idempotent")


@rule(*KEYS, "proxy-next-upstream-timeout", at="proxied", when="always", reads="proxy-read-timeout")
def retries(place: Place) -> Iterator[Edit | Finding]:
    """Nginx tries up to 3 times on errors and timeouts, and not what is not idempotent once sent.

    Istio has retries of its own where a route has none. The time for the answer to begin is the
    route's perTryTimeout, which ends as nginx's does when the answer begins; timeout would cut
    the answer itself.
    """
    tries = place.number("proxy-next-upstream-tries")
    in_all = place.number("proxy-next-upstream-timeout")
    each = place.number("proxy-read-timeout")
    causes = nginx_causes(place.text("proxy-next-upstream"), bool(place["retry-non-idempotent"]))
    if in_all > 0 and tries != 1 and causes:
        yield TIME_LIMIT("proxy-next-upstream-timeout", seconds=in_all)
    if not any(place.configured(key) for key in KEYS):
        # Istio's own retries would repeat calls of gRPC that a backend has refused.
        if place.builds("proxy-read-timeout") or speaks_grpc(place.config, place.location):
            yield Route("retries", http_retry(UNSENT, tries, each))
        return
    tries = tries or UNLIMITED_TRIES
    idempotent = http_retry(envoy_causes(causes), tries, each)
    others = idempotent
    if "non_idempotent" not in causes:
        others = http_retry(UNSENT if {"error", "timeout"} & causes.keys() else (), tries, each)
    yield Route("retries", idempotent)
    if others != idempotent:
        yield PerRequest({"method": {"regex": NOT_IDEMPOTENT}}, {"retries": others})
    if idempotent["attempts"] and len({"error", "timeout"} & causes.keys()) == 1:
        yield BOTH("proxy-next-upstream", which="an error" if "error" in causes else "a timeout")
    if not place.number("proxy-next-upstream-tries") and causes:
        yield TRIES_WITHOUT_LIMIT("proxy-next-upstream-tries", tries=UNLIMITED_TRIES)


@rule("retries", "502/504 mapping", at="conversion", when="always")
def upstream_failure(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 502 when a backend refuses or breaks the connection, Envoy 503.

    The status of an answer that Envoy makes itself can be changed for the whole gateway only.
    """
    if place.options.filters("bad-gateway"):
        yield REPEATS_502("").for_hosts(place.config.proxied_hosts)
        yield envoy_filter(place, "bad-gateway", "bad-gateway", bad_gateway())
    else:
        yield REPEATS("").for_hosts(place.config.proxied_hosts)
