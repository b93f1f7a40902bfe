"""What differs for every conversion, whatever the annotations say."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    envoy_filter,
    mesh,
    on_manager,
    rule,
    typed,
)

HTTPS_EVERYWHERE = Message(
    "N2I901",
    "unsupported",
    "info",
    "",
    "nginx also answers https for hosts without a certificate, with a self-signed one that no "
    "client trusts; the new gateway does not",
    "name a certificate in spec.tls where a host should be served over https",
    frozenset({"tls"}),
)
REQUEST_HEADERS = Message(
    "N2I902",
    "approximated",
    "info",
    "",
    "headers that clients send: {what}",
    "see that no back end trusts such a header from outside (many take X_User for X-User), or "
    "convert with --envoy-filters",
    frozenset({"request-headers"}),
)
PATHS = Message(
    "N2I903",
    "approximated",
    "info",
    "",
    "odd paths (//, %2F, ..): nginx matches the tidied path but passes it to the back end as it "
    "came, and redirects to it as it came; Envoy passes and names the tidied one",
    "nothing, unless a back end tells such spellings apart",
    frozenset({"path", "redirect"}),
)
NO_UPGRADE = Message(
    "N2I906",
    "approximated",
    "info",
    "",
    "requests for another protocol: when a back end answers one for a WebSocket with a status from "
    "200 to 399 instead of 101, Envoy passes status and headers on, but neither the body nor its "
    "Content-Type; an offer of HTTP/2 (h2c) it does not pass on, and a request for any other "
    "protocol it answers itself with 403",
    "nothing: a client that asks for a WebSocket and does not get 101 looks at the status",
    frozenset({"protocol", "body", "response-headers", "request-headers"}),
    only_with="Upgrade",
)
REFUSALS = Message(
    "N2I905",
    "approximated",
    "info",
    "",
    "requests that no browser sends: nginx refuses a header over 8 KB, a broken escape or a path "
    "that leaves the root with 400 and TRACE with 405{nginx}; Envoy takes headers up to 60 KB"
    "{envoy}, and treats some of the others otherwise",
    "{instead}",
    frozenset({"status", "protocol"}),
)
REFUSED = {"nginx": "", "envoy": "", "instead": "nothing"}
OLD_HTTP = {
    "nginx": ", and takes HTTP/1.0",
    "envoy": ", answers HTTP/1.0 with 426",
    "instead": "see that no old client or health check speaks HTTP/1.0, or convert with "
    "--envoy-filters",
}
ASKS = "'upgrade' in request.headers && request.headers['connection'].matches('(?i)upgrade')"
UPGRADE = {"key": "Connection", "value": f"%CEL({ASKS} ? 'upgrade' : '')%"}
"""nginx spells the header in its own way, and leaves out what else the client wrote there."""


ERROR_PAGES = Message(
    "N2I904",
    "approximated",
    "info",
    "",
    "answers that the proxy makes itself (404, 413, 502, 503 ...) have a small HTML page under "
    "nginx, and a line of text or nothing under Envoy",
    "nothing: the status is the same; custom-http-errors shows pages of your own",
    frozenset({"body"}),
)
ACCEL = Message(
    "N2I907",
    "approximated",
    "info",
    "",
    "nginx obeys and hides the headers X-Accel-* of a back end's answer (X-Accel-Redirect has it "
    "answer with another path, X-Accel-Expires and the like do nothing without a cache); Envoy "
    "passes them on to the client",
    "nothing, unless a back end sends X-Accel-Redirect: let it answer itself",
    frozenset({"response-headers", "body"}),
)
LONG_ANSWERS = Message(
    "N2I908",
    "approximated",
    "info",
    "",
    "nginx answers 502 when the headers of a back end's answer are over {size} in all "
    "(proxy-buffer-size); Envoy passes up to 60 KB",
    "nothing",
    frozenset({"status"}),
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
    """Said once a report; mesh configuration makes Envoy match tidied paths as nginx does."""
    yield mesh("pathNormalization", {"normalization": "DECODE_AND_MERGE_SLASHES"})
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
    """Nginx drops headers whose names it finds odd, and keeps the client's X-Request-ID.

    Envoy can do both in its connection manager, where only an EnvoyFilter reaches. Where nginx
    sends no X-Request-ID (`generate-request-id: "false"`), an additional one does no harm.
    """
    odd = _odd_names(place)
    if not place.options.envoy_filters:
        what = ["Envoy makes a new X-Request-ID"]
        what += [f"keeps names with {odd}, which nginx drops"] if odd else []
        if place.text("forwarded-for-header").lower() == "x-forwarded-for":
            what.append("back ends get no X-Original-Forwarded-For")
        said = REQUEST_HEADERS("", what=", ".join(what)).for_every_host()
        yield replace(said, severity="warning") if odd and _identified(place) else said
        return
    fields: dict[str, object] = {
        "preserve_external_request_id": True,
        "http_protocol_options": {"accept_http_10": True},
    }
    source = place.text("forwarded-for-header")
    original = {"key": "X-Original-Forwarded-For", "value": f"%REQ({source.upper()})%"}
    mutations: list[dict[str, object]] = [
        {"remove": "x-original-forwarded-for"},
        {"append": {"header": original, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}},
        {"append": {"header": UPGRADE, "append_action": "OVERWRITE_IF_EXISTS"}},
    ]
    if odd:
        allowed = "a-z0-9_-" if odd == "dots" else "a-z0-9-"
        pattern = {"regex": f"[^:].*[^{allowed}].*|[^:{allowed}].*"}
        mutations.append({"remove_on_match": {"key_matcher": {"safe_regex": pattern}}})
    early = typed(
        "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
        mutations=mutations,
    )
    name = "envoy.http.early_header_mutation.header_mutation"
    fields["early_header_mutation_extensions"] = [{"name": name, "typed_config": early}]
    yield envoy_filter(place, "client-headers", on_manager(fields))


def _identified(place: Place) -> bool:
    """Whether back ends learn by headers who asks: to some X_User is as good as X-User."""
    given = place.config.controller.written
    return "global-auth-url" in given or any(s.key in IDENTITY for s in place.config.settings)


def _odd_names(place: Place) -> str:
    """What nginx does not suffer in the name of a header, "" when it suffers all."""
    if not place["ignore-invalid-headers"]:
        return ""
    return "dots" if place["enable-underscores-in-headers"] else "underscores or dots"
