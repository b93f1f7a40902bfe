"""The overview of a report: hosts, their Ingresses and teams, their findings and actions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nginx2istio.convert.convert import Conversion
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.edits import Action
from nginx2istio.nginx.model import DEFAULT_SERVER, Server
from nginx2istio.report.data import Data

Readiness = Literal["ready", "review", "blocked"]

_TEAM_LABELS = (
    "team",
    "owner",
    "app.kubernetes.io/team",
    "app.kubernetes.io/owner",
    "app.kubernetes.io/part-of",
)
"""Labels of an Ingress that name the team behind it; the first one that is set counts."""


@dataclass(frozen=True, slots=True)
class HostView:
    """One host; ``server`` is None where nginx serves nothing under it (a refused Ingress).

    ``ingresses`` are keys (``namespace/name``), ``namespaces`` and ``teams`` theirs.
    """

    name: str
    server: Server | None
    ingresses: tuple[str, ...]
    namespaces: tuple[str, ...]
    teams: tuple[str, ...]

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names of the host."""
        return self.server.aliases if self.server else ()


@dataclass(frozen=True, slots=True)
class Overview:
    """All hosts, by namespace and name, and the findings and actions of each.

    ``places`` has for each finding of the report the indexes of its hosts: EVERY_HOST alone where
    it holds for all of them. ``actions`` likewise for the actions.
    """

    hosts: tuple[HostView, ...]
    places: tuple[tuple[int, ...], ...]
    actions: tuple[tuple[int, ...], ...]
    readiness: tuple[Readiness, ...]


EVERY_HOST = -1


def overview(report: Data, conversion: Conversion) -> Overview:
    """The hosts of a conversion, with the findings and actions of its report."""
    hosts = _hosts(report["findings"], conversion)
    index = {name: i for i, host in enumerate(hosts) for name in host.aliases}
    index |= {host.name: i for i, host in enumerate(hosts)}
    of_ingress: dict[str, list[int]] = {}
    for i, host in enumerate(hosts):
        for key in host.ingresses:
            of_ingress.setdefault(key, []).append(i)
    places = tuple(_places(f, index, of_ingress) for f in report["findings"])
    readiness: list[Readiness] = ["ready"] * len(hosts)
    for finding, indexes in zip(report["findings"], places, strict=True):
        for i in indexes:
            if i == EVERY_HOST or finding["severity"] == "info" or "accepted" in finding:
                continue
            if finding["severity"] == "error":
                readiness[i] = "blocked"
            elif readiness[i] == "ready":
                readiness[i] = "review"
    return Overview(hosts, places, _actions(report, conversion, index), tuple(readiness))


def team(resource: Resource | None) -> str:
    """The team that an Ingress's labels name; "" for none."""
    labels = resource.metadata.get("labels") if resource else None
    if not isinstance(labels, dict):
        return ""
    return next((str(labels[name]) for name in _TEAM_LABELS if labels.get(name)), "")


def _hosts(findings: Iterable[Data], conversion: Conversion) -> tuple[HostView, ...]:
    unclaimed = {ingress.origin.object for ingress in conversion.config.unclaimed}
    ingresses: dict[str, list[str]] = {}
    for ingress in conversion.ingresses:
        if ingress.key not in unclaimed:
            for name in ingress.hosts:
                ingresses.setdefault(_shown(name), []).append(ingress.key)
    servers = {_shown(s.host): s for s in conversion.config.servers}
    known = {*servers, *(alias for s in servers.values() for alias in s.aliases)}
    # A host of an Ingress that nginx does not load has no server, but it is in the report.
    named = {h for f in findings for h in f["hosts"] if h != "*" and h not in known}
    hosts = []
    for name in {**servers, **dict.fromkeys(sorted(named))}:
        server = servers.get(name)
        keys = set(ingresses.get(name, ()))
        keys |= {origin.object for origin in server.ingresses} if server else set()
        teams = {team(conversion.read.get(key)) for key in keys} - {""}
        spaces = {key.partition("/")[0] for key in keys}
        names = (tuple(sorted(values)) for values in (keys, spaces, teams))
        hosts.append(HostView(name, server, *names))
    return tuple(sorted(hosts, key=lambda h: (h.namespaces, h.name)))


def _shown(host: str) -> str:
    return "*" if host == DEFAULT_SERVER else host


def _places(
    finding: Data, index: Mapping[str, int], of_ingress: Mapping[str, list[int]]
) -> tuple[int, ...]:
    obj = finding["object"]
    of_an_ingress = obj["kind"] == "Ingress"
    if finding["hosts"] == ["*"] and not (of_an_ingress and "*" in index):
        return (EVERY_HOST,)
    if finding["hosts"]:
        return tuple(sorted({index[name] for name in finding["hosts"] if name in index}))
    return tuple(of_ingress.get(f"{obj['namespace']}/{obj['name']}", ())) if of_an_ingress else ()


def _actions(
    report: Data, conversion: Conversion, index: Mapping[str, int]
) -> tuple[tuple[int, ...], ...]:
    """The hosts of each action; EVERY_HOST where no rule limits it to one host."""
    requested: dict[frozenset[tuple[str, str]], set[int]] = {}
    for applied in conversion.applied:
        at = index.get(_shown(applied.host), EVERY_HOST)
        for edit in applied.edits:
            if isinstance(edit, Action):
                fields = {"kind": edit.kind, "text": edit.text, **edit.fields}
                requested.setdefault(frozenset(fields.items()), set()).add(at)
    secrets: dict[str, set[int]] = {}
    for server in conversion.config.servers:
        certificate = server.certificate
        if certificate and certificate.secret:
            at = index[_shown(server.host)]
            secrets.setdefault(f"{certificate.namespace}/{certificate.secret}", set()).add(at)
    places = []
    for action in report["actions"]:
        of_certificate = secrets.get(action.get("secret", ""), set())
        where = (requested.get(frozenset(action.items()), set()) | of_certificate) or {EVERY_HOST}
        places.append((EVERY_HOST,) if EVERY_HOST in where else tuple(sorted(where)))
    return tuple(places)
