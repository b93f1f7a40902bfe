"""The objects of several gateways as one list: what two of them say of a Service is one object.

Pilot takes one trafficPolicy for a host, whichever gateway a request comes by, so a policy that not
all want becomes a subset, as it does within one gateway (``assemble/destination_rules.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nginx2istio.istio.assemble.assemble import order
from nginx2istio.istio.assemble.destination_rules import subset_name
from nginx2istio.istio.fields import Conflict, frozen, merge_field
from nginx2istio.istio.objects import SOURCE, Noted, Object, identity

Key = tuple[str, str, str]


def joined_objects(
    parts: Sequence[Sequence[Object]],
) -> tuple[list[Object], list[tuple[str, Conflict]]]:
    """The objects of all parts, in order, and where two of one name say different things."""
    if len(parts) < 2:
        return [obj for part in parts for obj in part], []
    conflicts: list[tuple[str, Conflict]] = []
    objects: dict[Key, Object] = {}
    for part in _with_subsets(parts):
        for obj in part:
            first = objects.setdefault(identity(obj), obj)
            if first is not obj:
                objects[identity(obj)], clashes = _joined(first, obj)
                conflicts += [(" ".join(identity(obj)), clash) for clash in clashes]
    return sorted(objects.values(), key=order), conflicts


def _joined(first: Object, other: Object) -> tuple[Object, list[Conflict]]:
    """Two objects of one name as one. Lists are joined; the first has its way with all else."""
    if "spec" not in first or "spec" not in other:
        return first, [] if first == other else [Conflict("the whole object", "one", "the other")]
    spec = dict(first["spec"])
    clashes = [c for field, value in other["spec"].items() for c in merge_field(spec, field, value)]
    if first["kind"] == "DestinationRule" and "subsets" in spec:
        spec["subsets"] = sorted(spec["subsets"], key=lambda subset: str(subset["name"]))
    sources = dict.fromkeys(name for obj in (first, other) for name in _sources(obj))
    metadata = dict(first["metadata"])
    if sources:
        metadata["annotations"] = {
            **metadata.get("annotations", {}),
            SOURCE: ", ".join(sorted(sources)),
        }
    note = first.note if isinstance(first, Noted) else ""
    return Noted({**first, "metadata": metadata, "spec": spec}, note), clashes


def _sources(obj: Object) -> list[str]:
    text = str(obj["metadata"].get("annotations", {}).get(SOURCE, ""))
    return text.split(", ") if text else []


def _with_subsets(parts: Sequence[Sequence[Object]]) -> Iterator[list[Object]]:
    """The parts, with a subset in place of a policy of a host that others want otherwise."""
    policies: list[dict[str, Any]] = [
        {
            obj["spec"]["host"]: frozen(obj["spec"].get("trafficPolicy", {}))
            for obj in part
            if obj["kind"] == "DestinationRule"
        }
        for part in parts
    ]
    reached = [set(_reached(part)) for part in parts]
    for i, part in enumerate(parts):
        others = [(policies[j], reached[j]) for j in range(len(parts)) if j != i]
        moved = {
            host: subset_name(policy)
            for host, policy in policies[i].items()
            if policy
            and any(its.get(host, ()) != policy for its, to in others if host in to or host in its)
        }
        yield [_moved(obj, moved) for obj in part]


def _reached(objects: Iterable[Object]) -> Iterator[str]:
    for obj in objects:
        if obj["kind"] == "VirtualService":
            for kind in ("http", "tls"):
                for route in obj["spec"].get(kind, ()):
                    for to in (*route.get("route", ()), *route.get("mirrors", ())):
                        yield to["destination"]["host"]


def _moved(obj: Object, subsets: Mapping[str, str]) -> Object:
    """An object of a part whose policies for some hosts are subsets of these names."""
    spec = obj.get("spec", {})
    if obj["kind"] == "DestinationRule" and spec["host"] in subsets:
        rest = {k: v for k, v in spec.items() if k not in ("trafficPolicy", "subsets")}
        own = {"name": subsets[spec["host"]], "trafficPolicy": spec["trafficPolicy"]}
        spec = {**rest, "subsets": [own, *spec.get("subsets", ())]}
    elif obj["kind"] == "VirtualService":
        changed = {
            kind: [_route(route, subsets) for route in spec[kind]]
            for kind in ("http", "tls")
            if kind in spec
        }
        spec = {**spec, **changed}
    else:
        return obj
    return Noted({**obj, "spec": spec}, obj.note if isinstance(obj, Noted) else "")


def _route(route: Object, subsets: Mapping[str, str]) -> Object:
    changed = dict(route)
    for field in ("route", "mirrors"):
        if field in route:
            changed[field] = [_destination(to, subsets) for to in route[field]]
    return Noted(changed, route.note) if isinstance(route, Noted) else changed


def _destination(to: Object, subsets: Mapping[str, str]) -> Object:
    target = to["destination"]
    if "subset" in target or target["host"] not in subsets:
        return to
    host, rest = target["host"], {k: v for k, v in target.items() if k != "host"}
    return {**to, "destination": {"host": host, "subset": subsets[host], **rest}}
