"""limit-rate, limit-rate-after: how fast an answer is sent."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.rate_limit import response_rate
from nginx2istio.rule import Edit, Finding, Message, Place, envoy_filter, on_route, rule

FULL_SPEED = Message(
    "N2I527",
    "unsupported",
    "warning",
    "Answers are no longer slowed down",
    "nginx sends an answer at {rate} KiB/s at most. Istio sends it as fast as the client reads.",
    "Convert with --envoy-filters.",
    frozenset({"buffering"}),
)
FIRST_PART = Message(
    "N2I528",
    "approximated",
    "info",
    "The fast beginning of an answer is gone",
    "nginx sends the first {after} KiB of an answer at full speed, and the rest at {rate} KiB/s. "
    "Envoy sends all of it at {rate} KiB/s.",
    "Raise the rate in the EnvoyFilter if short answers become too slow.",
    frozenset({"buffering"}),
)
NOT_BUFFERED = Message(
    "N2I529",
    "ineffective",
    "info",
    "limit-rate without proxy-buffering",
    "nginx follows limit-rate only where it buffers the answer, and proxy-buffering is off here. "
    "Answers are not slowed down, before or after the conversion.",
    "Delete the annotation.",
)


@rule("limit-rate", "limit-rate-after", at="proxied", when="configured", reads="proxy-buffering")
def limit_rate(place: Place) -> Iterator[Edit | Finding]:
    """Nginx slows an answer down where it buffers it (``ngx_http_upstream_send_response``).

    Envoy's fault filter slows down each answer by itself.
    """
    rate, after = place.number("limit-rate"), place.number("limit-rate-after")
    if rate <= 0:
        return
    if place["proxy-buffering"] != "on":
        if "limit-rate" in place:
            yield NOT_BUFFERED("limit-rate")
    elif not place.options.filters("limit-rate"):
        yield FULL_SPEED("limit-rate", rate=rate)
    else:
        if after > 0:
            yield FIRST_PART("limit-rate-after", rate=rate, after=after)
        patch = on_route(place.route_name, response_rate(rate))
        yield envoy_filter(place, "limit-rate", f"limit-rate-{place.route_name}", patch)
