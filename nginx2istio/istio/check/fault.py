"""What is wrong with an object, and where in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nginx2istio.base.records import record

ObjectKey = tuple[str, str, str]
"""The kind, namespace and name of an object."""
Reasons = Iterator[str]
"""Why a value is refused; empty ones are of values that are not."""


@record(frozen=True, slots=True)
class Fault:
    """Why a cluster, or Envoy, would not take an object of ours: ``reason`` is for a sentence.

    ``hosts`` are those that the part at fault is about, ``route`` the name of its HTTPRoute, both
    empty for all of the object. ``patch`` is an index of an EnvoyFilter's patches, -1 for all.
    """

    key: ObjectKey
    reason: str
    hosts: Sequence[str] = ()
    route: str = ""
    patch: int = -1
