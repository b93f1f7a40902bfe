"""The path that nginx compares with locations: decoded, slashes merged, dot segments resolved."""

from __future__ import annotations

import re
from functools import lru_cache

_ABSOLUTE = re.compile(rb"(?i)https?://[^/?#]*")
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})?")
_REFUSED = re.compile(rb"[\x00-\x20\x7f]")


class BadTarget(ValueError):
    """A request target that nginx answers with 400."""


def normalized(target: bytes) -> bytes:
    """The ``$uri`` of a request target (``merge_slashes on``). Raises BadTarget.

    ``ngx_http_parse_complex_uri`` does all in one pass; an escaped dot or slash is one like any
    other there, an escaped ``?`` or ``#`` is a character. A path above the root is refused.
    """
    absolute = _ABSOLUTE.match(target)
    path = re.split(rb"[?#]", target[absolute.end() :] if absolute else target, maxsplit=1)[0]
    if absolute and not path:
        return b"/"
    if _REFUSED.search(target) or not path.startswith(b"/"):
        raise BadTarget
    segments: list[bytes] = []
    parts = _ESCAPE.sub(_decoded, path).split(b"/")
    for part in parts:
        if part == b"..":
            if not segments:
                raise BadTarget
            segments.pop()
        elif part not in (b"", b"."):
            segments.append(part)
    folder = parts[-1] in (b"", b".", b"..")
    return b"/" + b"".join(s + b"/" for s in segments) if folder else b"/" + b"/".join(segments)


@lru_cache(maxsize=4096)
def normalized_text(target: str) -> str:
    """The same of a target as text, a character for each byte. Raises BadTarget."""
    return normalized(target.encode("latin-1", "replace")).decode("latin-1")


def _decoded(escape: re.Match[bytes]) -> bytes:
    byte = bytes([int(escape[1], 16)]) if escape[1] else b"\0"
    if byte == b"\0":
        raise BadTarget
    return byte
