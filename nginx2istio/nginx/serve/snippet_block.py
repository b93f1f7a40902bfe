"""Location blocks of snippets and of the controller: what becomes of a request that one takes."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Outcome
from nginx2istio.nginx.facts.directives import subject
from nginx2istio.nginx.facts.nested_locations import (
    NestedLocation,
    body_limit_of_block,
    nested_location_of,
    nested_locations,
    server_locations,
)
from nginx2istio.nginx.facts.snippet import Directive
from nginx2istio.nginx.facts.snippet_access import LISTING
from nginx2istio.nginx.serve.location_phases import above_limit, body_length, to_https
from nginx2istio.nginx.serve.rewrite_module import ASPECTS_OF_SUBJECT, Rewriting, returned
from nginx2istio.nginx.serve.variables import ValueNotKnown
from nginx2istio.nginx.serve.visit import Visit, own_answer

HEADERS_OF_ANSWERS = ASPECTS_OF_SUBJECT["headers"]


def spoiled(visit: Visit) -> bool:
    """Whether nginx refuses the configuration for a block, and works on with the one before."""
    blocks = server_locations(visit.config, visit.server)
    inner = nested_locations(visit.config, visit.server, visit.location)
    return any(block.refused for block in (*blocks, *inner))


def in_block(visit: Visit) -> tuple[Visit, Outcome | None]:
    """The answer of a block, None where none takes the request. Raises ValueNotKnown, re.error."""
    block = _of_server(visit)
    if block is not None:
        # The headers of such an answer are those of the server, not of the Ingress's location.
        visit = replace(visit, unknown=visit.unknown | HEADERS_OF_ANSWERS)
        outcome = _too_long(visit, block) or _returned(visit, block, "server")
        return visit, outcome or _listed(visit, block)
    inner = nested_locations(visit.config, visit.server, visit.location)
    block = nested_location_of(inner, visit.path)
    if block is None:
        return visit, None
    if any(subject(x.name) == "headers" for x in block.directives):
        visit = replace(visit, unknown=visit.unknown | HEADERS_OF_ANSWERS)
    outcome = body_length(visit) or _returned(visit, block, "location") or to_https(visit)
    # Variables of the location are not set in the block, so no upstream is known there.
    text = f"{block.text} has no upstream (balancer.rewrite)"
    return visit, outcome or own_answer(503, "routing", "rewrite", text, block.key)


def _of_server(visit: Visit) -> NestedLocation | None:
    """The block of the server that takes the request before the locations of the Ingresses do.

    It stands before them in nginx.conf (``ngx_http_core_find_location``).
    """
    block = nested_location_of(server_locations(visit.config, visit.server), visit.path)
    if block is None or block.match == "exact":
        return block
    match visit.location.match:
        case "exact":
            return None
        case "regex" if block.match == "prefix" and block.modifier != "^~":
            return None
        case "prefix" if block.match == "prefix" and len(visit.location.path) > len(block.path):
            return None
    return block


def _too_long(visit: Visit, block: NestedLocation) -> Outcome | None:
    """A Content-Length above the limit of a block of the server, before all that it says."""
    limit = body_limit_of_block(visit.config, visit.server, block)
    return above_limit(limit, visit, "server", block.key)


def _returned(visit: Visit, block: NestedLocation, level: str) -> Outcome | None:
    """The answer of a block's ``return``, which goes before its checks of addresses."""
    rewriting = [x for x in block.directives if subject(x.name) == "rewrite"]
    if not rewriting:
        return None
    if block.nested or len(rewriting) > 1 or rewriting[0].name != "return":
        raise ValueNotKnown(block.text)
    state = Rewriting(visit.path, visit.args, visit.values)
    return returned(visit, rewriting[0], state, level)


def _listed(visit: Visit, block: NestedLocation) -> Outcome:
    """What a block of the server answers that has lists. Raises ValueNotKnown for other blocks."""
    lists = [x for x in block.directives if x.name in LISTING]
    if block.nested or not lists:
        raise ValueNotKnown(block.text)
    address = visit.variables.remote_addr
    first = next((x for x in lists if _is_about(x, address)), None)
    if first is not None and first.name == "deny":
        return own_answer(403, "access", "server", first.text, block.key)
    if any(x.name == "stub_status" for x in block.directives):
        reads = visit.variables.request.method in ("GET", "HEAD")  # ngx_http_stub_status_handler
        return own_answer(200 if reads else 405, "status", "server", block.text, block.key)
    raise ValueNotKnown(block.text)


def _is_about(listing: Directive, address: str) -> bool:
    """Whether an ``allow`` or ``deny`` is about an address. Raises ValueNotKnown."""
    if listing.args == ("all",):
        return True
    try:
        return in_networks(address, listing.args)
    except ValueError:
        raise ValueNotKnown(listing.text) from None
