"""Header values with Envoy's command operators: ``%REQ(X?Y)%``, ``%CEL(...)%`` and others."""

from __future__ import annotations

from nginx2istio.base.outcome import SOME_CERTIFICATE, SOME_ISSUER
from nginx2istio.base.records import record
from nginx2istio.istio.serve.headers import cel
from nginx2istio.istio.serve.headers.cel_values import Attributes, NotUnderstood
from nginx2istio.istio.serve.matching import Arrived


class UnknownOperator(ValueError):
    """An operator whose value can't be told."""


@record(frozen=True, slots=True)
class Moment:
    """What operators may ask for: the request, and the status of a backend's answer.

    ``status`` is 0 where Envoy answers by itself, which notes it later than it sets headers;
    ``reply`` is that of such an answer, ``details`` why (``response.code_details``).
    """

    arrived: Arrived
    status: int = 0
    original_path: str = ""
    details: str = ""
    reply: int = 0


def filled(text: str, moment: Moment) -> str:
    """A header's value. Raises UnknownOperator."""
    if "%" not in text:
        return text
    parts: list[str] = []
    at = 0
    while at < len(text):
        start = text.find("%", at)
        if start < 0:
            parts.append(text[at:])
            break
        parts.append(text[at:start])
        if text.startswith("%%", start):
            parts.append("%")
            at = start + 2
            continue
        end = _end(text, start)
        parts.append(_operator(text[start + 1 : end], moment))
        at = end + 1
    return "".join(parts)


def _end(text: str, start: int) -> int:
    """Where an operator ends: at the next percent sign outside of brackets."""
    depth = 0
    quoted = False
    for i in range(start + 1, len(text)):
        char = text[i]
        if char == "'" and depth:
            quoted = not quoted
        elif char == "(" and not quoted:
            depth += 1
        elif char == ")" and not quoted:
            depth -= 1
        elif char == "%" and depth == 0:
            return i
    raise UnknownOperator(text)


def _operator(text: str, moment: Moment) -> str:
    name, _, rest = text.partition("(")
    argument = rest.rpartition(")")[0]
    request = moment.arrived.request
    shown = request.shows_certificate
    match name:
        case "REQ":
            for key in argument.lower().split("?"):
                value = _header(moment, key)
                if value:
                    return value
            return ""
        case "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT":
            return moment.arrived.source
        case "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT":
            return request.source
        case "DOWNSTREAM_PEER_SUBJECT":
            return request.subject if shown else ""
        case "DOWNSTREAM_PEER_ISSUER":
            return SOME_ISSUER if shown else ""
        case "DOWNSTREAM_PEER_CERT":
            return SOME_CERTIFICATE if shown else ""
        case "PROTOCOL":
            return f"HTTP/{request.http}"
        case "CEL":
            try:
                return cel.evaluated(
                    argument,
                    Attributes(
                        moment.arrived, moment.status, moment.details, moment.reply or moment.status
                    ),
                )
            except NotUnderstood as error:
                raise UnknownOperator(text) from error
    raise UnknownOperator(text)


def _header(moment: Moment, name: str) -> str:
    if name == "x-envoy-original-path":
        return moment.original_path
    return moment.arrived.headers.get(name, "")
