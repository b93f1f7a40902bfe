"""proxy-next-upstream*: when a request is sent again, and how long a back end may keep silent."""

from collections.abc import Iterator
from functools import lru_cache

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    PerRequest,
    Place,
    Route,
    envoy_filter,
    on_manager,
    rule,
    typed,
)

REPEATS = Message(
    "N2I540",
    "approximated",
    "info",
    "",
    "a back end that refuses or breaks the connection: nginx answers 502, Envoy 503; nginx sends a "
    "GET again whose connection broke after it was sent or whose time was up, up to 3 tries in "
    "all, Envoy only what no back end has seen",
    "nothing, or set retries with retryOn: reset where requests may be repeated; with "
    "--envoy-filters the status is 502 as before",
    frozenset({"retries"}),
)
REPEATS_502 = Message(
    "N2I541",
    "approximated",
    "info",
    "",
    "nginx sends a GET again whose connection broke after it was sent or whose time was up, up to "
    "3 tries in all, Envoy only what no back end has seen",
    "nothing, or set retries with retryOn: reset where requests may be repeated",
    frozenset({"retries"}),
)
BOTH = Message(
    "N2I542",
    "approximated",
    "info",
    "",
    "Envoy can't tell a broken connection from one whose time is up: it tries again on both, where "
    "nginx does so on {which} only",
    "nothing, or take retries out of the route where a request must not be repeated",
    frozenset({"retries"}),
)
TIME_LIMIT = Message(
    "N2I543",
    "approximated",
    "info",
    "",
    "nginx tries no other back end once {seconds} s have passed; Envoy counts the tries alone",
    "nothing, or lower attempts or perTryTimeout of the route",
    frozenset({"retries", "timeout"}),
)
UNLIMITED = Message(
    "N2I544",
    "approximated",
    "info",
    "",
    "proxy-next-upstream-tries 0 lets nginx try without end; Envoy makes {tries} tries",
    "nothing, or raise attempts of the route",
    frozenset({"retries"}),
)
UNSENT = ("connect-failure", "refused-stream", "reset-before-request")
"""What Envoy calls it when no back end has seen the request."""
BROKEN = ("connect-failure", "refused-stream", "reset")
"""Any trouble before the answer, time that is up included (``wouldRetryFromReset``)."""
NEVER = ("retriable-headers",)
"""Matches no answer while no header is named: Istio has no perTryTimeout without retries."""
NOT_IDEMPOTENT = "POST|LOCK|PATCH"
MANY = 10
EXPLICIT = ("proxy-next-upstream", "proxy-next-upstream-tries", "retry-non-idempotent")


@rule(
    "proxy-next-upstream",
    "proxy-next-upstream-tries",
    "proxy-next-upstream-timeout",
    "retry-non-idempotent",
    when="always",
    reads="proxy-read-timeout",
)
def retries(place: Place) -> Iterator[Edit | Finding]:
    """Nginx tries up to 3 times on errors and timeouts, and not what is not idempotent once sent.

    Istio has retries of its own where a route has none. The time for the answer to begin is the
    route's perTryTimeout, which ends as nginx's does when the answer begins; timeout would cut
    the answer itself.
    """
    if place.upstream is None or place.location.slash_redirect:
        return
    tries = place.number("proxy-next-upstream-tries")
    seconds = place.number("proxy-next-upstream-timeout")
    if seconds > 0 and tries != 1 and tokens(place):
        yield TIME_LIMIT("proxy-next-upstream-timeout", seconds=seconds)
    if not any(place.configured(k) for k in EXPLICIT):
        yield _retries(UNSENT, tries, place.number("proxy-read-timeout"))
        return
    wanted = tokens(place)
    within = place.number("proxy-read-timeout")
    idempotent = policy(causes(wanted, True), tries or MANY, within)
    others = policy(causes(wanted, "non_idempotent" in wanted), tries or MANY, within)
    yield Route("retries", idempotent)
    if others != idempotent:
        yield PerRequest({"method": {"regex": NOT_IDEMPOTENT}}, {"retries": others})
    if idempotent["attempts"] and len({"error", "timeout"} & set(wanted)) == 1:
        which = "an error" if "error" in wanted else "a timeout"
        yield BOTH("proxy-next-upstream", which=which)
    if not tries and wanted:
        yield UNLIMITED("proxy-next-upstream-tries", tries=MANY)


def tokens(place: Place) -> tuple[str, ...]:
    """The causes by nginx's names, none for ``off``."""
    found = place.text("proxy-next-upstream").split()
    if "off" in found:
        return ()
    extra = ["non_idempotent"] if place["retry-non-idempotent"] else []
    return tuple(dict.fromkeys(found + extra))


def causes(wanted: tuple[str, ...], sent: bool) -> tuple[str, ...]:
    """The causes by Envoy's names; ``sent`` for what may be repeated after it was sent."""
    if not sent:
        return UNSENT if {"error", "timeout"} & set(wanted) else ()
    broken = BROKEN if {"error", "timeout", "invalid_header"} & set(wanted) else ()
    codes = tuple(t.removeprefix("http_") for t in wanted if t.startswith("http_"))
    return (*broken, *codes)


@lru_cache
def _retries(on: tuple[str, ...], tries: int, seconds: int) -> Edit:
    return Route("retries", policy(on, tries, seconds))


def policy(on: tuple[str, ...], tries: int, seconds: int) -> dict[str, object]:
    """An HTTPRetry for these causes and so many tries in all, each of so many seconds."""
    if tries < 2 or not on:
        tries, on = 2, NEVER
    made: dict[str, object] = {"attempts": tries - 1, "retryOn": ",".join(on)}
    made["perTryTimeout"] = f"{seconds}s" if seconds > 0 else "1ms"
    return made


@rule("retries", "502/504 mapping", at="conversion", when="always")
def upstream_failure(place: Place) -> Iterator[Edit | Finding]:
    """Nginx answers 502 when a back end refuses or breaks the connection, Envoy 503.

    What is said of an answer that Envoy makes itself can be changed for the whole gateway only.
    """
    if not place.options.envoy_filters:
        yield REPEATS("").for_every_host()
        return
    yield REPEATS_502("").for_every_host()
    cel = typed(
        "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter",
        expression="response.code_details.contains('connection_timeout')",
    )
    failed = {"response_flag_filter": {"flags": ["UF", "UC", "UR"]}}
    late = {
        "and_filter": {
            "filters": [
                failed,
                {"extension_filter": {"name": "cel", "typed_config": cel}},
            ]
        }
    }
    mappers = [{"filter": late, "status_code": 504}, {"filter": failed, "status_code": 502}]
    config = {"local_reply_config": {"mappers": mappers}}
    yield envoy_filter(place, "bad-gateway", on_manager(config))
