"""server-alias: other names under which a host is served."""

import re
from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.istio import re2
from nginx2istio.rule import Alias, Edit, Finding, Message, Place, Requests, rule

NOT_COVERED = Message(
    "N2I141",
    "approximated",
    "info",
    "Alias outside of the certificate",
    "As far as is known, the certificate of the host does not cover its alias {name}. "
    "nginx presents its self-signed certificate there, the gateway presents the host's.",
    "Add {name} to the certificate and to the hosts of the tls entry.",
    frozenset({"tls"}),
    (Requests(scheme="https"),),
)
ALIAS_PATTERN = Message(
    "N2I142",
    "unsupported",
    "error",
    "Alias that is a pattern",
    "No Istio host can express the alias {name}. The gateway does not serve it.",
    "Name the hosts one by one, or use *.domain if the pattern means all of them.",
    frozenset({"routing"}),
)
HOST = re.compile(r"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$", re.I)
REGEX = re.compile(r"^~\*?\^?(?P<label>.*?)(?P<domain>(\\\.[a-z0-9-]+)+)\$$")


def pattern(name: str) -> tuple[str, str] | None:
    """(host with a star, regular expression for the name) of an alias that is a pattern.

    nginx's `~^pr-[0-9]+\\.x\\.io$` is `*.x.io` for Istio, narrowed on every route. None where the
    pattern does not end in a domain, or says more than RE2 can.
    """
    match = REGEX.match(name)
    if match is None:
        return None
    domain = match["domain"].replace("\\", "")
    if domain.count(".") < 2:  # nobody owns all of *.com
        return None
    try:
        return f"*{domain}", re2.compiled(match["label"] + match["domain"])
    except re2.Untranslatable:
        return None


@rule("server-alias", at="server")
def server_alias(place: Place) -> Iterator[Edit | Finding]:
    """The host's VirtualService and Gateway get the other names, too."""
    for name in place.server.aliases:
        if not HOST.match(name):
            narrowed = pattern(name)
            if narrowed is None:
                yield ALIAS_PATTERN("server-alias", name=name).for_host()
            else:
                host, regex = narrowed
                yield Alias(host, place.tls, regex)
            continue
        yield Alias(name, place.tls)
        if place.tls and not place.certified(name):
            finding = replace(NOT_COVERED("server-alias", name=name), hosts=(name,))
            yield finding.for_host()
