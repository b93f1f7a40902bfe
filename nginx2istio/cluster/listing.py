"""Lists of objects, in chunks: what is kept of each is decided before the next chunk is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nginx2istio.cluster.connection import Cluster, Refused
from nginx2istio.cluster.kinds import Kind
from nginx2istio.inputs.resource import Node

CHUNK = 500
RESTARTS = 5
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
"""What the API server answers with: for Secrets name, type and number of keys, and no content."""

Progress = Callable[[int], None]


def listed(
    cluster: Cluster,
    kind: Kind,
    namespace: str = "",
    keep: Callable[[Node], Node] = lambda item: item,
    progress: Progress = lambda count: None,
    **selectors: str,
) -> list[Node]:
    """All objects of a kind in a namespace, or ("") everywhere, by namespace and name.

    ``keep`` makes of each what is held on to. ``selectors`` are ``labelSelector`` and
    ``fieldSelector``. ``told`` hears how many there are after each chunk. Raises Refused, and
    Unreachable.
    """
    found: list[Node] = []

    def taken(page: Mapping[str, Any]) -> None:
        for item in page.get("items") or ():
            # The items of a list do not say what they are.
            found.append(keep(Node({"apiVersion": kind.api_version, "kind": kind.name, **item})))
        progress(len(found))

    _pages(cluster, kind.path(namespace), "", selectors, taken, found.clear)
    return found


def tabulated(
    cluster: Cluster, kind: Kind, namespace: str = "", **selectors: str
) -> list[dict[str, Any]]:
    """The rows of the API server's own table of a kind: its columns, and ``metadata``.

    Of Secrets it has no content. Raises as ``listed`` does.
    """
    found: list[dict[str, Any]] = []

    def taken(page: Mapping[str, Any]) -> None:
        names = [str(c["name"]) for c in page.get("columnDefinitions") or ()]
        for row in page.get("rows") or ():
            metadata = (row.get("object") or {}).get("metadata") or {}
            found.append({**dict(zip(names, row["cells"], strict=False)), "metadata": metadata})

    _pages(cluster, kind.path(namespace), TABLE, selectors, taken, found.clear)
    return found


def _pages(
    cluster: Cluster,
    path: str,
    accept: str,
    selectors: Mapping[str, str],
    taken: Callable[[Mapping[str, Any]], None],
    afresh: Callable[[], None],
) -> None:
    """Hands on page after page; when the server has forgotten the rest, begins again."""
    token, restarts = "", 0
    while True:
        query: dict[str, str | int] = {"limit": CHUNK, **selectors}
        if token:
            query["continue"] = token
        try:
            page = cluster.get(path, query, accept)
        except Refused as refused:
            if refused.status != 410 or restarts == RESTARTS:
                raise
            restarts += 1
            token = ""
            afresh()
            continue
        taken(page)
        token = str((page.get("metadata") or {}).get("continue") or "")
        if not token:
            return
