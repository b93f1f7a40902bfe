"""Hosts and paths: what nginx answers by itself, before any annotation counts."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, Phase, rule, variant

NO_ENDPOINTS = Message(
    "N2I101", "translated", "error",
    "{why}: nginx answers 503 on this path, and so does the conversion",
    "delete the path, or create the Service and convert again",
)
NAMED_PORT = Message(
    "N2I102", "approximated", "warning",
    "the port {port} of Service {service} can't be resolved, as the Service is not among the input",
    "add the Services to the input (kubectl get service,ingress -A -o yaml)",
    frozenset({"routing"}),
)


@rule("path-slash", when="always")
def slash_redirect(here: Here) -> Iterator[Edit | Finding]:
    """nginx sends `/x` to `/x/` by itself where only `/x/` is a location: 301, query kept.

    Envoy has no such habit: a redirect route says it.
    """
    location = here.location
    if location.slash_redirect:
        to = {"uri": location.path + "/", "redirectCode": 301}
        if here.own_host == here.server.host:
            to["authority"] = here.server.host  # nginx drops the port of the Host header
        yield variant(Phase.FIND, redirect=to)


@rule("path-denied", when="always")
def denied(here: Here) -> Iterator[Edit | Finding]:
    """An annotation that the controller can't use makes a location answer 503."""
    if here.location.denied:
        yield variant(Phase.RETURN, directResponse={"status": 503})


@rule("path-backend", when="always", reads=("default-backend",))
def no_endpoints(here: Here) -> Iterator[Edit | Finding]:
    """A path whose Service or port does not exist is answered 503 by nginx.

    Istio answers 500 to a route whose cluster does not exist, so that the 503 is written out.
    """
    upstream = here.upstream
    if upstream is None or here.location.slash_redirect:
        return
    if upstream.unavailable:
        if "default-backend" not in here:
            yield variant(Phase.LIMIT, directResponse={"status": 503})
            yield NO_ENDPOINTS.about("", why=upstream.unavailable)
    elif upstream.port is None:
        service = f"{upstream.namespace}/{upstream.service}"
        yield NAMED_PORT.about("", port=upstream.declared_port, service=service)
