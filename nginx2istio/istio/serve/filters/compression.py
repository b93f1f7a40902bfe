"""Envoy's compressor: which answers it compresses, as their headers tell."""

from __future__ import annotations

import re
from dataclasses import replace

from nginx2istio.base.outcome import Outcome
from nginx2istio.istio.serve.filters.shapes import AddedFilter
from nginx2istio.istio.serve.stream import HttpFilter, Stream

_ENCODINGS = {"gzip": "gzip", "brotli": "br"}


class Compression(HttpFilter):
    """The filter of one algorithm; answers of backends are taken to be long enough."""

    def __init__(self, added: AddedFilter):
        direction = added.config.get("response_direction_config", {})
        library = added.config.get("compressor_library", {}).get("name", "")
        self.weakens = bool(direction.get("weaken_etag_on_compress"))
        self.types = frozenset(direction.get("common_config", {}).get("content_type", ()))
        self.left_alone = frozenset(direction.get("uncompressible_response_codes", ()))
        self.encoding = next((e for a, e in _ENCODINGS.items() if f".{a}." in library), "")

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """``CompressorFilter::encodeHeaders``: the encoding, and that it depends on the request."""
        fields = list(outcome.response_headers)
        request = stream.arrived.request
        status = stream.status_of(outcome)
        kind = next((v for n, v in fields if n == "content-type"), "").partition(";")[0].strip()
        if status in self.left_alone or (kind and kind.lower() not in self.types):
            return outcome
        if outcome.status is not None and not self._without_body(outcome):
            return outcome
        if any(n == "content-encoding" or "no-transform" in v for n, v in fields):
            return outcome
        if not any(n == "vary" and "accept-encoding" in v.lower() for n, v in fields):
            fields.append(("vary", "Accept-Encoding"))
        empty = outcome.status is not None or request.method == "HEAD"
        if self._accepted(stream.arrived.headers.get("accept-encoding", "")) and not empty:
            fields = [(n, v) for n, v in fields if n != "etag" or v.startswith("W/")] + [
                *(("etag", f"W/{v}") for n, v in fields if self.weakens and _strong(n, v)),
                ("content-encoding", self.encoding),
            ]
        return replace(outcome, response_headers=tuple(fields))

    def _accepted(self, header: str) -> bool:
        """Whether a client takes the encoding."""
        for part in header.lower().split(","):
            name, _, quality = part.partition(";")
            if name.strip() in (self.encoding, "*"):
                return re.fullmatch(r"\s*q=0(\.0*)?\s*", quality) is None
        return False

    def _without_body(self, outcome: Outcome) -> bool:
        """Whether an answer of Envoy's has none; its texts are shorter than the limit."""
        step = outcome.trace[-1] if outcome.trace else None
        return step is None or step.phase != "authorization" or step.by == "EnvoyFilter"


def _strong(name: str, value: str) -> bool:
    return name == "etag" and not value.startswith("W/")
