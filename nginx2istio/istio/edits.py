"""What rules want of the Istio objects, as values: one class for each kind of edit.

``match`` and ``fields`` are Istio's own fields: of an HTTPMatchRequest and of an HTTPRoute.
``port`` (80 or 443) restricts an edit to requests on that port, 0 does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum
from typing import Any

from nginx2istio.base.records import record


class Phase(IntEnum):
    """When nginx decides: a route of an earlier phase stands before one of a later phase.

    SERVER: before a location is chosen (server snippet, app-root, client certificates).
    FIND: while it is chosen (the redirect to ``/x/``).
    PREFLIGHT: the answer to OPTIONS under enable-cors.
    RETURN: the location's ``return`` (permanent and temporal redirect, a denied location).
    HTTPS: the redirect to https.
    LIMIT, ACCESS: limits; lists and credentials, that is, answers to denied clients.
    SPLIT: which of several upstreams gets the request.
    """

    SERVER = 0
    FIND = 1
    PREFLIGHT = 2
    RETURN = 3
    HTTPS = 4
    LIMIT = 5
    ACCESS = 6
    SPLIT = 7


def name_in_phase(name: str, phase: Phase) -> str:
    """The name by which EnvoyFilters ask for a location's routes of a phase.

    What nginx answers before limits and access count has a name of its own, so an EnvoyFilter for
    the location's name does not act on it.
    """
    return f"{name} {phase.name.lower()}" if phase < Phase.LIMIT else name


@record(frozen=True, slots=True)
class Route:
    """Sets a field of the location's HTTPRoute; dots in ``field`` are levels of Istio's fields.

    Header names go into the value. Mappings are merged leaf by leaf, lists are extended.
    """

    field: str
    value: Any
    port: int = 0


@record(frozen=True, slots=True)
class RouteBefore:
    """A copy of the location's route that stands before it, for requests that also match.

    ``fields`` replace the copy's; a field that is None is left out. With ``redirect`` or
    ``directResponse`` the copy asks no Service. Without ``match`` it takes every request of the
    location (on ``port``), and what nginx does in later phases is never reached. A ``bare`` one
    has these fields only, and nothing of the location's route. ``without`` are the response headers
    of the location's route, in small letters, that it does not have.
    """

    phase: Phase
    fields: Mapping[str, Any]
    match: Mapping[str, Any] = field(default_factory=dict)
    port: int = 0
    bare: bool = False
    without: frozenset[str] = frozenset()


@record(frozen=True, slots=True)
class PerRequest:
    """A copy of each of the location's routes that ask a Service, for requests that also match.

    It stands before its original, so it goes with every ``RouteBefore``: for what differs by
    method. ``headers`` are added to those of the original. Within one group the first match counts.
    """

    match: Mapping[str, Any]
    fields: Mapping[str, Any]
    port: int = 0
    group: str = ""


@record(frozen=True, slots=True)
class HostRoute:
    """A route of the whole host that stands before those of its locations.

    ``shared``: its answer carries the response headers that all locations of the host set, but
    for those ``without`` which it is, in small letters.
    ``protects``: the protection of nginx that it enforces (``nginx/facts/protections.py``).
    """

    phase: Phase
    match: Mapping[str, Any]
    fields: Mapping[str, Any]
    port: int = 0
    shared: bool = False
    without: frozenset[str] = frozenset()
    protects: str = ""


@record(frozen=True, slots=True)
class Destination:
    """Sets a field of the trafficPolicy with which the location's requests reach its upstreams.

    ``upstream`` (a name) restricts it to one of them, a canary for example.
    """

    field: str
    value: Any
    port: int = 0
    upstream: str = ""


@record(frozen=True, slots=True)
class GatewayField:
    """Sets a field of the host's https server in the Gateway."""

    field: str
    value: Any


@record(frozen=True, slots=True)
class TlsRoute:
    """Passes the TLS connections of the host on to an upstream (its name), unopened."""

    upstream: str


@record(frozen=True, slots=True)
class Alias:
    """Serves the host under another name too; ``tls`` when it does so on https.

    ``pattern`` narrows a name with a star: a regular expression for the whole name.
    """

    name: str
    tls: bool = False
    pattern: str = ""


@record(frozen=True, slots=True)
class OtherHost:
    """A host of its own, with routes of its own: the www twin that only redirects."""

    name: str
    tls: bool
    routes: tuple[Mapping[str, Any], ...]


@record(frozen=True, slots=True)
class ExtraObject:
    """An object of its own. Objects of one kind, namespace and name must be equal.

    ``protects``: the protection of nginx that it enforces at the place.
    """

    body: Mapping[str, Any]
    protects: str = ""


@record(frozen=True, slots=True)
class ExternalHost:
    """Makes a port of a host outside of the cluster known to the gateway.

    Routes may then lead to it. ``tls`` says that the port speaks TLS, which the trafficPolicy of
    their destination has to open.
    """

    host: str
    port: int
    tls: bool = False

    @property
    def protocol(self) -> str:
        """The protocol of the ServiceEntry's port."""
        return "TLS" if self.tls or self.port == 443 else "HTTP"


@record(frozen=True, slots=True)
class MeshField:
    """Sets a field of the mesh configuration (MeshConfig). Lists are joined by name."""

    field: str
    value: Any


@record(frozen=True, slots=True)
class Action:
    """Something that a person has to do: ``fields`` as in the report's ``actions``."""

    kind: str
    text: str
    fields: Mapping[str, str] = field(default_factory=dict)


Edit = (
    Route
    | RouteBefore
    | PerRequest
    | HostRoute
    | Destination
    | GatewayField
    | TlsRoute
    | Alias
    | OtherHost
    | ExtraObject
    | ExternalHost
    | MeshField
    | Action
)
HOST_WIDE = (HostRoute, GatewayField, Alias, OtherHost, TlsRoute)
"""Edits that concern the host, whichever of its locations they come from."""
