"""Hosts, their Ingresses and teams, and which findings and actions are theirs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nginx2istio.convert.convert import Conversion
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.edits import Action
from nginx2istio.nginx.model import DEFAULT_SERVER, Server

Data = Mapping[str, Any]
Readiness = Literal["ready", "review", "blocked"]

TEAM_LABELS = (
    "team",
    "owner",
    "app.kubernetes.io/team",
    "app.kubernetes.io/owner",
    "app.kubernetes.io/part-of",
)
"""Labels of an Ingress that name who answers for it; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Host:
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
class Estate:
    """All hosts, by namespace and name, and what concerns which of them.

    ``places`` has for each finding of the report the indexes of its hosts: EVERYWHERE alone where
    it holds for all of them. ``actions`` likewise for the actions.
    """

    hosts: tuple[Host, ...]
    places: tuple[tuple[int, ...], ...]
    actions: tuple[tuple[int, ...], ...]
    readiness: tuple[Readiness, ...]


EVERYWHERE = -1


def estate(report: Data, conversion: Conversion) -> Estate:
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
    for finding, found in zip(report["findings"], places, strict=True):
        for i in found:
            if i == EVERYWHERE or finding["severity"] == "info" or "accepted" in finding:
                continue
            if finding["severity"] == "error":
                readiness[i] = "blocked"
            elif readiness[i] == "ready":
                readiness[i] = "review"
    return Estate(hosts, places, _actions(report, conversion, index), tuple(readiness))


def team(resource: Resource | None) -> str:
    """Who answers for an Ingress by its labels, "" where none says so."""
    labels = resource.metadata.get("labels") if resource else None
    if not isinstance(labels, dict):
        return ""
    return next((str(labels[name]) for name in TEAM_LABELS if labels.get(name)), "")


def _hosts(findings: Iterable[Data], conversion: Conversion) -> tuple[Host, ...]:
    skipped = {one.origin.object for one in conversion.config.skipped}
    ingresses: dict[str, list[str]] = {}
    for ingress in conversion.ingresses:
        if ingress.key not in skipped:
            for name in ingress.hosts:
                ingresses.setdefault(_shown(name), []).append(ingress.key)
    servers = {_shown(s.host): s for s in conversion.config.servers}
    known = {*servers, *(alias for s in servers.values() for alias in s.aliases)}
    # Hosts of Ingresses that nginx does not load have no server, but somebody asks for them.
    named = {h for f in findings for h in f["hosts"] if h != "*" and h not in known}
    found = []
    for name in {**servers, **dict.fromkeys(sorted(named))}:
        server = servers.get(name)
        keys = set(ingresses.get(name, ()))
        keys |= {origin.object for origin in server.ingresses} if server else set()
        teams = {team(conversion.read.get(key)) for key in keys} - {""}
        spaces = {key.partition("/")[0] for key in keys}
        host = Host(
            name,
            server,
            tuple(sorted(keys)),
            tuple(sorted(spaces)),
            tuple(sorted(teams)),
        )
        found.append(host)
    return tuple(sorted(found, key=lambda h: (h.namespaces, h.name)))


def _shown(host: str) -> str:
    return "*" if host == DEFAULT_SERVER else host


def _places(
    finding: Data, index: Mapping[str, int], of_ingress: Mapping[str, list[int]]
) -> tuple[int, ...]:
    obj = finding["object"]
    ours = obj["kind"] == "Ingress"
    if finding["hosts"] == ["*"] and not (ours and "*" in index):
        return (EVERYWHERE,)
    if finding["hosts"]:
        return tuple(sorted({index[name] for name in finding["hosts"] if name in index}))
    return tuple(of_ingress.get(f"{obj['namespace']}/{obj['name']}", ())) if ours else ()


def _actions(
    report: Data, conversion: Conversion, index: Mapping[str, int]
) -> tuple[tuple[int, ...], ...]:
    """Whose each action is; EVERYWHERE where no rule wished it for one host."""
    wished: dict[frozenset[tuple[str, str]], set[int]] = {}
    for applied in conversion.applied:
        at = index.get(_shown(applied.host), EVERYWHERE)
        for edit in applied.edits:
            if isinstance(edit, Action):
                fields = {"kind": edit.kind, "text": edit.text, **edit.fields}
                wished.setdefault(frozenset(fields.items()), set()).add(at)
    secrets: dict[str, set[int]] = {}
    for server in conversion.config.servers:
        held = server.certificate
        if held and held.secret:
            at = index[_shown(server.host)]
            secrets.setdefault(f"{held.namespace}/{held.secret}", set()).add(at)
    found = []
    for action in report["actions"]:
        certificate = secrets.get(action.get("secret", ""), set())
        where = (wished.get(frozenset(action.items()), set()) | certificate) or {EVERYWHERE}
        found.append((EVERYWHERE,) if EVERYWHERE in where else tuple(sorted(where)))
    return tuple(found)
