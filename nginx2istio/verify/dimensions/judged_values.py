"""Values that only judged objects look at: no decision of nginx's does."""

from __future__ import annotations

from collections.abc import Sequence

from nginx2istio.istio.serve.filters.compression import Compression
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.verify.dimensions.samples import OTHER_ORIGIN
from nginx2istio.verify.dimensions.values import Values


def values_of_other_cors(values: Values, route: Json) -> None:
    """Preflights, and an origin that is in no list, where a policy or a header is about CORS."""
    answers = [
        level.get("headers", {}).get("response", {}) for level in (route, *route.get("route", ()))
    ]
    names = [name for edits in answers for how in ("set", "add") for name in edits.get(how, ())]
    if "corsPolicy" in route or any(name.lower().startswith(_OF_CORS) for name in names):
        values.test(lambda request: request.method == "OPTIONS")
        values.offer("method", "OPTIONS", method="OPTIONS")
        asked = (("access-control-request-method", "PUT"),)
        values.offer("method", "a preflight", method="OPTIONS", headers=asked)
        values.offer_header("origin", OTHER_ORIGIN)


def values_of_handshake(values: Values, mode: str) -> None:
    """The certificates that a client may show where a server asks for one."""
    if mode in ("MUTUAL", "OPTIONAL_MUTUAL"):
        for kind in ("valid", "other"):
            values.add("certificate", kind, certificate=kind, subject="CN=client")


def values_of_compression(values: Values, gateways: Sequence[GatewayConfig]) -> None:
    """A client that takes compressed answers, to each type of which not all gateways compress.

    Of types that all of them have one is enough.
    """
    filters = [
        [Compression(each) for each in (*g.patches.first, *g.patches.last) if each.kind == _KIND]
        for g in gateways
    ]
    types = [frozenset[str]().union(*(each.types for each in own)) for own in filters]
    common = sorted(frozenset.intersection(*types))
    apart = sorted(frozenset[str]().union(*types) - {*common})
    encodings = sorted({each.encoding for own in filters for each in own})
    for kind in (*common[:1], *apart):
        for encoding in encodings:
            values.add(
                "compression",
                f"{kind} {encoding}",
                headers=(("accept-encoding", encoding),),
                backend_headers=(("content-type", kind),),
            )


_KIND = "compressor"
_OF_CORS = "access-control-"
