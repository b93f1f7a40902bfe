"""YAML text to Nodes, from the events of libyaml's parser as ruamel.yaml.clib hands them on.

Mappings, lists, aliases and merge keys come out as go-yaml v2's ``decode.go`` makes them, since
that is what kubectl reads with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from nginx2istio.inputs.document import (
    MAX_DEPTH,
    MAX_NODES,
    MAX_SCALAR,
    TOO_DEEP,
    TOO_LONG,
    TOO_MANY,
    Document,
    Unreadable,
)
from nginx2istio.inputs.resource import Node
from nginx2istio.inputs.yaml.anchors import MERGE, Draft, Memo
from nginx2istio.inputs.yaml.errors import (
    COLLECTION_AS_KEY,
    explain,
    explain_template,
    line_numbers,
)


def read_yaml(text: bytes, first_line: int = 1, memo: Memo | None = None) -> Iterator[Document]:
    """Yield the documents of a UTF-8 YAML text whose first line has the number ``first_line``.

    Empty documents come out with the body None. ``memo`` saves time and memory when it is shared
    between the texts of one run. Raises Unreadable at the first document that cannot be read,
    after those before it.
    """
    if not text.endswith(b"\n"):
        text += b"\n"  # as kubectl's LineReader does; a block scalar at the end keeps its newline
    lines = line_numbers(text, first_line)
    memo = memo if memo is not None else Memo()
    done = 0
    try:
        for document in _documents(CParser(text).get_event, lines, memo):
            yield document
            done += 1
    except YAMLError as error:
        if "found unexpected ':'" not in str(error):
            raise explain(error, text, lines) from None
    except Unreadable as error:
        raise (explain_template(error) if b"{{" in text else error) from None
    else:
        return
    # ruamel.yaml.clib's libyaml refuses [http://x/], which go-yaml and YAML itself take.
    slow = YAML(typ="safe", pure=True).parse(text.decode("utf-8", "replace"))
    try:
        yield from islice(_documents(slow.__next__, lines, memo), done, None)
    except YAMLError as error:
        raise explain(error, text, lines) from None


def _documents(
    next_event: Callable[[], Any], lines: Sequence[int], memo: Memo
) -> Iterator[Document]:
    while (event := next_event()).__class__ is not StreamEndEvent:
        if event.__class__ is DocumentStartEvent:
            draft = Draft(lines, memo)
            body = _build(next_event, draft)
            yield Document(body, lines[event.start_mark.line], draft.written, draft.marks)


def _build(next_event: Callable[[], Any], draft: Draft) -> Any:
    """Return the body of a document whose start has been seen; reads up to and with its end.

    This loop is most of the time that the tool takes for large inputs: what is rare is in Draft.
    """
    lines, written = draft.lines, draft.written
    known_keys, known_scalars = draft.memo.keys, draft.memo.scalars
    stack: list[tuple[Node | None, list[Any] | None, str | None]] = []
    node: Node | None = None  # the open mapping
    items: list[Any] | None = None  # or else the open list
    key: str | None = None  # the key of ``node`` that waits for its value
    body: Any = None
    nodes = 0  # nodes, those of aliases counted at each use

    while True:
        event = next_event()
        kind = event.__class__
        if nodes > MAX_NODES:
            raise Unreadable(lines[0], TOO_MANY)
        if kind is ScalarEvent:
            nodes += 1
            text = event.value
            if len(text) > MAX_SCALAR:
                raise Unreadable(lines[event.start_mark.line], TOO_LONG)
            if node is not None and key is None:
                if text in known_keys and event.implicit[0] and event.anchor is None:
                    key = known_keys[text]
                else:
                    key = draft.key(event, node)
                if key in node:
                    draft.repeated(node, key, lines[event.start_mark.line])
                node.lines[key] = lines[event.start_mark.line]
                continue
            if event.tag is not None:
                value = draft.tagged(event)
            elif not event.implicit[0]:
                value = text
                if event.style == "|" and node is not None and key is not None:
                    node.blocks[key] = lines[event.start_mark.line] + 1
            elif text in known_scalars:
                value = known_scalars[text]
            else:
                value = draft.plain(event)
            if event.anchor is not None:
                draft.anchor_scalar(event)
        elif kind is MappingStartEvent or kind is SequenceStartEvent:
            nodes += 1
            stack.append((node, items, key))
            if len(stack) > MAX_DEPTH:
                raise Unreadable(lines[event.start_mark.line], TOO_DEEP)
            inner: Any
            if kind is MappingStartEvent:
                inner = Node.__new__(Node)
                inner.lines = {}
            else:
                inner = []
            if event.anchor is not None:
                draft.open_anchor(event, inner, nodes, len(stack))
            elif draft.open:
                draft.deepen(len(stack))
            if node is None:
                if items is None:
                    body = inner
                else:
                    items.append(inner)
            elif key is None:
                raise Unreadable(lines[event.start_mark.line], COLLECTION_AS_KEY)
            elif key is not MERGE:
                node[key] = inner
            if kind is MappingStartEvent:
                node, items = inner, None
            else:
                node, items = None, inner
            key = None
            continue
        elif kind is AliasEvent:
            if node is not None and key is None:
                key = draft.aliased_key(event, node)
                if key in node:
                    draft.repeated(node, key, lines[event.start_mark.line])
                node.lines[key] = lines[event.start_mark.line]
                continue
            value, text, size = draft.alias(event, nodes, len(stack))
            nodes += size
        elif kind is DocumentEndEvent:
            return body
        else:  # the end of a mapping or a list
            closed = items if node is None else node
            if draft.open:
                draft.close_anchor(closed, nodes)
            node, items, key = stack.pop()
            if node is not None:
                if key is MERGE:
                    draft.merge(node, closed)
                key = None
            continue

        if node is None:
            if items is None:
                body = value
            else:
                items.append(value)
        elif key is MERGE:
            draft.merge(node, value)
            key = None
        else:
            assert key is not None
            node[key] = value
            if value.__class__ is not str:
                written[id(node), key] = text
            key = None
