"""x-demo-header: a response header that our fork of ingress-nginx sets."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, Route, declare_annotation, literal, rule

X_DEMO_HEADER = declare_annotation("x-demo-header")

ERRORS_TOO = Message(
    "ACME001",
    "approximated",
    "info",
    "Demo header on error responses",
    "The fork sends X-Demo: {value} with successful responses. Istio sends it with all responses.",
    aspects=frozenset({"response-headers"}),
)


@rule("x-demo-header", at="proxied")
def demo_header(place: Place) -> Iterator[Edit | Finding]:
    """The fork sets the response header X-Demo to the value of the annotation."""
    value = place.text("x-demo-header")
    yield Route("headers.response.set", {"X-Demo": literal(value)})
    yield ERRORS_TOO(place, value=value)
