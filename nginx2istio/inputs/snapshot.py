"""A scan as a file: JSON, an object a line, the Snapshot first. It converts as the scan did."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import replace

from nginx2istio.inputs.extent import API_VERSION, KIND, readable
from nginx2istio.inputs.json_text import load_json
from nginx2istio.inputs.redact import redact
from nginx2istio.inputs.resource import Node, Problem, Resource
from nginx2istio.inputs.validate import validated

BEGIN = f'{{"apiVersion":"{API_VERSION}","kind":"{KIND}",'.encode()
MAX_LINE = 16 * 2**20
"""Bytes of one line. The API server takes no object above 3 MiB; a Snapshot lists namespaces."""
ANY_BEGIN = b'{"apiVersion":"nginx2istio/'


def lines(resources: Iterable[Resource]) -> Iterator[str]:
    """The lines of a snapshot."""
    for resource in resources:
        text = json.dumps(resource.body, ensure_ascii=False, separators=(",", ":"))
        yield text + "\n"


def is_snapshot(data: bytes) -> bool:
    """Whether a file's content is a snapshot, be it of another release."""
    return data.startswith(ANY_BEGIN)


def read_snapshot(data: bytes, file: str) -> Iterator[Resource | Problem]:
    """The objects of a snapshot, as the scan delivered them: located by name, not by line.

    A line that is damaged is a Problem, and so is a snapshot that this release can't read.
    """
    if not data.startswith(BEGIN):
        text = "this snapshot was saved by another release of nginx2istio; scan again"
        yield Problem(file, 0, 1, text)
        return
    for number, line in enumerate(io.BytesIO(data), 1):
        for result in _object(line):
            if isinstance(result, Resource):
                yield result
            else:
                yield replace(result, file=file, document=number, line=number)


def _object(line: bytes) -> Iterator[Resource | Problem]:
    try:
        if len(line) > MAX_LINE:
            raise ValueError("no scan writes a line of this length")
        body = Node(load_json(line))
        valid = isinstance(body["kind"], str) and isinstance(body["apiVersion"], str)
    except (ValueError, TypeError, KeyError):
        valid = False
    for result in validated(Resource(body)) if valid else ():
        if isinstance(result, Problem):
            yield result
        elif result.kind != KIND:
            yield replace(result, body=redact(result.body))
        else:
            valid = readable(result)
            if valid:
                yield result
    if not valid:
        yield Problem("", 0, 0, "this line of the snapshot is damaged; scan again")
