"""Parts of edits that several rules need: destinations, answers, filters, Secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.base.options import FilterKind
from nginx2istio.bridge.place import Place
from nginx2istio.bridge.secrets import copy_secret, gateway_of, secret_name
from nginx2istio.istio.edits import Action, ExtraObject
from nginx2istio.istio.envoy import filters
from nginx2istio.istio.extract import extracted
from nginx2istio.nginx.model import Upstream


def answer(status: int, location: str) -> dict[str, Any]:
    """Fields of a route that answers with a redirect to exactly ``location``, query and all.

    Istio's own redirect keeps the request's query; where nginx drops it, a direct response says
    it. ``location`` may hold Envoy's ``%REQ(...)%``; other percent signs have to be doubled.
    """
    return {
        "directResponse": {"status": status},
        "headers": {"response": {"set": {"Location": location}}},
    }


WITH_SLASH = {":path": {"regex": ".*/"}}
"""The header of requests whose target, query and all, ends with a slash."""
TARGET_WITHOUT_SLASH = extracted("request.path", "^(.*)/$", r"\1")
"""Their target in a Location of ``answer``, without that slash."""


def literal(text: str) -> str:
    """A text for a header value in which Envoy would read ``%`` as the start of an operator."""
    return text.replace("%", "%%")


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
    optional = {"weight": weight, "policy": policy, **fields}
    return {"upstream": upstream.name} | {k: v for k, v in optional.items() if v is not None}


def external_destination(
    host: str, port: int, policy: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A route's destination, or a mirror's, that is no upstream of nginx's: a host and a port.

    ``policy`` is its trafficPolicy. A host outside of the cluster needs an ``ExternalHost``, too.
    """
    return {"host": host, "port": port} | ({"policy": policy} if policy else {})


def envoy_filter(
    place: Place,
    kind: FilterKind,
    name: str,
    *patches: Mapping[str, Any],
    note: str = "",
    protects: str = "",
) -> ExtraObject:
    """An EnvoyFilter of the gateway's pods, made of ``http_filter``, ``on_route`` and the like.

    ``kind`` is one that the user asked for (``Options.filters``). ``name`` is any text; what two
    rules yield under one name must be equal. The filters are called ``nginx2istio.something``, so
    they meet no other filter. ``protects`` is the protection that it enforces at the place, see
    ``ExtraObject``.
    """
    parts = [dict(patch) for patch in patches]
    target = gateway_of(place.options)
    return ExtraObject(filters.new_envoy_filter(kind, name, parts, target, note=note), protects)


def secret(place: Place, reference: str, what: str) -> tuple[str, tuple[Action, ...]]:
    """The name by which the gateway finds a Secret (``namespace/name``), and how it gets a copy.

    ``what`` says in the report what the Secret holds. The name is for ``credentialName``.
    """
    namespace, _, name = reference.partition("/")
    copy_name = secret_name(namespace, name, place.options)
    if namespace == place.options.gateway_namespace:
        return copy_name, ()
    copy = copy_secret(namespace, name, copy_name, place.options, what)
    fields = {k: v for k, v in copy.items() if k not in ("kind", "text")}
    return copy_name, (Action(copy["kind"], copy["text"], fields),)
