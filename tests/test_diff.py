"""What is compared of two lists of objects, and how a difference is told."""

from __future__ import annotations

import copy
import json
from typing import Any

from nginx2istio.istio.diff import APPLIED, counts, object_changes


def service(name: str = "a", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {
            "name": name,
            "namespace": "web",
            "labels": {"app.kubernetes.io/managed-by": "nginx2istio"},
        },
        "spec": spec,
    }


def stored(obj: dict[str, Any], applied: bool = True) -> dict[str, Any]:
    """The object as an API server hands it out."""
    twin = copy.deepcopy(obj)
    twin["metadata"] |= {
        "uid": "1",
        "resourceVersion": "7",
        "generation": 2,
        "creationTimestamp": "2025-01-01T00:00:00Z",
        "managedFields": [{"manager": "kubectl"}],
    }
    if applied:
        twin["metadata"]["annotations"] = {APPLIED: json.dumps(obj)}
    twin["status"] = {"observedGeneration": "2"}
    return twin


A, B = {"name": "a", "timeout": "1s"}, {"name": "b", "match": [{"uri": {"exact": "/b"}}]}


def test_objects_are_added_removed_unchanged_or_changed() -> None:
    old = [service("same", http=[A]), service("gone", http=[A]), service("other", http=[A])]
    new = [service("same", http=[A]), service("fresh", http=[A]), service("other", http=[B])]
    changes = object_changes(old, new)
    assert [(e.name, e.change) for e in changes] == [
        ("fresh", "added"),
        ("gone", "removed"),
        ("other", "changed"),
        ("same", "unchanged"),
    ]
    assert counts(changes) == {"added": 1, "changed": 1, "removed": 1, "unchanged": 1}


def fields(old: dict[str, Any], new: dict[str, Any], live: str = "") -> list[tuple[Any, ...]]:
    (entry,) = object_changes([old], [new], live)
    return [(f.change, f.path, f.old, f.new) for f in entry.fields]


def test_a_route_that_comes_first_is_one_addition() -> None:
    assert fields(service(http=[A]), service(http=[B, A])) == [("added", "spec.http[b]", None, B)]


def test_the_order_of_routes_counts() -> None:
    assert fields(service(http=[A, B]), service(http=[B, A])) == [
        ("changed", "spec.http (order)", ["a", "b"], ["b", "a"])
    ]


def test_routes_of_one_name_are_counted() -> None:
    other = {"name": "a", "timeout": "2s"}
    assert fields(service(http=[A, A]), service(http=[A, other])) == [
        ("changed", "spec.http[a #2].timeout", "1s", "2s")
    ]


def test_keys_that_look_private_are_compared() -> None:
    first, second = (service(headers={"__Host-x": n}) for n in "12")
    assert fields(first, second) == [("changed", "spec.headers.__Host-x", "1", "2")]


def test_what_the_server_writes_is_ignored() -> None:
    obj = service(http=[A])
    for applied in (True, False):
        (entry,) = object_changes([stored(obj, applied)], [obj], live="nginx2istio")
        assert (entry.change, entry.fields, entry.stays) == ("unchanged", (), ())


def test_what_was_applied_before_goes_and_what_others_set_stays() -> None:
    obj = service(http=[A], gateways=["x/y"])
    live = stored(obj)
    live["spec"]["exportTo"] = ["."]
    live["spec"]["http"][0]["retries"] = {"attempts": 1}
    live["metadata"]["labels"]["team"] = "red"
    (entry,) = object_changes([live], [service(http=[A])], live="nginx2istio")
    # kubectl's merge patch replaces lists, so that what others put into one goes
    assert [(f.change, f.path) for f in entry.fields] == [
        ("removed", "spec.gateways"),
        ("removed", "spec.http[a].retries"),
    ]
    assert entry.stays == ("labels.team", "spec.exportTo")


def test_an_object_of_somebody_else() -> None:
    live = stored(service(http=[B]), applied=False)
    live["metadata"]["labels"] = {}
    (entry,) = object_changes([live], [service(http=[B])], live="nginx2istio")
    assert entry.foreign
    assert [f.path for f in entry.fields] == ["labels"]
    assert object_changes([live], [], live="nginx2istio") == ()
