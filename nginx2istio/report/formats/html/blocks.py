"""Data blocks of the HTML report: a block stays packed until a reader looks at one of its hosts."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Iterator

from nginx2istio.base.credentials import mask_json
from nginx2istio.report.data import Data

_BLOCK_SIZE = 600_000
"""Characters of the documents of one block, more or less: unpacking it takes some milliseconds."""


def packed(value: object) -> str:
    """A value as base64 of gzipped JSON; the same bytes every time."""
    text = mask_json(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    data = text.encode("utf-8", "surrogatepass")
    return base64.b64encode(gzip.compress(data, 6, mtime=0)).decode("ascii")


def data_blocks(details: Iterable[Data]) -> Iterator[tuple[int, str]]:
    """How many hosts each block holds, and the block: ``{documents, hosts}``.

    A host is a detail, its ``old`` and ``new`` with documents by their index in the block;
    neighbours share what they have in common.
    """
    documents: dict[tuple[str, str], int] = {}
    distinct: list[Data] = []
    hosts: list[Data] = []
    size = 0
    for detail in details:
        indexes: dict[str, list[int]] = {"old": [], "new": []}
        for side, numbers in indexes.items():
            for document in detail[side]:
                key = document["title"], document["text"]
                if key not in documents:
                    documents[key] = len(distinct)
                    distinct.append(document)
                    size += len(document["text"])
                numbers.append(documents[key])
        hosts.append({**detail, **indexes})
        if size >= _BLOCK_SIZE:
            yield len(hosts), packed({"documents": distinct, "hosts": hosts})
            documents, distinct, hosts, size = {}, [], [], 0
    if hosts:
        yield len(hosts), packed({"documents": distinct, "hosts": hosts})
