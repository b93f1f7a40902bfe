"""A trial under other host names: what is tried, and what it can't show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.istio.objects import Object
from nginx2istio.istio.rename_objects import whole_gateway
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Origin
from nginx2istio.nginx.rename_hosts import SNIPPETS
from nginx2istio.rule import Message

TRIAL = Message(
    "N2I060",
    "approximated",
    "info",
    "",
    "this is a trial under other host names. Back ends see the real names, as Host (without the "
    "port that a client may name) and as X-Forwarded-Host; the new ones are in Origin and Referer, "
    "and are what external authentication and filters see. Certificates do not cover the new "
    "names. What back ends say themselves (redirects to their own name, cookies with a domain, "
    "absolute links, allowed origins) leads to the real names, which also stand in headers of "
    "answers that name the host",
    "convert without --host-suffix and --host-map for the cut-over",
    frozenset(
        {
            "tls",
            "redirect",
            "cookies",
            "body",
            "cors",
            "auth",
            "host",
            "request-headers",
            "response-headers",
        }
    ),
)
LEFT_OUT = Message(
    "N2I061",
    "approximated",
    "info",
    "",
    "{key} is not part of the trial: {why}",
    "add a line to --host-map, or use --host-suffix, if it should be",
    frozenset({"routing"}),
)
ANY_NAME = Message(
    "N2I062",
    "approximated",
    "warning",
    "",
    "back ends of {key} see the trial's name as Host and X-Forwarded-Host: which name below the "
    "star was asked for is not known beforehand",
    "try some of its names one by one: give them rules of their own",
    frozenset({"host", "request-headers"}),
)
IN_SNIPPET = Message(
    "N2I063",
    "approximated",
    "info",
    "",
    "the snippet names hosts of the trial; their new names were put in, save in what it sends to "
    "back ends",
    "read whether that is what the snippet means",
    frozenset({"redirect", "response-headers", "routing"}),
)
WHOLE_GATEWAY = Message(
    "N2I064",
    "approximated",
    "warning",
    "",
    "the EnvoyFilter {key} acts on every host of the gateway, also on those that are live there",
    "try it at a gateway of its own: --gateway-selector",
    frozenset({"response-headers", "body", "protocol"}),
)
MESSAGES = (TRIAL, LEFT_OUT, ANY_NAME, IN_SNIPPET, WHOLE_GATEWAY)


def findings(
    before: NginxConfig, names: Mapping[str, str], objects: Sequence[Object]
) -> Iterator[PlacedFinding]:
    """What is to be known of the trial of a configuration under other names."""
    yield placed(TRIAL, Origin(), ("*",))
    for server in before.servers:
        origin = server.ingresses[0] if server.ingresses else Origin()
        if server.host not in names:
            why = "no line of --host-map is for it"
            if server.host == DEFAULT_SERVER:
                why = "it answers whatever host nobody declares"
            yield placed(LEFT_OUT, origin, (server.host,), key=server.host, why=why)
            continue
        for alias in server.aliases:
            if alias not in names:
                why = "no new name can be given to the alias"
                yield placed(LEFT_OUT, origin, (names[server.host],), key=alias, why=why)
        for name in (server.host, *server.aliases):
            if "*" in name and name in names:
                yield placed(ANY_NAME, origin, (names[name],), key=names[name])
    yield from _in_snippets(before, names)
    for name in whole_gateway(objects):
        yield placed(WHOLE_GATEWAY, Origin(), ("*",), key=name)


def untried(before: NginxConfig, names: Mapping[str, str]) -> Iterator[Origin]:
    """The annotations in force for hosts that are left out of the trial."""
    for server in before.servers:
        if server.host not in names:
            for settings in (server.settings, *(x.settings for x in server.locations)):
                yield from (setting.origin for setting in settings.values())


def _in_snippets(before: NginxConfig, names: Mapping[str, str]) -> Iterator[PlacedFinding]:
    token = re.compile(r"[\w-]+(?:\\?\.[\w-]+)+")
    for server in before.servers:
        settings = [server.settings, *(x.settings for x in server.locations)]
        found = {s.origin: s for some in settings for k, s in some.items() if k in SNIPPETS}
        for setting in found.values() if server.host in names else ():
            if any(t.replace("\\", "").lower() in names for t in token.findall(setting.text)):
                hosts = (names[server.host],)
                yield placed(IN_SNIPPET, setting.origin, hosts, "*", setting.key, setting.text)
