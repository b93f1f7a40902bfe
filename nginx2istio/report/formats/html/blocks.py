"""Data blocks of the HTML report: what is looked at is unpacked, all else stays packed."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nginx2istio.base.credentials import mask_json

Data = Mapping[str, Any]
SIZE = 600_000
"""Characters of the documents of one block, more or less: unpacking it takes some milliseconds."""


def packed(value: object) -> str:
    """A value as base64 of gzipped JSON; the same bytes every time."""
    text = mask_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    data = text.encode("utf-8", "surrogatepass")
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def blocks(details: Iterable[Data]) -> Iterator[tuple[int, str]]:
    """How many hosts each block holds, and the block: ``{documents, hosts}``.

    A host is a detail, its ``old`` and ``new`` with documents by their index in the block;
    neighbours share what they have in common.
    """
    documents: dict[str, int] = {}
    kept: list[Data] = []
    hosts: list[Data] = []
    size = 0
    for detail in details:
        indexes: dict[str, list[int]] = {"old": [], "new": []}
        for side, found in indexes.items():
            for one in detail[side]:
                key = one["title"] + one["text"]
                if key not in documents:
                    documents[key] = len(kept)
                    kept.append(one)
                    size += len(one["text"])
                found.append(documents[key])
        hosts.append({**detail, **indexes})
        if size >= SIZE:
            yield len(hosts), packed({"documents": kept, "hosts": hosts})
            documents, kept, hosts, size = {}, [], [], 0
    if hosts:
        yield len(hosts), packed({"documents": kept, "hosts": hosts})
