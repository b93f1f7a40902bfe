"""The edits that a rule may yield, each made by a function that says what it is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.secrets import copy_secret, secret_name
from nginx2istio.istio.edits import Edit, Phase
from nginx2istio.istio.envoy import filters as envoy
from nginx2istio.nginx.model import Upstream


def route(path: str, value: Any, port: int = 0) -> Edit:
    """Sets a field of this location's HTTPRoute; dots in ``path`` are levels of Istio fields.

    Header names go into the value. Mappings are merged leaf by leaf, lists are extended.
    """
    return Edit("route", path, value, port)


def variant(
    phase: Phase,
    match: Mapping[str, Any] | None = None,
    port: int = 0,
    bare: bool = False,
    **fields: Any,
) -> Edit:
    """A copy of this location's route that stands before it, for requests that also match.

    Fields replace the copy's; a field given as None is left out. With ``redirect`` or
    ``directResponse`` the copy asks no Service. Without ``match`` it takes every request of the
    location (on ``port``), and what nginx does in later phases is never reached. A ``bare`` one
    has these fields only, and nothing of the location's route.
    """
    return Edit("variant", "bare" if bare else "", fields, port, phase, match or {})


def answer(status: int, location: str) -> dict[str, Any]:
    """Fields of a route that answers with a redirect to exactly ``location``, query and all.

    Istio's own redirect keeps the request's query; where nginx drops it, a direct response says
    it. ``location`` may hold Envoy's ``%REQ(...)%``; other percent signs have to be doubled.
    """
    return {
        "directResponse": {"status": status},
        "headers": {"response": {"set": {"Location": location}}},
    }


def literal(text: str) -> str:
    """A text for a header value in which Envoy would read ``%`` as the start of an operator."""
    return text.replace("%", "%%")


def split(match: Mapping[str, Any], port: int = 0, group: str = "", **fields: Any) -> Edit:
    """A copy of each of this location's routes that ask a Service, for requests that also match.

    It stands before its original, so that it goes with every variant: for what differs by method.
    ``headers`` are added to those of the original. Of one group's splits the first match counts.
    """
    return Edit("split", group, fields, port, Phase.SPLIT, match)


def front(
    phase: Phase, match: Mapping[str, Any], port: int = 0, shared: bool = False, **fields: Any
) -> Edit:
    """A route of the whole host that stands before those of its locations.

    ``shared``: its answer carries the response headers that all locations of the host set.
    """
    return Edit("front", "shared" if shared else "", fields, port, phase, match)


def destination(path: str, value: Any, port: int = 0, upstream: str = "") -> Edit:
    """Sets a field of the trafficPolicy with which this location's requests reach its upstreams.

    ``port`` and ``upstream`` (a name) restrict it to requests on a port, and to one of them.
    """
    return Edit("destination", path, value, port, upstream=upstream)


def gateway(path: str, value: Any) -> Edit:
    """Sets a field of the host's https server in the Gateway."""
    return Edit("gateway", path, value)


def tls_route(upstream: Upstream) -> Edit:
    """Passes TLS for the host on to an upstream as it comes."""
    return Edit("tls-route", upstream.name, None)


def alias(name: str, tls: bool = False, pattern: str = "") -> Edit:
    """Serves the host under another name too; ``tls`` when the host's certificate covers it.

    ``pattern`` narrows a name with a star: a regular expression for the whole name.
    """
    return Edit("alias", name, {"tls": tls, "pattern": pattern})


def other_host(name: str, tls: bool, routes: list[dict[str, Any]]) -> Edit:
    """A host of its own, with routes of its own (the www twin that only redirects)."""
    return Edit("other-host", name, {"tls": tls, "http": routes})


def resource(obj: Mapping[str, Any]) -> Edit:
    """An object of its own. Objects of the same kind, namespace and name must be equal."""
    return Edit("resource", "", obj)


def elsewhere(host: str, port: int, policy: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A route's destination, or a mirror's, that is no upstream of nginx's: a host and a port.

    ``policy`` is its trafficPolicy. A host outside of the cluster needs ``outside``, too.
    """
    return {"host": host, "port": port} | ({"policy": policy} if policy else {})


def outside(host: str, port: int, tls: bool = False) -> Edit:
    """Makes a port of a host outside of the cluster known to the gateway.

    Routes may then lead to it; ``tls`` says that the port is for TLS, which the trafficPolicy of
    their destination has to open.
    """
    return Edit("outside", host, "TLS" if tls or port == 443 else "HTTP", port)


def envoy_filter(place: Place, name: str, *patches: Mapping[str, Any], note: str = "") -> Edit:
    """An EnvoyFilter of the gateway's pods, made of ``http_filter``, ``on_route`` and the like.

    ``name`` is any text; what is said twice of one name must be equal. Filters of ours are called
    ``nginx2istio.something``, so that they meet no other filter.
    """
    options = place.options
    made = envoy.envoy_filter(
        name,
        [dict(p) for p in patches],
        options.gateway_namespace,
        options.gateway_selector,
        note=note,
    )
    return resource(made)


def mesh(path: str, value: Any) -> Edit:
    """Mesh configuration that has to be set: a field of MeshConfig. Lists are joined by name."""
    return Edit("mesh", path, value)


def action(kind: str, text: str, **fields: str) -> Edit:
    """Something that a person has to do: ``fields`` as in the report's ``actions``."""
    return Edit("action", kind, {"text": text, **fields})


def secret(place: Place, reference: str, what: str) -> tuple[str, tuple[Edit, ...]]:
    """Say by which name the gateway finds a Secret (``namespace/name``), and how it gets a copy.

    ``what`` says in the report what the Secret holds. Use it in ``credentialName``.
    """
    namespace, _, name = reference.partition("/")
    there = secret_name(namespace, name, place.options)
    if namespace == place.options.gateway_namespace:
        return there, ()
    wanted = copy_secret(namespace, name, there, place.options, what)
    return there, (Edit("action", wanted.pop("kind"), wanted),)


def to(
    upstream: Upstream,
    weight: int | None = None,
    policy: Mapping[str, Any] | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """A route's destination for an upstream.

    ``policy`` replaces whole fields of the trafficPolicy of the location, for this destination
    only; ``fields`` are others of Istio's HTTPRouteDestination (headers).
    """
    given = {"weight": weight, "policy": policy, **fields}
    return {"upstream": upstream.name} | {k: v for k, v in given.items() if v is not None}
