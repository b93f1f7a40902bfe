"""Compressing answers: Envoy's compressor filter with nginx's thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from nginx2istio.istio.envoy.filters import http_filter, typed
from nginx2istio.istio.objects import Object

Algorithm = Literal["gzip", "brotli"]
COMPRESSOR = "envoy.extensions.filters.http.compressor.v3.Compressor"
LIBRARIES = "envoy.extensions.compression"
SMALLEST = 30
"""Envoy refuses a ``min_content_length`` below, in bytes."""
NOT_COMPRESSED = (
    *(201, 202, 203, 206, 207),
    *(400, 401, 402, 405, 406, *range(408, 419), 421, 422, 423, 424, 425, 426, 428, 429, 431, 451),
    *(500, 501, 502, 503, 504, 505, 507, 508, 511),
)
"""Statuses whose answers nginx's gzip leaves alone (``ngx_http_gzip_header_filter``)."""


def compressor(
    algorithm: Algorithm, level: int, smallest: int, types: Iterable[str], weak_etags: bool
) -> Object:
    """The patch with the filter for one algorithm.

    ``level`` is brought into the algorithm's range, ``smallest`` is a length in bytes. ``types``
    are media types. ``weak_etags``: a compressed answer keeps its ETag, as a weak one.
    """
    direction: Object = {
        "common_config": {
            "min_content_length": max(smallest, SMALLEST),
            "content_type": sorted(set(types)),
        }
    }
    if weak_etags:
        direction["weaken_etag_on_compress"] = True
    if algorithm == "gzip":
        direction["uncompressible_response_codes"] = list(NOT_COMPRESSED)
    library = {
        "name": f"envoy.compression.{algorithm}.compressor",
        "typed_config": _library(algorithm, level),
    }
    config = typed(COMPRESSOR, response_direction_config=direction, compressor_library=library)
    return http_filter(f"nginx2istio.{algorithm}", config)


def _library(algorithm: Algorithm, level: int) -> Object:
    if algorithm == "brotli":
        return typed(f"{LIBRARIES}.brotli.compressor.v3.Brotli", quality=min(max(level, 0), 11))
    named = f"COMPRESSION_LEVEL_{min(max(level, 1), 9)}"
    return typed(f"{LIBRARIES}.gzip.compressor.v3.Gzip", compression_level=named)
