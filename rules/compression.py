"""use-gzip, enable-brotli: answers packed on their way to the client."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, envoy_filter, http_filter, rule, typed

UNPACKED = Message(
    "N2I447",
    "unsupported",
    "info",
    "",
    "nginx compresses answers ({how}) for clients that take it; the new gateway does not",
    "convert with --envoy-filters, or compress in the applications",
    frozenset({"response-headers"}),
)
ETAG = Message(
    "N2I448",
    "approximated",
    "info",
    "",
    "a compressed answer keeps its ETag in nginx, as a weak one; Envoy takes a strong ETag off",
    "nothing: clients fetch such an answer once more; from Istio 1.30 on they need not",
    frozenset({"response-headers"}),
)
GZIP_DISABLE = Message(
    "N2I449",
    "unsupported",
    "info",
    "",
    "nginx does not compress for browsers whose User-Agent matches {pattern}; Envoy does, if they "
    "ask for it",
    "nothing: a browser that asks for compressed answers can read them",
    frozenset({"response-headers"}),
)
FILTER = "envoy.extensions.filters.http.compressor.v3.Compressor"
LIBRARY = "envoy.extensions.compression"
PLAIN = (
    201,
    202,
    203,
    206,
    207,
    400,
    401,
    402,
    405,
    406,
    408,
    409,
    410,
    411,
    412,
    413,
    414,
    415,
    416,
    417,
    418,
    421,
    422,
    423,
    424,
    425,
    426,
    428,
    429,
    431,
    451,
    500,
    501,
    502,
    503,
    504,
    505,
    507,
    508,
    511,
)
"""Statuses whose answers nginx's gzip leaves alone (``ngx_http_gzip_header_filter``)."""


@rule(
    "use-gzip",
    "gzip-level",
    "gzip-types",
    "gzip-min-length",
    "gzip-disable",
    "enable-brotli",
    "brotli-level",
    "brotli-types",
    "brotli-min-length",
    "gzip",
    at="conversion",
    when="always",
)
def compression(place: Place) -> Iterator[Edit | Finding]:
    """Nginx compresses answers of certain types from a certain length on, and says so by Vary.

    Envoy's compressor does the same; only an EnvoyFilter can put it into the gateway.
    """
    kinds = [k for k, key in (("gzip", "use-gzip"), ("brotli", "enable-brotli")) if place[key]]
    key = "use-gzip" if place["use-gzip"] else "enable-brotli"
    if kinds and not place.options.envoy_filters:
        yield UNPACKED(key, how=" and ".join(kinds)).for_every_host()
        return
    for kind in kinds:
        yield envoy_filter(
            place, kind, http_filter(f"nginx2istio.{kind}", _compressor(place, kind))
        )
    if kinds and not place.options.supports("weak-etags"):
        yield ETAG(key).for_every_host()
    if "gzip" in kinds and place["gzip-disable"]:
        yield GZIP_DISABLE("gzip-disable", pattern=place["gzip-disable"]).for_every_host()


def _compressor(place: Place, kind: str) -> dict[str, object]:
    level = place.number(f"{kind}-level")
    if kind == "gzip":
        settings = {"compression_level": f"COMPRESSION_LEVEL_{min(max(level, 1), 9)}"}
        library = typed(f"{LIBRARY}.gzip.compressor.v3.Gzip", **settings)
    else:
        library = typed(f"{LIBRARY}.brotli.compressor.v3.Brotli", quality=min(max(level, 0), 11))
    types = [t for t in place.text(f"{kind}-types").split() if t != "*"]
    direction: dict[str, object] = {
        "common_config": {
            "min_content_length": max(place.number(f"{kind}-min-length"), 30),
            "content_type": sorted({"text/html", *types}),
        }
    }
    if place.options.supports("weak-etags"):
        direction["weaken_etag_on_compress"] = True
    if kind == "gzip":
        direction["uncompressible_response_codes"] = list(PLAIN)
    named = {"name": f"envoy.compression.{kind}.compressor", "typed_config": library}
    return typed(FILTER, response_direction_config=direction, compressor_library=named)
