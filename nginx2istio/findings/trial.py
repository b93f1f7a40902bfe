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
    "Differences of a trial",
    "This is a trial under other host names: backends see the real ones, external "
    "authentication and filters see the new ones. Certificates, redirects, cookies and links "
    "of backends are for the real names.",
    "Convert without --host-suffix and --host-map for the cut-over.",
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
NOT_IN_TRIAL = Message(
    "N2I061",
    "approximated",
    "info",
    "Name that is not in the trial",
    "{key} is not part of the trial, because {why}.",
    "Add a line to --host-map, or use --host-suffix, if it should be.",
    frozenset({"routing"}),
)
ANY_NAME = Message(
    "N2I062",
    "approximated",
    "warning",
    "Wildcard host of a trial",
    "Backends of {key} see the name of the trial as Host and X-Forwarded-Host: the real name "
    "below the star is not known beforehand.",
    "Try some names of the wildcard one by one: give them rules of their own.",
    frozenset({"host", "request-headers"}),
)
IN_SNIPPET = Message(
    "N2I063",
    "approximated",
    "info",
    "Host names in a snippet",
    "The snippet names hosts of the trial. Their new names are put in, except in what it "
    "sends to backends.",
    "Check that this is what the snippet means.",
    frozenset({"redirect", "response-headers", "routing"}),
)
WHOLE_GATEWAY = Message(
    "N2I064",
    "approximated",
    "warning",
    "EnvoyFilter for the whole gateway",
    "The EnvoyFilter {key} acts on every host of the gateway, also on hosts that are live there.",
    "Try it at a gateway of its own: --gateway-selector.",
    frozenset({"response-headers", "body", "protocol"}),
)
NO_NAME = Message(
    "N2I065",
    "approximated",
    "warning",
    "Name that a trial can't have",
    "{key} is not part of the trial: {why}.",
    "Add a line to --host-map that gives it another name.",
    frozenset({"routing"}),
)
MESSAGES = (TRIAL, NOT_IN_TRIAL, ANY_NAME, IN_SNIPPET, WHOLE_GATEWAY, NO_NAME)


def findings(
    before: NginxConfig,
    names: Mapping[str, str],
    impossible: Mapping[str, str],
    objects: Sequence[Object],
) -> Iterator[PlacedFinding]:
    """What is to be known of the trial of a configuration under other names.

    ``impossible`` says of hosts and aliases why they can't have a new name.
    """
    yield placed(TRIAL, Origin(), ("*",))
    for server in before.servers:
        origin = server.ingresses[0] if server.ingresses else Origin()
        if server.host in impossible:
            why = impossible[server.host]
            yield placed(NO_NAME, origin, (server.host,), key=server.host, why=why)
            continue
        if server.host not in names:
            why = "no line of --host-map is for it"
            if server.host == DEFAULT_SERVER:
                why = "it answers hosts that no Ingress declares"
            yield placed(NOT_IN_TRIAL, origin, (server.host,), key=server.host, why=why)
            continue
        for alias in server.aliases:
            if alias in impossible:
                why = impossible[alias]
                yield placed(NO_NAME, origin, (names[server.host],), key=alias, why=why)
            elif alias not in names:
                why = "no new name can be given to the alias"
                yield placed(NOT_IN_TRIAL, origin, (names[server.host],), key=alias, why=why)
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
        by_origin = {s.origin: s for some in settings for k, s in some.items() if k in SNIPPETS}
        for setting in by_origin.values() if server.host in names else ():
            if any(t.replace("\\", "").lower() in names for t in token.findall(setting.text)):
                hosts = (names[server.host],)
                yield placed(IN_SNIPPET, setting.origin, hosts, "*", setting.key, setting.text)
