"""What applying objects would change, field by field: two lists of objects, old and new."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deepdiff import DeepDiff

from nginx2istio.istio.objects import MANAGED_BY, OURS, identity

Change = Literal["added", "changed", "removed", "unchanged"]
CHANGES: tuple[Change, ...] = ("added", "changed", "removed", "unchanged")
APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
COMPARED = ("apiVersion", "labels", "annotations", "spec")
"""What is compared of an object; the API server writes all the rest itself."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field that changes. ``path`` is as in ``spec.http[web/shop /].timeout``; order is a field.

    ``old`` and ``new`` are the values, None where there is none.
    """

    path: str
    change: Change
    old: Any = None
    new: Any = None


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object: what becomes of it, and its fields that change.

    ``stays`` are fields of somebody else's in the cluster that applying leaves as they are.
    ``foreign`` says that the object is there but was not made by nginx2istio.
    """

    kind: str
    namespace: str
    name: str
    change: Change
    fields: tuple[Field, ...] = ()
    stays: tuple[str, ...] = ()
    foreign: bool = False


def object_changes(
    old: Iterable[Mapping[str, Any]], new: Iterable[Mapping[str, Any]], live: str = ""
) -> tuple[ObjectChange, ...]:
    """Compares objects by kind, namespace and name; in this order.

    ``live`` is the label of what we applied when ``old`` comes from a cluster: applying then
    leaves alone what is neither in the new object nor in the one applied last, and objects without
    the label that we don't make do not count as removed.
    """
    before = {identity(o): o for o in old}
    after = {identity(o): o for o in new}
    entries = (
        _entry(key, before.get(key), after.get(key), live) for key in before.keys() | after.keys()
    )
    return tuple(sorted((e for e in entries if e), key=lambda e: (e.namespace, e.kind, e.name)))


def counts(entries: Iterable[ObjectChange]) -> dict[Change, int]:
    """How many objects are added, changed, removed and unchanged."""
    counter = Counter(e.change for e in entries)
    return {change: counter[change] for change in CHANGES}


def _entry(
    key: tuple[str, str, str],
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any] | None,
    live: str,
) -> ObjectChange | None:
    label = (old["metadata"].get("labels") or {}).get(MANAGED_BY) if old else ""
    foreign = bool(live and old and label not in OURS)
    if new is None:
        return ObjectChange(*key, "removed") if not live or label == live else None
    if old is None:
        return ObjectChange(*key, "added")
    if old == new:
        return ObjectChange(*key, "unchanged")
    was, will = _compared(old, live), _compared(new, live)
    stays: list[str] = []
    if live:
        was = _without(was, will, _compared(_last_applied(old), live), "", stays)
    fields = tuple(_fields(was, will))
    return ObjectChange(*key, "changed" if fields else "unchanged", fields, tuple(stays), foreign)


def _last_applied(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    text = (obj["metadata"].get("annotations") or {}).get(APPLIED)
    try:
        applied = json.loads(text) if text else {}
    except ValueError:
        return {}
    return applied if isinstance(applied, dict) else {}


def _compared(obj: Mapping[str, Any], live: str) -> dict[str, Any]:
    metadata = obj.get("metadata") or {}
    flat = {**obj, **{k: dict(metadata.get(k) or {}) for k in ("labels", "annotations")}}
    flat["annotations"].pop(APPLIED, None)
    if live:  # the server sends an object in the version that the request names
        flat.pop("apiVersion", None)
    return {k: _keyed(flat[k]) for k in COMPARED if flat.get(k)}


def _keyed(value: Any) -> Any:
    """A value in which lists of named things are mappings by name, with their order beside them.

    A route that comes first then is one addition, and not a change of all that follow.
    """
    if isinstance(value, Mapping):
        return {str(k): _keyed(v) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    names = [_name(item) for item in value]
    if not value or not all(names):
        return [_keyed(item) for item in value]
    occurrences: Counter[str] = Counter()
    keyed = {}
    for name, item in zip(names, value, strict=True):
        occurrences[name] += 1
        keyed[f"[{name}]" if occurrences[name] == 1 else f"[{name} #{occurrences[name]}]"] = _keyed(
            item
        )
    return _Named(keyed)


class _Named(dict[str, Any]):
    """A list of named things; its keys are their names in brackets."""


def _name(item: Any) -> str:
    if not isinstance(item, Mapping):
        return ""
    port = item.get("port")
    inner = port.get("name") if isinstance(port, Mapping) else ""
    return str(item.get("name") or inner or "")


def _without(old: Any, new: Any, applied: Any, path: str, stays: list[str]) -> Any:
    """``old`` without what applying leaves as it is: fields neither new nor applied before.

    Applying replaces a list as a whole, so all in it counts.
    """
    if not isinstance(old, Mapping) or not isinstance(new, Mapping) or isinstance(old, _Named):
        return old
    last = applied if isinstance(applied, Mapping) else {}
    remaining = {}
    for key, value in old.items():
        field = _joined(path, key)
        if key in new:
            remaining[key] = _without(value, new[key], last.get(key), field, stays)
        elif key in last:
            remaining[key] = value
        elif not path.startswith("annotations"):
            stays.append(field)
    return remaining


def _joined(path: str, key: str) -> str:
    if key.startswith("["):
        return path + key
    return f"{path}.{key}" if path else key


def _fields(old: dict[str, Any], new: dict[str, Any]) -> Iterator[Field]:
    orders = list(_orders(old, new, ""))
    if old == new and not orders:
        return
    tree: Mapping[str, Any] = DeepDiff(
        *_narrowed(old, new),
        view="tree",
        verbose_level=2,
        threshold_to_diff_deeper=0,
        ignore_private_variables=False,  # it would pass over keys that begin with __
    )
    changes = [_field(level, kind) for kind, levels in tree.items() for level in levels]
    yield from sorted([*changes, *orders], key=lambda f: f.path)


def _narrowed(old: dict[str, Any], new: dict[str, Any]) -> tuple[Any, Any]:
    """Both without what is equal: deepdiff takes some 10 ms for a mapping of a few hundred leaves."""  # noqa: E501
    was, will = type(old)(old), type(new)(new)
    for key in old.keys() & new.keys():
        if old[key] == new[key]:
            del was[key], will[key]
        elif isinstance(old[key], dict) and isinstance(new[key], dict):
            was[key], will[key] = _narrowed(old[key], new[key])
    return was, will


def _field(level: Any, kind: str) -> Field:
    path = ""
    for step in level.path(output_format="list"):
        path = f"{path}[{step}]" if isinstance(step, int) else _joined(path, step)
    if kind.endswith("_added"):
        return Field(path, "added", None, _plain(level.t2))
    if kind.endswith("_removed"):
        return Field(path, "removed", _plain(level.t1), None)
    return Field(path, "changed", _plain(level.t1), _plain(level.t2))


def _orders(old: Any, new: Any, path: str) -> Iterator[Field]:
    """Lists of named things whose order differs, beyond what was added or removed."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old:
            if key in new:
                yield from _orders(old[key], new[key], _joined(path, key))
        if isinstance(old, _Named) and isinstance(new, _Named):
            was, will = [k for k in old if k in new], [k for k in new if k in old]
            if was != will:
                yield Field(f"{path} (order)", "changed", _names(was), _names(will))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (o, n) in enumerate(zip(old, new, strict=True)):
            yield from _orders(o, n, f"{path}[{i}]")


def _names(keys: Iterable[str]) -> list[str]:
    return [key[1:-1] for key in keys]


def _plain(value: Any) -> Any:
    """A value as it was before ``_keyed``."""
    if isinstance(value, _Named):
        return [_plain(v) for v in value.values()]
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
