"""use-gzip, enable-brotli: compressed answers."""

from collections.abc import Iterator

from nginx2istio.istio.envoy.compressor import Algorithm, compressor
from nginx2istio.rule import Edit, Finding, Message, Place, envoy_filter, rule

UNCOMPRESSED = Message(
    "N2I447",
    "unsupported",
    "info",
    "Answers are no longer compressed",
    "nginx compresses answers ({how}) for clients that accept it. The gateway does not.",
    "Convert with --envoy-filters, or compress in the backends.",
    frozenset({"response-headers"}),
)
ETAG = Message(
    "N2I448",
    "approximated",
    "info",
    "Compressed answers lose their ETag",
    "nginx makes the ETag of a compressed answer weak. Envoy removes a strong ETag, so clients "
    "fetch the answer again.",
    "Use Istio 1.30 or later to keep the ETag.",
    frozenset({"response-headers"}),
)
GZIP_DISABLE = Message(
    "N2I449",
    "unsupported",
    "info",
    "Compression for browsers in gzip-disable",
    "nginx does not compress for a User-Agent that matches {pattern}. Envoy compresses for each "
    "client that asks for it.",
    aspects=frozenset({"response-headers"}),
)
VARY = Message(
    "N2I932",
    "approximated",
    "info",
    "Vary on answers without a body",
    "Envoy adds Vary: Accept-Encoding to answers without a body, too, such as its own 404. nginx "
    "adds it only to bodies that it could compress.",
    aspects=frozenset({"response-headers"}),
)
ALGORITHMS: dict[str, Algorithm] = {"use-gzip": "gzip", "enable-brotli": "brotli"}


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
    enabled = {key: algorithm for key, algorithm in ALGORITHMS.items() if place[key]}
    if not enabled:
        return
    first = next(iter(enabled))
    if not place.options.filters("compression"):
        yield UNCOMPRESSED(first, how=" and ".join(enabled.values())).for_every_host()
        return
    weak_etags = place.options.supports("weak-etags")
    for algorithm in enabled.values():
        level = place.number(f"{algorithm}-level")
        smallest = place.number(f"{algorithm}-min-length")
        types = {"text/html", *place.text(f"{algorithm}-types").split()} - {"*"}
        patch = compressor(algorithm, level, smallest, types, weak_etags)
        yield envoy_filter(place, "compression", algorithm, patch)
    yield VARY(first).for_every_host()
    if not weak_etags:
        yield ETAG(first).for_every_host()
    if "use-gzip" in enabled and place["gzip-disable"]:
        yield GZIP_DISABLE("gzip-disable", pattern=place["gzip-disable"]).for_every_host()
