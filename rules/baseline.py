"""What differs for every conversion, whatever the annotations say."""

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
    MeshField,
    Message,
    Place,
    Requests,
    envoy_filter,
    on_manager,
    rule,
)

HTTPS_EVERYWHERE = Message(
    "N2I901",
    "unsupported",
    "info",
    "https for hosts without a certificate",
    "nginx also answers https for hosts without a certificate, with a self-signed one that no"
    " client trusts. The gateway does not.",
    "Name a certificate in spec.tls for each host that needs https.",
    frozenset({"tls"}),
)
REQUEST_HEADERS = Message(
    "N2I902",
    "approximated",
    "info",
    "Request headers from clients",
    "Envoy treats some request headers differently from nginx: {what}.",
    "Check that no backend trusts such a header from outside (many read X_User as X-User), or"
    " convert with --envoy-filters.",
    frozenset({"request-headers"}),
)
PATHS = Message(
    "N2I903",
    "approximated",
    "info",
    "Paths that Envoy normalizes",
    "For paths with //, %2F or .., nginx matches the normalized path but passes on the path "
    "that the client sent. Envoy passes on and redirects to the normalized path.",
    "Check backends that distinguish such spellings.",
    frozenset({"path", "redirect"}),
)
NO_UPGRADE = Message(
    "N2I906",
    "approximated",
    "info",
    "Upgrades that a backend refuses",
    "When a backend refuses a WebSocket with a status from 200 to 399, Envoy drops the body "
    "and its Content-Type. Envoy does not offer h2c to backends, and answers 403 to other "
    "protocols.",
    aspects=frozenset({"protocol", "body", "response-headers", "request-headers"}),
    requests=(Requests(header="Upgrade"),),
)
REFUSALS = Message(
    "N2I905",
    "approximated",
    "info",
    "Requests that no browser sends",
    "nginx answers 400 to a header over 8 KB, a broken escape or a path above the root, and "
    "405 to TRACE{nginx}. Envoy accepts headers up to 60 KB{envoy}, and handles the rest "
    "differently.",
    "{to_do}",
    frozenset({"status", "protocol"}),
)
REFUSED = {"nginx": "", "envoy": "", "to_do": ""}
OLD_HTTP = {
    "nginx": "; it accepts HTTP/1.0",
    "envoy": ", answers 426 to HTTP/1.0",
    "to_do": "Check that no old client or health check speaks HTTP/1.0, or convert with "
    "--envoy-filters.",
}
ASKS = "'upgrade' in request.headers && request.headers['connection'].matches('(?i)upgrade')"
UPGRADE = f"%CEL({ASKS} ? 'upgrade' : '')%"
"""nginx spells the header in its own way, and leaves out what else the client wrote there."""
ERROR_PAGES = Message(
    "N2I904",
    "approximated",
    "info",
    "Error pages of the proxy",
    "The proxy's own answers (404, 413, 502, 503) have a small HTML page in nginx, and a "
    "line of text or nothing in Envoy. The status is the same.",
    "Use custom-http-errors if you need pages of your own.",
    frozenset({"body"}),
)
ACCEL = Message(
    "N2I907",
    "approximated",
    "info",
    "X-Accel headers of backends",
    "nginx obeys and hides the response headers X-Accel-* of a backend. Envoy passes them on "
    "to the client and does not follow X-Accel-Redirect.",
    "Check backends that send X-Accel-Redirect: let them answer themselves.",
    frozenset({"response-headers", "body"}),
)
LONG_ANSWERS = Message(
    "N2I908",
    "approximated",
    "info",
    "Long response headers",
    "nginx answers 502 when the response headers of a backend are longer than {size} "
    "(proxy-buffer-size). Envoy accepts up to 60 KB.",
    aspects=frozenset({"status"}),
)

IDENTITY = frozenset({"auth-url", "auth-response-headers", "auth-tls-secret"})


@rule(
    "https on every host",
    "path normalisation",
    "HEAD/method handling",
    "HTTP/1.0 clients",
    "WebSocket / upgrade",
    "HTML error pages",
    "X-Accel-* backend headers",
    "response header size",
    at="conversion",
    when="always",
    reads="proxy-buffer-size",
)
def baseline(place: Place) -> Iterator[Edit | Finding]:
    """Once a conversion; mesh configuration makes Envoy match normalized paths as nginx does."""
    yield MeshField("pathNormalization", {"normalization": "DECODE_AND_MERGE_SLASHES"})
    yield HTTPS_EVERYWHERE("").for_every_host()
    yield PATHS("").for_every_host()
    yield REFUSALS("", **(REFUSED if place.options.envoy_filters else OLD_HTTP)).for_every_host()
    yield NO_UPGRADE("").for_every_host()
    yield ERROR_PAGES("").for_every_host()
    yield ACCEL("").for_every_host()
    yield LONG_ANSWERS("", size=place["proxy-buffer-size"]).for_every_host()


@rule(
    "enable-underscores-in-headers",
    "ignore-invalid-headers",
    "generate-request-id",
    "underscores in request headers",
    "X-Request-ID",
    at="conversion",
    when="always",
    reads="forwarded-for-header",
)
def client_headers(place: Place) -> Iterator[Edit | Finding]:
    """nginx drops request headers with invalid names, and keeps the client's X-Request-ID.

    Envoy can do both in its connection manager, where only an EnvoyFilter reaches. Where nginx
    sends no X-Request-ID (`generate-request-id: "false"`), an additional one does no harm.
    """
    odd = _odd_names(place)
    if not place.options.envoy_filters:
        what = ["it makes a new X-Request-ID"]
        what += [f"it keeps names with {odd}, which nginx drops"] if odd else []
        if place.text("forwarded-for-header").lower() == "x-forwarded-for":
            what.append("it sends no X-Original-Forwarded-For to backends")
        finding = REQUEST_HEADERS("", what=", ".join(what)).for_every_host()
        yield replace(finding, severity="warning") if odd and _identified(place) else finding
        return
    fields: dict[str, object] = {
        "preserve_external_request_id": True,
        "http_protocol_options": {"accept_http_10": True},
    }
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
    fields["early_header_mutation_extensions"] = [early_header_mutation(mutations)]
    yield envoy_filter(place, "client-headers", on_manager(fields))


def _identified(place: Place) -> bool:
    """Whether backends identify clients by headers: some read X_User as X-User."""
    given = place.config.controller.written
    return "global-auth-url" in given or any(s.key in IDENTITY for s in place.config.settings)


def _odd_names(place: Place) -> str:
    """What nginx does not accept in the name of a header, "" when it accepts all."""
    if not place["ignore-invalid-headers"]:
        return ""
    return "dots" if place["enable-underscores-in-headers"] else "underscores or dots"
