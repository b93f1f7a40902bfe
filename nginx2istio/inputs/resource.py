"""What every source delivers: Kubernetes objects that know where each part of them was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nginx2istio.base.printable import printable
from nginx2istio.base.records import record


class Node(dict[str, Any]):
    """A mapping of a Kubernetes object, with the line of each of its keys.

    ``lines`` maps a key to its 1-based line in the file; it is empty for objects that did not come
    from a file. Values are Nodes, lists, str, int, float, bool or None, as the API server reads
    them. ``blocks`` maps the keys of literal block scalars to the line where their text begins.
    """

    __slots__ = ("_blocks", "lines")

    def __init__(self, pairs: Mapping[str, Any] | None = None, lines: dict[str, int] | None = None):
        super().__init__(pairs or {})
        self.lines: dict[str, int] = lines if lines is not None else {}

    @property
    def blocks(self) -> dict[str, int]:
        """Lines of the texts whose lines are lines of the file; made when first used."""
        try:
            return self._blocks
        except AttributeError:
            self._blocks: dict[str, int] = {}
            return self._blocks

    def replaced(self, fields: Mapping[str, Any]) -> Node:
        """Copy this mapping with some fields set anew, and the lines of all kept."""
        copied = Node({**self, **fields}, self.lines)
        copied.blocks.update(self.blocks)
        return copied


@dataclass(frozen=True, slots=True)
class Note:
    """Something about one place of an object that the API server would refuse, yet we understood.

    ``code`` is one of: non-string-value, duplicate-key, old-api-version, unquoted-key.
    ``key`` is the annotation or field that it is about. Control characters in both texts are shown
    by their numbers.
    """

    code: str
    key: str
    line: int
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", printable(self.key))
        object.__setattr__(self, "text", printable(self.text))


@dataclass(frozen=True, slots=True)
class Problem:
    """Input that could not be read; it costs its own document and nothing else.

    ``document`` is the 1-based number of the document in the file, 0 when the file as a whole is
    meant; ``line`` is 1-based, 0 when unknown. Control characters in both texts are shown by their
    numbers.
    """

    file: str
    document: int
    line: int
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "file", printable(self.file))
        object.__setattr__(self, "text", printable(self.text))


@record(frozen=True, slots=True)
class Resource:
    """One Kubernetes object. ``file`` is as the user named it, ``-`` for stdin.

    It is "" for an object from a cluster.
    """

    body: Node
    file: str = ""
    document: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def kind(self) -> str:
        """The object's kind, "" when it has none."""
        return str(self.body.get("kind") or "")

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The object's metadata, empty when it has none."""
        metadata = self.body.get("metadata")
        return metadata if isinstance(metadata, dict) else Node()

    @property
    def namespace(self) -> str:
        """The object's namespace; kubectl's ``default`` when the object names none."""
        return str(self.metadata.get("namespace") or "default")

    @property
    def name(self) -> str:
        """The object's name, "" when it has none."""
        return str(self.metadata.get("name") or "")

    def block(self, *path: str) -> int:
        """Return the line where the literal block scalar at ``path`` begins, 0 for other values."""
        here: Any = self.body
        for step in path[:-1]:
            here = here.get(step) if isinstance(here, Node) else None
        return here.blocks.get(path[-1], 0) if isinstance(here, Node) else 0

    def line(self, *path: str | int) -> int:
        """Return the line of the deepest part of ``path`` whose line is known; 0 when none is.

        A list element has no line of its own: its line is that of its first key, or else that of
        the key that holds the list.
        """
        here: Any = self.body
        line = 0
        for step in path:
            if isinstance(here, Node) and isinstance(step, str):
                line = here.lines.get(step, line)
                here = here.get(step)
            elif isinstance(here, list) and isinstance(step, int) and step < len(here):
                here = here[step]
                if isinstance(here, Node) and here.lines:
                    line = min(here.lines.values())
            else:
                break
        return line


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that was read, in the order of reading, and what could not be read."""

    resources: tuple[Resource, ...] = ()
    problems: tuple[Problem, ...] = field(default=())
