"""The other way in: mutants as items of a cluster's lists, through the gate into a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random

from nginx2istio.cluster.gate import Gate
from nginx2istio.inputs.extent import Extent
from nginx2istio.inputs.json_text import load_json
from nginx2istio.inputs.resource import Node, Problem, Resource
from nginx2istio.inputs.snapshot import lines

NUMBERS = ("1e400", "-1e400", "NaN", "Infinity", "9" * 4000, "1E+2", "-0", "0.1", "2" * 30)
ODD = (b"\0", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\r", b"\n", b"}", b"{", b'"')


@dataclass(frozen=True)
class Scanned:
    """What a scan hands on: its snapshot, and the problems that it already said."""

    snapshot: bytes
    problems: tuple[Problem, ...]


def scanned(documents: Sequence[str], neighbours: Sequence[str], random: Random) -> Scanned:
    """Take documents as items through the gate, as ``cluster/listing.py`` gives them to it.

    A document that is no JSON is left out, as a response that is none. ``neighbours`` come after
    the first and before the last of them. The snapshot may be damaged, other than in the lines of
    the neighbours.
    """
    gate = Gate()
    held: list[list[Node]] = []
    for document in documents:
        bodies = [_item(body) for body in _read(document, random)]
        held.append([node for body in bodies if (node := gate.hold(body))])
    extent = Extent(unread=tuple(gate.unread.values()))
    mutants = [text for nodes in held for text in lines(map(Resource, nodes))]
    spoiled = [_spoiled(random, text.encode("utf-8", "replace")) for text in mutants]
    intact = [json.dumps(json.loads(text)).encode() + b"\n" for text in neighbours]
    head = "".join(lines([extent.resource()])).encode("utf-8", "replace")
    parts = [head, intact[0], *spoiled, *intact[1:]]
    problems = tuple(replace(p, line=0) for p in gate.problems.values())
    return Scanned(b"".join(parts), problems)


def _read(document: str, random: Random) -> Iterator[dict[str, object]]:
    if random.random() < 0.1:
        document = document.replace("80", random.choice(NUMBERS), 1)
    try:
        value = load_json(document.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return
    metadata = value.get("metadata") if isinstance(value, dict) else None
    if not isinstance(metadata, dict):
        return
    # cluster/listing.py hands on no item without them.
    spaced = value.get("kind") not in ("IngressClass", "Namespace", "Snapshot")
    names = ("name", "namespace") if spaced else ()
    if all(isinstance(metadata.get(key), str) and metadata[key] for key in names):
        yield value


def _item(body: dict[str, object]) -> Node:
    """An item of a list has the kind of the list, whatever it says itself."""
    kind, version = body.get("kind"), body.get("apiVersion")
    typed = {
        "apiVersion": version if isinstance(version, str) and version else "v1",
        "kind": kind if isinstance(kind, str) and kind else "Ingress",
    }
    return Node({**body, **typed})


def _spoiled(random: Random, line: bytes) -> bytes:
    if random.random() > 0.1:
        return line
    at = random.randrange(len(line))
    return line[:at] + random.choice(ODD) + line[at + random.choice((0, 1, 9)) :].rstrip() + b"\n"
