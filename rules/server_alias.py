"""server-alias: other names under which a host is served."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, alias, rule

NOT_COVERED = Message(
    "N2I141", "approximated", "warning",
    "the host's certificate does not seem to cover its alias {name}: nginx presents its "
    "self-signed certificate there, the new gateway serves {name} over plain HTTP only",
    "add {name} to the certificate and to the hosts of the tls entry",
    frozenset({"tls"}),
)


@rule("server-alias", scope="server")
def server_alias(here: Here) -> Iterator[Edit | Finding]:
    """The host's VirtualService and Gateway get the other names, too."""
    for name in here.server.aliases:
        tls = here.tls and here.certified(name)
        yield alias(name, tls)
        if here.tls and not tls:
            yield NOT_COVERED.about("server-alias", name=name)
