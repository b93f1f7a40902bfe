"""The same configuration under other host names: for a trial beside what is live.

Precedence, certificates and canaries are decided under the real names before. What backends get and
what they answer keeps the real names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import NamedTuple

from nginx2istio.nginx.build.ingresses import HOST_NAME
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Location, Server, Setting, Settings, Upstream
from nginx2istio.nginx.values.go import Value

NewNames = Mapping[str, str]

URLS = frozenset(
    {
        "permanent-redirect",
        "temporal-redirect",
        "app-root",
        "auth-signin",
        "auth-tls-error-page",
        "proxy-redirect-to",
        "cors-allow-origin",
        "global-auth-signin",
    }
)
"""Annotations whose URLs and origins are meant for clients, or come from them."""

SNIPPETS = frozenset({"configuration-snippet", "server-snippet"})
TO_BACK_ENDS = ("proxy_set_header", "proxy_pass", "grpc_set_header", "fastcgi_param")
"""Directives of snippets whose hosts are for backends."""

_NAME = re.compile(r"(?<![\w.-])(?:\*\.)?[A-Za-z0-9-]+(?:\\?\.[A-Za-z0-9-]+)+(?![\w-])")


class BadName(ValueError):
    """Lines of a map that can't be followed, and why."""


class TrialNames(NamedTuple):
    """The new name of each host and alias that is tried, and why others can't have one."""

    new: NewNames
    impossible: Mapping[str, str]


def new_names(hosts: Iterable[str], host_map: NewNames, suffix: str) -> TrialNames:
    """The new name of each host and alias that is tried.

    ``host_map`` maps names; one with a star also maps all below it that have no line of their
    own. ``suffix`` is appended to the others; without one they are left out, as is always the
    server for unknown hosts. A name that a star or the suffix can't give costs its host only, as
    hosts are written by others. Raises BadName where lines for two hosts give one name, or a line
    gives a live name or none that is valid.
    """
    live = set(hosts)
    renamed_hosts: dict[str, str] = {}
    impossible: dict[str, str] = {}
    taken: dict[str, str] = {}
    # Hosts that have a line of their own come first: what is written wins.
    for host in sorted(live - {DEFAULT_SERVER}, key=lambda host: (host not in host_map, host)):
        new = _new_name(host, host_map, suffix)
        if not new:
            continue
        if new in live:
            why = f"{new} is the name of a live host"
        elif new in taken:
            why = f"{taken[new]} would be {new}, too"
        elif not HOST_NAME.match(new) or len(new) > 253 or any(len(x) > 63 for x in new.split(".")):
            why = f"{new} is no valid host name"
        else:
            renamed_hosts[host], taken[new] = new, host
            continue
        if host in host_map:
            raise BadName(f"{host} can't be {new}: {why}")
        impossible[host] = why
    return TrialNames(dict(sorted(renamed_hosts.items())), impossible)


def _new_name(host: str, host_map: NewNames, suffix: str) -> str:
    if host in host_map:
        return host_map[host]
    above = host.removeprefix("*.")
    while "." in above:
        above = above.partition(".")[2]
        to = host_map.get(f"*.{above}")
        if to:
            return host[: -len(above)] + to.removeprefix("*.")
    return host + suffix if suffix and not host.startswith("~") else ""


def renamed(config: NginxConfig, names: NewNames) -> NginxConfig:
    """The configuration with its hosts renamed; servers without a new name are left out."""
    rename = _Renaming(names)
    servers = tuple(rename.server(s) for s in config.servers if s.host in names)
    return replace(
        config,
        servers=servers,
        host_names=frozenset(name for s in servers for name in (s.host, *s.aliases)),
        upstreams={key: rename.upstream(u) for key, u in config.upstreams.items()},
    )


class _Renaming:
    """Names in values; what is alike is made once."""

    def __init__(self, names: NewNames):
        self.names = names
        self.domains = dict(_domains(names))
        self.renamed_settings: dict[int, tuple[Settings, Settings]] = {}

    def server(self, server: Server) -> Server:
        certificate = server.certificate
        if certificate:
            covered = tuple(self.names.get(n) or self.domain(n) or n for n in certificate.names)
            certificate = replace(certificate, names=covered)
        return replace(
            server,
            host=self.names[server.host],
            aliases=tuple(self.names[a] for a in server.aliases if a in self.names),
            locations=tuple(self.location(x) for x in server.locations),
            settings=self.settings(server.settings),
            certificate=certificate,
        )

    def location(self, location: Location) -> Location:
        return replace(location, settings=self.settings(location.settings))

    def upstream(self, upstream: Upstream) -> Upstream:
        affinity = upstream.affinity
        if affinity:
            places = frozenset((self.names.get(host, host), path) for host, path in affinity.places)
            affinity = replace(affinity, settings=self.settings(affinity.settings), places=places)
        return replace(
            upstream,
            affinity=affinity,
            alternatives=tuple(self.upstream(u) for u in upstream.alternatives),
        )

    def settings(self, settings: Settings) -> Settings:
        pair = self.renamed_settings.get(id(settings))
        if pair is None:
            new = {key: self.setting(s) for key, s in settings.items()}
            pair = self.renamed_settings[id(settings)] = (settings, new)
        return pair[1]

    def setting(self, setting: Setting) -> Setting:
        if setting.key in SNIPPETS:
            text = self.snippet(setting.text)
            return replace(setting, text=text, value=self.snippet(str(setting.value)))
        change: Callable[[str], str]
        if setting.key in URLS:
            change = self.text
        elif setting.key == "session-cookie-domain":
            change = self.domain_in
        elif setting.key == "proxy-cookie-domain":
            change = self.cookie_domain
        else:
            return setting
        return replace(setting, value=_changed(setting.value, change))

    def text(self, text: str) -> str:
        """A text with all names of ours in it replaced, also in a regular expression."""
        return _NAME.sub(self._replaced, text)

    def _replaced(self, match: re.Match[str]) -> str:
        written = match[0]
        name = written.replace("\\", "").lower()
        new = self.names.get(name, "")
        if not new and name.startswith("*."):
            new = self.domain(name)
        if not new:
            return written
        return new.replace(".", "\\.") if "\\" in written else new

    def snippet(self, text: str) -> str:
        lines = text.split("\n")
        return "\n".join(
            line if line.lstrip().startswith(TO_BACK_ENDS) else self.text(line) for line in lines
        )

    def domain(self, name: str) -> str:
        """The new domain (or ``*.domain``) of hosts that keep what stands before it, else ""."""
        star = "*." if name.startswith("*.") else ""
        new = self.domains.get(name.removeprefix("*."), "")
        return star + new if new else ""

    def domain_in(self, text: str) -> str:
        dot = "." if text.startswith(".") else ""
        name = text.removeprefix(".").lower()
        new = self.names.get(name) or self.domain(name)
        return dot + new if new else text

    def cookie_domain(self, text: str) -> str:
        """``from to``: backends go on sending the old one."""
        old, blank, new = text.partition(" ")
        return old + blank + self.domain_in(new) if blank else text


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, tuple):
        return tuple(change(v) for v in value if isinstance(v, str)) or value
    return change(value) if isinstance(value, str) else value


def _domains(names: NewNames) -> Iterable[tuple[str, str]]:
    """Domain above hosts -> new domain, where the labels before it stay as they are."""
    for old, new in sorted(names.items(), reverse=True):
        parts = old.split(".")
        for i in range(1, len(parts)):
            before = ".".join(parts[:i]) + "."
            if new.startswith(before) and i < len(parts) - 1:
                yield ".".join(parts[i:]), new[len(before) :]
