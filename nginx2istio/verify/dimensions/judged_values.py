"""Values that only judged objects look at: no decision of nginx's does."""

from __future__ import annotations

from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.verify.dimensions.samples import OTHER_ORIGIN
from nginx2istio.verify.dimensions.values import Values


def values_of_other_cors(values: Values, route: Json) -> None:
    """Preflights, and an origin that is in no list, where the policy may not be nginx's own."""
    if "corsPolicy" in route:
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
