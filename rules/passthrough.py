"""ssl-passthrough: TLS goes on to the backend as it comes."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import Edit, Finding, Message, Place, TlsRoute, rule

NO_FLAG = Message(
    "N2I560",
    "ineffective",
    "warning",
    "TLS passthrough that may be off",
    "nginx ignores ssl-passthrough without --enable-ssl-passthrough, and the input has no "
    "Deployment that sets it. TLS ends at the gateway.",
    "Convert with --ssl-passthrough if the controller has that flag, or add its Deployment to the "
    "input. Otherwise delete the annotation.",
)
NO_ROOT = Message(
    "N2I561",
    "ineffective",
    "info",
    "TLS passthrough without a root path",
    "nginx passes TLS on to the Service of the path / only, and this host has none. TLS ends "
    "at the gateway, as it ends at nginx today.",
    "Delete the annotation, or give the host a path / with a Service.",
)
PASSED = Message(
    "N2I562",
    "translated",
    "info",
    "TLS that passes through",
    "TLS of the host goes to {service} unopened, as before. Its other paths and all "
    "annotations hold for plain HTTP only.",
)
ALIASES = Message(
    "N2I563",
    "unsupported",
    "warning",
    "Aliases of a host that passes TLS",
    "nginx opens TLS for the aliases of this host. The gateway serves no https for them.",
    "Declare the aliases as hosts of their own.",
    frozenset({"tls"}),
)


@rule("ssl-passthrough", at="server")
def passthrough(place: Place) -> Iterator[Edit | Finding]:
    """A proxy before nginx reads the host's name in the handshake and asks the Service of `/`.

    So does a Gateway server of protocol TLS with a TLSRoute.
    """
    if not place["ssl-passthrough"]:
        return
    if not place.config.controller.ssl_passthrough:
        off = NO_FLAG("ssl-passthrough").assuming("flags")
        if "flags" not in place.config.assumed:
            off = replace(off, severity="info", to_do="Delete the annotation.")
        yield off
        return
    roots = [x.upstream for x in place.server.locations if x.declared == "/" and x.upstream]
    if not place.server.passthrough:
        yield NO_ROOT("ssl-passthrough")
        return
    upstream = place.config.upstreams[roots[0]]
    yield TlsRoute(upstream.name)
    service = f"{upstream.namespace}/{upstream.service}"
    yield PASSED("ssl-passthrough", service=service)
    if place.server.aliases:
        yield ALIASES("ssl-passthrough")
