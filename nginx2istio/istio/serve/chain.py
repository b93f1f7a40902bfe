"""The HTTP filters of a gateway in their order, and the router behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nginx2istio.base.outcome import Outcome
from nginx2istio.istio.serve.authorization import Authorization
from nginx2istio.istio.serve.cors import Cors
from nginx2istio.istio.serve.faults import InjectedFault
from nginx2istio.istio.serve.filters.addresses import AddressFilter
from nginx2istio.istio.serve.filters.ask_service import AskService
from nginx2istio.istio.serve.filters.bodies import BodyHeld, BodyLength
from nginx2istio.istio.serve.filters.compression import Compression
from nginx2istio.istio.serve.filters.error_pages import ErrorPageFilter
from nginx2istio.istio.serve.filters.route_scripts import RouteScript
from nginx2istio.istio.serve.filters.session import Session
from nginx2istio.istio.serve.filters.shapes import AddedFilter
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.router import answered, routed
from nginx2istio.istio.serve.stream import HttpFilter, Stream


def filter_chain(config: GatewayConfig) -> Sequence[HttpFilter]:
    """The filters in the order in which requests meet them, without the router."""
    patches = config.patches
    return (
        *(_filter(each) for each in patches.first),
        Authorization(),
        InjectedFault(),
        Cors(),
        *(_filter(each) for each in patches.last),
    )


def _filter(added: AddedFilter) -> HttpFilter:
    match added.kind:
        case "addresses":
            return AddressFilter(added)
        case "auth":
            return AskService(added)
        case "body-held":
            return BodyHeld(added)
        case "body-length":
            return BodyLength(added)
        case "compressor":
            return Compression(added)
        case "error-pages":
            return ErrorPageFilter(added)
        case "route-script":
            return RouteScript(added)
        case "session":
            return Session(added)
        case "limits":
            return HttpFilter()  # the first request of a client passes


def through(chain: Sequence[HttpFilter], stream: Stream) -> Outcome:
    """The answer to a request: of a filter or of the router, past all filters on its way back."""
    outcome = next((answer for each in chain if (answer := each.request(stream)) is not None), None)
    if outcome is None:
        outcome = answered(stream, routed(stream))
    for each in reversed(chain):
        outcome = each.response(stream, outcome)
    location = dict(outcome.response_headers).get("location", "") if outcome.status else ""
    if location != outcome.location:
        aspect = "redirect" if location else outcome.aspect
        outcome = replace(outcome, location=location, aspect=aspect)
    return outcome
