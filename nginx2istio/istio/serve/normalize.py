"""The path as Envoy compares it, under each ``pathNormalization`` of the mesh configuration."""

from __future__ import annotations

import re
from functools import lru_cache

from nginx2istio.istio.path_spellings import PLAIN, RAW

_SLASH = 0x2F
_ESCAPE = re.compile(rb"%([0-9A-Fa-f]{2})")
_PARAMETERS = re.compile(rb"(?:(?<=/\.)|(?<=/\.\.));[^/]*")


class NotNormalizable(ValueError):
    """A path that Envoy answers with 400."""


@lru_cache(maxsize=4096)
def normalized_target(target: str, normalization: str) -> str:
    """The request target after path normalization, with its query. Raises NotNormalizable.

    Escaped slashes are decoded, then dot segments go, also those with parameters (``..;x``) that
    are written as they are, and at last doubled slashes
    (``ConnectionManagerUtility::maybeNormalizePath``).
    """
    absolute = re.match(r"(?i)https?://[^/?#]*", target)
    if absolute:
        target = target[absolute.end() :] or "/"
    target = target.partition("#")[0]
    path, question, query = target.partition("?")
    if not path.startswith("/"):
        raise NotNormalizable(target)
    if normalization == "NONE":
        return target
    raw = path.encode("latin-1", "replace")
    if normalization == "DECODE_AND_MERGE_SLASHES":
        raw = re.sub(rb"(?i)%2f", b"/", re.sub(rb"(?i)%5c", rb"\\", raw))
    raw = _PARAMETERS.sub(b"", raw)
    raw = raw.replace(b"\\", b"/")
    raw = _canonical(raw)
    if "MERGE" in normalization:
        # A path of nothing but slashes stays two (``PathUtil::mergeSlashes``).
        raw = re.sub(rb"/+", b"/", raw) if raw.strip(b"/") or raw == b"/" else b"//"
    return raw.decode("latin-1") + question + query


def _canonical(path: bytes) -> bytes:
    """As googleurl writes a path: plain bytes decoded, others escaped, dot segments resolved."""

    def decoded(match: re.Match[bytes]) -> bytes:
        byte = int(match[1], 16)
        if byte == 0:
            raise NotNormalizable(path)
        return bytes([byte]) if byte in PLAIN and byte != _SLASH else match[0]

    path = _ESCAPE.sub(decoded, path)
    path = b"".join(
        bytes([b]) if b in PLAIN or b in RAW or b == 0x25 else b"%%%02X" % b for b in path
    )
    segments: list[bytes] = []
    parts = path.split(b"/")[1:]
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == b"..":
            if segments:
                segments.pop()
            if last:
                segments.append(b"")
        elif part == b".":
            if last:
                segments.append(b"")
        else:
            segments.append(part)
    return b"/" + b"/".join(segments)
