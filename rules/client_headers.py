"""Request headers and hosts as clients send them: what nginx and Envoy make of them at the edge."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.istio.envoy.header_mutation import (
    early_header_mutation,
    remove_request_header,
    remove_request_headers,
    set_request_header,
)
from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Requests,
    envoy_filter,
    on_manager,
    rule,
    snippet_directives,
)

ODD_NAMES = Message(
    "N2I902",
    "approximated",
    "info",
    "Request headers with unusual names",
    "nginx drops request headers with {odd} in their names. Envoy passes them on.",
    "Check that no backend trusts such a header from outside (many read X_User as X-User). Convert "
    "with --envoy-filters, or set connectionSettings.httpHeadersWithUnderscoresAction in "
    "proxy.istio.io/config of the gateway's pods (underscores only, Istio 1.31).",
    frozenset({"request-headers"}),
)
NEW_VALUES = Message(
    "N2I920",
    "approximated",
    "info",
    "Request id and X-Forwarded-For of clients",
    "nginx passes on the X-Request-ID of a client, and its X-Forwarded-For as "
    "X-Original-Forwarded-For. The gateway makes a new X-Request-ID, and sends no "
    "X-Original-Forwarded-For.",
    "Convert with --envoy-filters if a backend reads them.",
    frozenset({"request-headers"}),
    (Requests(header="X-Request-ID"), Requests(header="X-Forwarded-For")),
)
NEW_ID = Message(
    "N2I921",
    "approximated",
    "info",
    "Request id of clients",
    "nginx passes on the X-Request-ID of a client. The gateway makes a new one.",
    "Convert with --envoy-filters if a backend reads it.",
    frozenset({"request-headers"}),
    (Requests(header="X-Request-ID"),),
)
MANY_HEADERS = Message(
    "N2I915",
    "approximated",
    "info",
    "Requests with many headers",
    "nginx does not count request headers. Envoy answers 431 to a request with more than {limit}.",
    aspects=frozenset({"status"}),
)
DOT_UNKNOWN = Message(
    "N2I916",
    "approximated",
    "info",
    "Host with a trailing dot",
    'nginx serves "Host: example.com." as example.com. The gateway serves it as an unknown host: '
    "the catch-all's backend, or 404.",
    "Convert with --envoy-filters if clients send such a Host.",
    frozenset({"routing", "access", "auth"}),
    (Requests(host=r"\.(:[0-9]+)?$"),),
)
DOT_DROPPED = Message(
    "N2I917",
    "approximated",
    "info",
    "Host without its trailing dot",
    'Backends get "Host: example.com." without its last dot. nginx passes it on as it is.',
    aspects=frozenset({"host", "request-headers"}),
    requests=(Requests(host=r"\.(:[0-9]+)?$"),),
)
ENVOYS_MOST, FILTERS_MOST = 100, 1000
"""How many request headers Envoy takes by default, and with our EnvoyFilter."""
ASKS = "'upgrade' in request.headers && request.headers['connection'].matches('(?i)upgrade')"
UPGRADE = f"%CEL({ASKS} ? 'upgrade' : '')%"
"""nginx spells the header in its own way, and leaves out what else the client wrote there."""
IDENTITY = frozenset({"auth-url", "auth-response-headers", "auth-tls-secret"})


@rule(
    "enable-underscores-in-headers",
    "ignore-invalid-headers",
    "generate-request-id",
    "underscores in request headers",
    "X-Request-ID",
    at="conversion",
    when="always",
    reads=("forwarded-for-header", "http-snippet"),
)
def client_headers(place: Place) -> Iterator[Edit | Finding]:
    """nginx drops request headers with invalid names, and keeps the client's X-Request-ID.

    Envoy can do both in its connection manager, where only an EnvoyFilter reaches. Where nginx
    sends no X-Request-ID (`generate-request-id: "false"`), an additional one does no harm.
    """
    odd = _odd_names(place)
    if place.options.filters("client-headers"):
        yield from _by_filter(place, odd)
        return
    if odd:
        finding = ODD_NAMES("", odd=odd)
        if _identified(place):  # a warning for each host would cry wolf: few clients send them
            yield replace(finding, severity="warning").for_every_host()
        else:
            yield finding.for_hosts(place.config.proxied_hosts)
    plain = place.text("forwarded-for-header").lower() == "x-forwarded-for"
    lost = plain and not place.builds("forwarded-for-header")
    yield (NEW_VALUES if lost else NEW_ID)("").for_hosts(place.config.proxied_hosts)
    yield DOT_UNKNOWN("").for_every_host()
    yield _many(ENVOYS_MOST)


def _by_filter(place: Place, odd: str) -> Iterator[Edit | Finding]:
    source = place.text("forwarded-for-header").upper()
    mutations = [
        remove_request_header("x-original-forwarded-for"),
        set_request_header(
            "X-Original-Forwarded-For", f"%REQ({source})%", "OVERWRITE_IF_EXISTS_OR_ADD"
        ),
        set_request_header("Connection", UPGRADE, "OVERWRITE_IF_EXISTS"),
    ]
    if odd:
        allowed = "a-z0-9_-" if odd == "dots" else "a-z0-9-"
        mutations.append(remove_request_headers(f"[^:].*[^{allowed}].*|[^:{allowed}].*"))
    fields: dict[str, object] = {
        "preserve_external_request_id": True,
        "strip_trailing_host_dot": True,
        "http_protocol_options": {"accept_http_10": True, "allow_custom_methods": True},
        "common_http_protocol_options": {"max_headers_count": FILTERS_MOST},
        "early_header_mutation_extensions": [early_header_mutation(mutations)],
    }
    yield envoy_filter(place, "client-headers", "client-headers", on_manager(fields))
    yield DOT_DROPPED("").for_every_host()
    yield _many(FILTERS_MOST)


def _many(limit: int) -> Finding:
    return MANY_HEADERS("", limit=limit).for_requests(Requests(headers_over=limit)).for_every_host()


def _identified(place: Place) -> bool:
    """Whether backends identify clients by headers: some read X_User as X-User."""
    given = place.config.controller.written
    return "global-auth-url" in given or any(s.key in IDENTITY for s in place.config.settings)


def _odd_names(place: Place) -> str:
    """What nginx does not accept in the name of a header, "" when it accepts all."""
    switches = {
        "underscores_in_headers": bool(place["enable-underscores-in-headers"]),
        "ignore_invalid_headers": bool(place["ignore-invalid-headers"]),
    }
    # The template writes both before the snippet only when they are not nginx's defaults.
    for written in snippet_directives(place, "http"):
        directive = written.directive
        if directive.name in switches and directive.args in (("on",), ("off",)):
            switches[directive.name] = directive.args == ("on",)
    if not switches["ignore_invalid_headers"]:
        return ""
    return "dots" if switches["underscores_in_headers"] else "underscores or dots"
