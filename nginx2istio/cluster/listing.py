"""Lists of objects, in chunks: what is held of each is decided before the next chunk is read.

A server may send anything. An item that is no object costs itself, a list without an end is given
up, and so is one that is too large: see ``limits``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from nginx2istio.cluster.connection import Cluster, Refused, TooLarge, Unusable
from nginx2istio.cluster.kinds import Kind
from nginx2istio.cluster.limits import MIB
from nginx2istio.inputs.held.fields import mapping
from nginx2istio.inputs.resource import Node

CHUNK = 500
RESTARTS = 5
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
"""What the API server answers with: for Secrets name, type and number of keys, and no content."""

Counted = Callable[[int], None]
Damaged = Callable[[Unusable], None]


def give_up(damage: Unusable) -> None:
    """For callers that need the whole list: raises what is wrong with an item."""
    raise damage


def list_objects(
    cluster: Cluster,
    kind: Kind,
    namespace: str = "",
    keep: Callable[[Node], Node] = lambda item: item,
    progress: Counted = lambda count: None,
    damaged: Damaged = give_up,
    **selectors: str,
) -> list[Node]:
    """All objects of a kind in a namespace, or ("") everywhere, by namespace and name.

    ``keep`` makes of each what is held on to. ``selectors`` are ``labelSelector`` and
    ``fieldSelector``. ``progress`` hears how many there are after each chunk, ``damaged`` what is
    wrong with a list some of whose items are no objects. Raises Refused, and Unreachable.
    """
    objects: list[Node] = []
    bad = 0
    for page in _pages(cluster, kind.path(namespace), "", selectors):
        if page is None:
            objects.clear()
            bad = 0
            continue
        for item in _parts(page, "items", kind):
            if _is_object(item, kind):
                objects.append(keep(of_kind(item, kind)))
            else:
                bad += 1
        progress(len(objects))
    if bad:
        damaged(_damage(bad, kind))
    return objects


def list_rows(
    cluster: Cluster,
    kind: Kind,
    namespace: str = "",
    damaged: Damaged = give_up,
    **selectors: str,
) -> list[dict[str, Any]]:
    """The ``metadata`` of each row of the API server's own table of a kind.

    Of Secrets it has no content. Raises as ``list_objects`` does.
    """
    rows: list[dict[str, Any]] = []
    bad = 0
    for page in _pages(cluster, kind.path(namespace), TABLE, selectors):
        if page is None:
            rows.clear()
            bad = 0
            continue
        for row in _parts(page, "rows", kind):
            partial = mapping(mapping(row).get("object"))
            if _is_object(partial, kind):
                rows.append(partial["metadata"])
            else:
                bad += 1
    if bad:
        damaged(_damage(bad, kind))
    return rows


def read_object(cluster: Cluster, kind: Kind, namespace: str, name: str) -> Node:
    """One object. Raises Refused, and Unreachable."""
    item = cluster.get(kind.path(namespace, name))
    if not _is_object(item, kind):
        raise Unusable(f"the answer is no {kind.name}")
    return of_kind(item, kind)


def of_kind(item: Mapping[str, Any], kind: Kind) -> Node:
    """An item with the kind of its list: items do not say theirs.

    What they say all the same does not count, as it decides what is held.
    """
    rest = {key: value for key, value in item.items() if key not in ("apiVersion", "kind")}
    return Node({"apiVersion": kind.api_version, "kind": kind.name, **rest})


def _is_object(item: Any, kind: Kind) -> bool:
    """Whether the metadata of an item has the shape that the API server gives it."""
    metadata = item.get("metadata") if isinstance(item, dict) else None
    if not isinstance(metadata, dict):
        return False
    names = ("name", "namespace") if kind.namespaced else ("name",)
    if not all(isinstance(metadata.get(name), str) and metadata[name] for name in names):
        return False
    maps = [metadata.get("labels") or {}, metadata.get("annotations") or {}]
    return all(
        isinstance(texts, dict) and all(isinstance(text, str) for text in texts.values())
        for texts in maps
    )


def _parts(page: Mapping[str, Any], name: str, kind: Kind) -> list[Any]:
    parts = page.get(name, ())
    if parts is None:  # an empty list of Go
        return []
    if not isinstance(parts, list):
        raise Unusable(f"the answer is no list of {kind.plural}: it has no {name}")
    return parts


def _damage(count: int, kind: Kind) -> Unusable:
    what = "1 item is" if count == 1 else f"{count} items are"
    return Unusable(f"{what} no {kind.name} with a name, and left out")


def _pages(
    cluster: Cluster, path: str, accept: str, selectors: Mapping[str, str]
) -> Iterator[Mapping[str, Any] | None]:
    """Page after page; None when the server has forgotten the rest and the list begins again.

    Pages that are too large are requested again with fewer objects. Raises Unusable for a list
    without an end.
    """
    limits = cluster.limits
    end = time.monotonic() + limits.list_seconds
    before = cluster.received
    token, restarts, pages, chunk = "", 0, 0, CHUNK
    tokens: set[int] = set()
    while True:
        query: dict[str, str | int] = {"limit": chunk, **selectors}
        if token:
            query["continue"] = token
        try:
            page = cluster.get(path, query, accept)
        except TooLarge:
            if chunk == 1:
                raise
            chunk = max(1, chunk // 20)
            continue
        except Refused as refused:
            if refused.status != 410 or restarts == RESTARTS:
                raise
            restarts += 1
            token = ""
            tokens.clear()
            yield None
            continue
        yield page
        metadata = page.get("metadata")
        token = str((metadata.get("continue") if isinstance(metadata, dict) else "") or "")
        if not token:
            return
        pages += 1
        if hash(token) in tokens:
            raise Unusable("the list does not end: the server gives the same continue token again")
        tokens.add(hash(token))
        if pages >= limits.pages:
            raise Unusable(f"the list does not end: it has more than {limits.pages} pages")
        if cluster.received - before > limits.list_bytes:
            raise Unusable(f"the list has more than {limits.list_bytes // MIB} MiB")
        if time.monotonic() > end:
            raise Unusable(f"the list takes more than {limits.list_seconds:g} seconds")
