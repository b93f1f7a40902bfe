"""server-alias: other names under which a host is served."""

import re
from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, alias, rule

NOT_COVERED = Message(
    "N2I141", "approximated", "warning",
    "the host's certificate does not seem to cover its alias {name}: nginx presents its "
    "self-signed certificate there, the new gateway serves {name} over plain HTTP only",
    "add {name} to the certificate and to the hosts of the tls entry",
    frozenset({"tls"}),
)
PATTERN = Message(
    "N2I142", "unsupported", "error",
    "the alias {name} is a pattern that no Istio host can express; it is not served",
    "name the hosts one by one, or use *.domain if the pattern stands for all of them",
    frozenset({"routing"}),
)
HOST = re.compile(r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$", re.I)


@rule("server-alias", scope="server")
def server_alias(here: Here) -> Iterator[Edit | Finding]:
    """The host's VirtualService and Gateway get the other names, too."""
    for name in here.server.aliases:
        if not HOST.match(name):
            yield PATTERN.about("server-alias", name=name)
            continue
        tls = here.tls and here.certified(name)
        yield alias(name, tls)
        if here.tls and not tls:
            yield NOT_COVERED.about("server-alias", name=name)
