"""Short ways to read a text in the tests."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from nginx2istio.inputs.document import Document, Unreadable
from nginx2istio.inputs.files import read
from nginx2istio.inputs.resource import Inputs, Node
from nginx2istio.inputs.text import read_text
from nginx2istio.inputs.yaml.anchors import Memo


def documents(text: str | bytes) -> list[Document | Unreadable]:
    data = text.encode() if isinstance(text, str) else text
    return [document for _, document in read_text(data, Memo())]


def body(text: str | bytes) -> Any:
    [document] = documents(text)
    assert isinstance(document, Document), document
    return document.body


def refusal(text: str | bytes) -> Unreadable:
    [problem] = documents(text)
    assert isinstance(problem, Unreadable), problem
    return problem


def inputs(text: str | bytes) -> Inputs:
    return read(["-"], io.BytesIO(text.encode() if isinstance(text, str) else text))


def nodes(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from nodes(inner)


def same(left: Any, right: Any) -> bool:
    """Equal, and of the same types throughout: True is not 1."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)
