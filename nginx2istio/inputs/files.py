"""Kubernetes objects from files, folders and standard input."""

from __future__ import annotations

import gc
import os
import stat
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from nginx2istio.base.near import did_you_mean_path
from nginx2istio.base.options import OPTIONS_FILE
from nginx2istio.base.printable import printable
from nginx2istio.inputs.document import Unreadable
from nginx2istio.inputs.objects import read_objects
from nginx2istio.inputs.resource import Inputs, Problem, Resource
from nginx2istio.inputs.snapshot import is_snapshot, read_snapshot
from nginx2istio.inputs.text import read_text
from nginx2istio.inputs.yaml.anchors import Memo

SUFFIXES = (".json", ".yaml", ".yml")
"""What is read in a folder. A file that is named itself is read whatever its name."""

STDIN = "-"
MAX_FILE = 64 * 1024 * 1024
"""Bytes of one file. Reading so many takes less than 1 GiB of memory."""
MAX_PROBLEMS = 1_000
"""Problems of one file that are named one by one; a file can hold millions."""
MOST_PROBLEMS = 100_000
"""After so many the rest of a file is not read: it is no file of manifests."""


def read(paths: Sequence[str], stdin: BinaryIO | None = None) -> Inputs:
    """Read all objects in files and folders; ``-`` is standard input, or ``stdin`` if given.

    Folders are read with all below them, by name; what begins with a dot, and files of options, are
    left out. Each file is
    read once, under the first name it has, however many of the paths lead to it. Nothing is raised
    for bad input: each broken document, and each path that leads nowhere, is a Problem.
    """
    reading = _Reading(stdin)
    with _collector_paused():
        for path in dict.fromkeys(paths):
            if path == STDIN:
                reading.standard_input()
            elif os.path.isdir(path):
                reading.folder(path)
            else:
                reading.file(path, named=True)
    return Inputs(tuple(reading.resources), tuple(reading.problems))


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the cyclic garbage collector off: it would walk all that was read, again and again.

    Reading leaves no cycles behind: an alias inside its own anchor is refused.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


class _Reading:
    def __init__(self, stdin: BinaryIO | None):
        self.resources: list[Resource] = []
        self.problems: list[Problem] = []
        self._stdin = stdin
        self._memo = Memo()
        self._done: set[str] = set()  # real paths of files and folders

    def standard_input(self) -> None:
        stream = self._stdin if self._stdin is not None else sys.stdin.buffer
        try:
            data = stream.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:  # ValueError: it is closed
            self._problem(STDIN, f"standard input cannot be read ({_reason(error)})")
            return
        if not data.strip():
            self._problem(STDIN, "nothing came in on standard input")
            return
        self._text(STDIN, data)

    def folder(self, path: str) -> None:
        """Read a folder that was named; it is a Problem when there is nothing to read in it."""
        if not self._below(path):
            names = ", ".join(f"*{suffix}" for suffix in SUFFIXES)
            self._problem(path, f"no manifest in this folder or below it ({names})")

    def _below(self, path: str) -> int:
        """Read a folder and all below it. Returns how many files and broken places it holds."""
        real = os.path.realpath(path)
        if real in self._done:
            return 1
        self._done.add(real)
        try:
            names = sorted(os.listdir(path))
        except OSError as error:
            self._problem(path, f"this folder cannot be read ({_reason(error)})")
            return 1
        count = 0
        for name in names:
            below = os.path.join(path, name)
            if name.startswith(".") or name == OPTIONS_FILE:
                continue
            if os.path.isdir(below):
                count += self._below(below)
            elif name.lower().endswith(SUFFIXES):
                self.file(below, named=False)
                count += 1
        return count

    def file(self, path: str, named: bool) -> None:
        """Read a file; an empty one is a Problem if the user ``named`` it."""
        try:
            real = os.path.realpath(path)
            if real in self._done:
                return
            self._done.add(real)
            if not named and not stat.S_ISREG(os.stat(path).st_mode):
                self._problem(path, "this is no ordinary file")
                return
            with open(path, "rb") as stream:
                if os.fstat(stream.fileno()).st_size > MAX_FILE:
                    self._too_large(path)
                    return
                data = stream.read(MAX_FILE + 1)
        except (OSError, ValueError) as error:  # ValueError: a NUL in the name
            text = f"this file cannot be read ({_reason(error)})"
            hint = did_you_mean_path(path) if isinstance(error, FileNotFoundError) else ""
            self._problem(path, f"{text}.{hint}" if hint else text)
            return
        if named and not data.strip():
            self._problem(path, "there is nothing in this file")
            return
        self._text(path, data)

    def _text(self, path: str, data: bytes) -> None:
        if len(data) > MAX_FILE:
            self._too_large(path)
            return
        file = shown_path(path)
        if is_snapshot(data):
            self._take(read_snapshot(data, file), file)
            return
        self._take(_objects(data, file, self._memo), file)

    def _too_large(self, path: str) -> None:
        text = f"this is larger than {MAX_FILE // 2**20} MiB, which is more than is read; give it "
        self._problem(path, text + "in parts, for instance one file a namespace")

    def _take(self, objects: Iterable[Resource | Problem], file: str) -> None:
        count = 0
        for result in objects:
            if isinstance(result, Resource):
                self.resources.append(result)
                continue
            count += 1
            if count <= MAX_PROBLEMS:
                self.problems.append(result)
            if count == MOST_PROBLEMS:
                self._problem(file, f"the rest of this file is not read after {count:,} problems")
                break
        if count > MAX_PROBLEMS:
            text = f"{count - MAX_PROBLEMS:,} more documents or objects of this file cannot be read"
            self._problem(file, text)

    def _problem(self, path: str, text: str) -> None:
        self.problems.append(Problem(shown_path(path), 0, 0, text))


def _objects(data: bytes, file: str, memo: Memo) -> Iterator[Resource | Problem]:
    for number, document in read_text(data, memo):
        if isinstance(document, Unreadable):
            yield Problem(file, number, document.line, document.text)
        else:
            yield from read_objects(document, file, number)


def _reason(error: OSError | ValueError) -> str:
    text = error.strerror if isinstance(error, OSError) else str(error)
    return (text or type(error).__name__).lower()


def shown_path(path: str) -> str:
    """Return a file name without control characters and bytes that are no UTF-8.

    Every file name goes through here before it becomes part of a Resource or a Problem.
    """
    return printable(os.fsencode(path).decode("utf-8", "replace"))
