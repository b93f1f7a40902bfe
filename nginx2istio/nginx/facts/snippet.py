"""Snippets (raw nginx configuration) to directives. crossplane reads them as nginx does."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import crossplane  # type: ignore[import-untyped]
from crossplane import analyzer
from crossplane.errors import NgxParserDirectiveError  # type: ignore[import-untyped]

from nginx2istio.nginx.model import Origin, Setting


@dataclass(frozen=True, slots=True)
class Directive:
    """One directive: name, arguments without quotes, and what stands in its braces.

    ``line`` counts from 1 in the snippet's text. ``block`` is None for a directive without braces.
    The arguments of ``if`` come without its parentheses.
    """

    name: str
    args: tuple[str, ...]
    line: int
    block: tuple[Directive, ...] | None = None

    @property
    def text(self) -> str:
        """The directive on one line, as the report shows it; a block as three dots."""
        if self.name.endswith("_by_lua_block"):
            return f"{self.name} {{ ... }}"
        args = [f'"{a}"' if not a or set(a) & set(' \t\r\n;{}"') else a for a in self.args]
        args = [a.translate(_ESCAPED) for a in args]
        arguments = f"({' '.join(args)})" if self.name == "if" else " ".join(args)
        return f"{self.name} {arguments}".rstrip() + (";" if self.block is None else " { ... }")

    def all(self) -> Iterator[Directive]:
        """Go through the directive and all inside it."""
        yield self
        for inner in self.block or ():
            yield from inner.all()


@dataclass(frozen=True, slots=True)
class Snippet:
    """What a snippet says; ``error`` tells why nginx can't read it, "" when it can."""

    directives: tuple[Directive, ...]
    error: str = ""


@lru_cache(maxsize=1024)  # the rules at a location ask for its snippets one after another
def parse_snippet(text: str) -> Snippet:
    """Read a snippet. Lines and quotes are nginx's; what a directive means is not looked at."""
    with tempfile.TemporaryDirectory() as folder:  # crossplane reads files only
        file = Path(folder, "snippet.conf")
        file.write_text(text, encoding="utf-8")
        parsed = crossplane.parse(
            str(file), single=True, strict=False, check_ctx=False, check_args=False
        )
    if parsed["errors"]:
        error = str(parsed["errors"][0].get("error") or "").split(" in /")[0]
        return Snippet((), error or "a directive does not end with a semicolon")
    return Snippet(_directives(parsed["config"][0]["parsed"]))


def _directives(parsed: Sequence[Mapping[str, Any]]) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            str(directive["directive"]),
            _arguments(str(directive["directive"]), directive["args"]),
            int(directive["line"]),
            _directives(directive["block"]) if "block" in directive else None,
        )
        for directive in parsed
    )


_ESCAPE = re.compile(r"\\([\"'\\trn])")
_CONTROL = {"t": "\t", "r": "\r", "n": "\n"}
_ESCAPED = str.maketrans({value: f"\\{letter}" for letter, value in _CONTROL.items()})


def _arguments(name: str, written: Sequence[object]) -> tuple[str, ...]:
    """Arguments with the escapes that nginx takes out of each (``ngx_conf_read_token``).

    crossplane takes out those of the quote that a text stands in. Lua is no text of nginx's.
    """
    args = map(str, written)
    if name.endswith("_by_lua_block"):
        return tuple(args)
    return tuple(_ESCAPE.sub(lambda match: _CONTROL.get(match[1], match[1]), a) for a in args)


def refused_directives(
    directives: Sequence[Directive], context: tuple[str, ...]
) -> Iterator[tuple[Directive, str]]:
    """The directives, inner ones too, that nginx does not take in a context, and why.

    ``context`` is ("http", "server") or ("http", "location"). What crossplane does not know of, it
    takes.
    """
    for directive in directives:
        end = ";" if directive.block is None else "{"
        statement = {"directive": directive.name, "args": [*directive.args], "line": directive.line}
        try:
            analyzer.analyze("", statement, end, context, False, True, True)
        except NgxParserDirectiveError as error:
            yield directive, str(error.strerror)
        else:
            inner = analyzer.enter_block_ctx(statement, context)
            yield from refused_directives(directive.block or (), inner)


def directive_origin(setting: Setting, directive: Directive) -> Origin:
    """Where a directive of a snippet was written: its own line, where the file shows it."""
    if not setting.block:
        return setting.origin
    return setting.origin._replace(line=setting.block + directive.line - 1)
