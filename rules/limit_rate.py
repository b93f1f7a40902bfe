"""limit-rate, limit-rate-after: how fast an answer is sent."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    envoy_filter,
    on_route,
    route_name,
    rule,
    typed,
)

SLOW = Message(
    "N2I527",
    "unsupported",
    "warning",
    "",
    "nginx sends an answer with at most {rate} KiB/s; after the conversion nothing slows it down",
    "convert with --envoy-filters",
    frozenset({"buffering"}),
)
AFTER = Message(
    "N2I528",
    "approximated",
    "info",
    "",
    "nginx sends the first {after} KiB of an answer at full speed and then {rate} KiB/s; Envoy "
    "sends all of it at that speed",
    "nothing, or raise the rate in the EnvoyFilter",
    frozenset({"buffering"}),
)
NO_BUFFERING = Message(
    "N2I529",
    "ineffective",
    "info",
    "",
    "nginx heeds limit-rate only where it buffers the answer, and proxy-buffering is off here: "
    "nothing is slowed down today, nor after the conversion",
    "delete the annotation",
)


@rule("limit-rate", "limit-rate-after", when="configured", reads="proxy-buffering")
def limit_rate(place: Place) -> Iterator[Edit | Finding]:
    """Nginx slows an answer down where it buffers it (``ngx_http_upstream_send_response``).

    Envoy's fault filter can do so for each answer by itself.
    """
    speed, after = place.number("limit-rate"), place.number("limit-rate-after")
    if speed <= 0 or place.upstream is None or place.location.slash_redirect:
        return
    if place["proxy-buffering"] != "on":
        if "limit-rate" in place:
            yield NO_BUFFERING("limit-rate")
        return
    if not place.options.envoy_filters:
        yield SLOW("limit-rate", rate=speed)
        return
    if after > 0:
        yield AFTER("limit-rate-after", rate=speed, after=after)
    fault = typed(
        "envoy.extensions.filters.http.fault.v3.HTTPFault",
        response_rate_limit={
            "fixed_limit": {"limit_kbps": speed},
            "percentage": {"numerator": 100, "denominator": "HUNDRED"},
        },
    )
    value = {"typed_per_filter_config": {"envoy.filters.http.fault": fault}}
    name = route_name(place.location)
    yield envoy_filter(place, f"limit-rate-{name}", on_route(name, value))
