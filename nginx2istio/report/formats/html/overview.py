"""The overview of a report: hosts, their Ingresses and teams, their findings and actions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nginx2istio.convert.convert import Conversion
from nginx2istio.inputs.resource import Resource
from nginx2istio.istio.edits import Action
from nginx2istio.nginx.model import Server
from nginx2istio.report.data import Data
from nginx2istio.report.hosts import (
    EVERY_HOST,
    Readiness,
    host_index,
    namespaces,
    places,
    shown_host,
)

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

    ``ingresses`` are keys (``namespace/name``), ``namespaces`` and ``teams`` theirs, ``closed`` the
    paths that answer 503 instead of their backend.
    """

    name: str
    server: Server | None
    ingresses: tuple[str, ...]
    namespaces: tuple[str, ...]
    teams: tuple[str, ...]
    readiness: Readiness
    closed: tuple[str, ...]

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


def overview(report: Data, conversion: Conversion) -> Overview:
    """The hosts of a conversion, with the findings and actions of its report."""
    hosts = report["hosts"]
    servers = {shown_host(server.host): server for server in conversion.config.servers}
    views = tuple(_view(host, servers.get(host["host"]), conversion) for host in hosts)
    actions = _actions(report, conversion, host_index(hosts))
    return Overview(views, places(report["findings"], hosts), actions)


def team(resource: Resource | None) -> str:
    """The team that an Ingress's labels name; "" for none."""
    labels = resource.metadata.get("labels") if resource else None
    if not isinstance(labels, dict):
        return ""
    return next((str(labels[name]) for name in _TEAM_LABELS if labels.get(name)), "")


def _view(host: Data, server: Server | None, conversion: Conversion) -> HostView:
    teams = {team(conversion.read.get(key)) for key in host["ingresses"]} - {""}
    return HostView(
        host["host"],
        server,
        tuple(host["ingresses"]),
        tuple(namespaces(host)),
        tuple(sorted(teams)),
        host["readiness"],
        tuple(host["closed"]),
    )


def _actions(
    report: Data, conversion: Conversion, index: Mapping[str, int]
) -> tuple[tuple[int, ...], ...]:
    """The hosts of each action; EVERY_HOST where no rule limits it to one host."""
    requested: dict[frozenset[tuple[str, str]], set[int]] = {}
    for applied in conversion.applied:
        at = index.get(shown_host(applied.host), EVERY_HOST)
        for edit in applied.edits:
            if isinstance(edit, Action):
                fields = {"kind": edit.kind, "text": edit.text, **edit.fields}
                requested.setdefault(frozenset(fields.items()), set()).add(at)
    secrets: dict[str, set[int]] = {}
    for server in conversion.config.servers:
        certificate = server.certificate
        if certificate and certificate.secret:
            at = index[shown_host(server.host)]
            secrets.setdefault(f"{certificate.namespace}/{certificate.secret}", set()).add(at)
    where = []
    for action in report["actions"]:
        of_certificate = secrets.get(action.get("secret", ""), set())
        hosts = (requested.get(frozenset(action.items()), set()) | of_certificate) or {EVERY_HOST}
        where.append((EVERY_HOST,) if EVERY_HOST in hosts else tuple(sorted(hosts)))
    return tuple(where)
