"""Answers as recorded exchanges, and in what those of two gateways differ."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from typing import Any

from nginx2istio.base.outcome import Outcome, Request
from nginx2istio.nginx.build.certificates import covers
from nginx2istio.verify.judged.compare import NO_LISTENER, compare
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.exchange import Exchange
from nginx2istio.verify.live.client import GatewayAnswer, ServedCertificate
from nginx2istio.verify.record import cookie_record, request_record

_NGINX_PAGE = re.compile(rb"<hr><center>(nginx|openresty)[^<]*</center>\s*</body>")
_ENVOY_TEXT = re.compile(
    rb"RBAC: access denied|no healthy upstream|upstream request timeout|Jwt |"
    rb"upstream connect error or disconnect/reset before headers|fault filter abort"
)
_UPSTREAM_TIME = "x-envoy-upstream-service-time"


def observed_exchange(
    request: Request, answer: GatewayAnswer, predicted: Set[int | None]
) -> Exchange:
    """An answer as the recordings have it.

    ``predicted`` are the statuses of a gateway's own answers that an evaluator says.
    """
    response: dict[str, Any] = {
        "status": answer.status,
        "by": _made_by(answer, predicted),
        "headers": [[n.lower(), v] for n, v in answer.headers if n.lower() != "set-cookie"],
        "cookies": [cookie_record(v) for n, v in answer.headers if n.lower() == "set-cookie"],
    }
    if answer.error:
        absent = not answer.connected and request.scheme == "http"
        response["error"] = NO_LISTENER if absent else answer.error
    if answer.certificate:
        response["cert"] = list(answer.certificate.names)
    return {"request": request_record(request), "times": 1, "response": response}


def _made_by(answer: GatewayAnswer, predicted: Set[int | None]) -> str:
    """Whether a backend or the gateway itself answered, as far as the answer shows it.

    Where it shows nothing, it is the gateway if an evaluator says that one answers so.
    """
    if answer.header(_UPSTREAM_TIME):
        return "upstream"
    if answer.status == 0 or _NGINX_PAGE.search(answer.body) or _ENVOY_TEXT.match(answer.body):
        return "proxy"
    if answer.status >= 400 and not answer.body and "envoy" in answer.header("server"):
        return "proxy"
    return "proxy" if answer.status in predicted else "upstream"


def live_differences(
    request: Request,
    old: GatewayAnswer,
    new: GatewayAnswer,
    outcomes: Sequence[Outcome],
    keys: Set[str],
) -> list[Difference]:
    """In what two answers differ. ``keys`` are the annotations in use.

    ``outcomes`` are what the evaluators say of the request.

    Bodies are compared where a backend gave both, whole, to a request that one backend serves.
    """
    predicted = {outcome.status for outcome in outcomes}
    expected, got = (observed_exchange(request, answer, predicted) for answer in (old, new))
    differences = compare(expected, got, keys)
    differences += _certificates(request, old.certificate, new.certificate)
    if any(d.what in ("answer", "status") for d in differences):
        return differences
    by_backends = all(e["response"]["by"] == "upstream" for e in (expected, got))
    split = any(len(outcome.backends) > 1 for outcome in outcomes)
    a_digest, b_digest = old.digest, new.digest
    if by_backends and not split and a_digest and b_digest and a_digest != b_digest:
        # Which of these a body depends on can't be seen; that of another backend is grave.
        also = ("routing", "path", "host")
        differences.append(difference("body", "body", _short(old), _short(new), *also, grave=True))
    return differences


def _certificates(
    request: Request, old: ServedCertificate | None, new: ServedCertificate | None
) -> Iterator[Difference]:
    """What of two certificates matters beside their names. The name asked for is the estate's."""
    if not old or not new:
        return
    if old.names == new.names and old.issuer != new.issuer:
        yield difference("tls", "issuer of the certificate", old.issuer, new.issuer)
    if _is_for(old, request.sni) and not _is_for(new, request.sni):
        # No finding is about a host that no client can connect to any more.
        what = "certificate for another host"
        yield Difference("tls", what, old.names, new.names, accepts=frozenset(), grave=True)


def _is_for(certificate: ServedCertificate, name: str | None) -> bool:
    """Whether a client that asks for a name takes the certificate (RFC 6125, 6.4)."""
    return any(covers(each, name or "") for each in certificate.names)


def answer_words(answer: GatewayAnswer) -> str:
    """An answer in a few words, without headers but where it leads to: no cookie is in them."""
    if answer.error:
        return f"no answer: {answer.error}"
    location = answer.header("location")
    size = f", {len(answer.body)} bytes" if answer.body else ""
    return f"{answer.status} to {location}" if location else f"{answer.status}{size}"


def _short(answer: GatewayAnswer) -> str:
    return f"{len(answer.body)} bytes, sha256 {(answer.digest or '')[:12]}"
