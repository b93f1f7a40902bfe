"""Our own output before it is written: what of it a cluster or Envoy would refuse.

One route that Envoy refuses costs the gateway all its routes, and one object that the webhook
refuses its hosts. There is no limit for the number of routes of a virtual host, nor for the number
of their regular expressions, in Envoy; an object's size is limited by etcd.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Iterator
from typing import Any

from nginx2istio.istio.check import traffic, values
from nginx2istio.istio.check.envoy_filter import patch_faults, shared_faults
from nginx2istio.istio.check.fault import Fault
from nginx2istio.istio.check.hosts import gateway_faults, virtual_service_faults
from nginx2istio.istio.check.http_route import HttpRoutes
from nginx2istio.istio.objects import Object, identity

LARGEST_OBJECT = 3 * 2**19
"""Bytes of a request that etcd takes (``--max-request-bytes``)."""
LARGEST_CONFIG_MAP = 2**20
"""Bytes of all its texts (``MaxSecretSize``)."""
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def faults(objects: Iterable[Object]) -> Iterator[Fault]:
    """All that a cluster or Envoy would refuse of the objects."""
    objects = list(objects)
    routes = HttpRoutes()
    for obj in objects:
        try:
            yield from _object(obj, routes)
        except Exception as error:  # a rule of somebody's own may write anything
            reason = f"a shape that nginx2istio can't read ({type(error).__name__})"
            yield Fault(identity(obj), reason)
    yield from shared_faults(obj for obj in objects if obj["kind"] == "EnvoyFilter")


def _object(obj: Object, routes: HttpRoutes) -> Iterator[Fault]:
    at = kind, namespace, name = identity(obj)
    spec = obj.get("spec", {})
    if len(name) > 253 or not _NAME.fullmatch(name) or values.label(namespace):
        yield Fault(at, f"{values.shown(f'{namespace}/{name}')} is no name of an object")
    size = _size(obj)
    if size > LARGEST_OBJECT:
        yield Fault(at, f"an object of {size} bytes, Kubernetes takes {LARGEST_OBJECT}")
    data = sum(len(text.encode()) for text in obj.get("data", {}).values())
    if data > LARGEST_CONFIG_MAP:
        yield Fault(at, f"a ConfigMap of {data} bytes, Kubernetes takes {LARGEST_CONFIG_MAP}")
    reasons: Iterable[str] = ()
    if kind == "VirtualService":
        yield from virtual_service_faults(at, spec, routes)
    elif kind == "Gateway":
        yield from gateway_faults(at, spec)
    elif kind == "EnvoyFilter":
        yield from patch_faults(at, spec)
    elif kind == "DestinationRule":
        reasons = traffic.destination_rule_faults(spec)
    elif kind == "ServiceEntry":
        reasons = traffic.service_entry_faults(spec, namespace)
    elif kind == "AuthorizationPolicy":
        reasons = traffic.policy_faults(spec)
    for reason in reasons:
        if reason:
            yield Fault(at, reason)


def _size(obj: Object) -> int:
    """About the size of an object as JSON, 0 for a small one."""
    spec = obj.get("spec", {})
    entries = len(spec.get("http", ())) + len(spec.get("configPatches", ()))
    entries += sum(len(server["hosts"]) // 8 for server in spec.get("servers", ()))
    entries += sum(len(rule.get("to", ())) for rule in spec.get("rules", ()))
    if entries < 200:
        return 0
    return len(marshal.dumps(_plain(spec), 2))


def _plain(value: Any) -> Any:
    """The value without subclasses of dict."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
