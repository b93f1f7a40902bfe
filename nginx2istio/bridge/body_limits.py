"""Limits of request bodies as routes: an answer to what a request states of its length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.bridge.place import Place
from nginx2istio.istio import re2
from nginx2istio.nginx.facts.error_pages import error_pages
from nginx2istio.nginx.facts.nested_locations import (
    NestedLocation,
    server_locations,
    written_body_limit,
)
from nginx2istio.nginx.facts.sizes import BODY_SIZE, DEFAULT_BODY_LIMIT, body_limits


def longer_than(size: int) -> Mapping[str, Any]:
    """A match for the requests that state a body of more than ``size`` bytes."""
    return {"headers": {"content-length": {"regex": re2.above(size)}}}


def shared_limit(place: Place) -> int:
    """The limit that all of the host has, and its answer; 0 where they differ, or nothing is built.

    Where an error service makes the page for 413, it is told of the location.
    """
    config, server, exact = place.config, place.server, place.options.compat == "exact"
    if place.options.compat == "lean":
        return 0
    of_host = set(body_limits(config, server, exact))
    plain = (x for x in server_locations(config, server) if stands_with_paths(place, x))
    of_host.update(built_limit(place, block) for block in plain)
    paged = place.options.filters("error-pages") and any(
        413 in error_pages(config, server, location).codes for location in server.locations
    )
    return max(of_host) if len(of_host) == 1 and not paged else 0


def limit_of_block(place: Place, block: NestedLocation) -> int:
    """The limit that a block beside the locations needs a route for; 0 for none.

    Where the whole host has one limit, its route stands before those of plain paths.
    """
    if stands_with_paths(place, block) and shared_limit(place):
        return 0
    return built_limit(place, block)


def built_limit(place: Place, block: NestedLocation) -> int:
    """The limit of a block beside the locations, 0 where the output has none.

    In ``full``, nginx's own limit holds at blocks where somebody sets one at each location: else no
    default limit is built.
    """
    config, server, compat = place.config, place.server, place.options.compat
    if compat == "lean":
        return 0
    written = written_body_limit(config, server, block)
    if written is not None:
        return written
    everywhere = all(config.is_set(location, BODY_SIZE) for location in server.locations)
    return DEFAULT_BODY_LIMIT if compat == "exact" or everywhere else 0


def limits_bodies(place: Place) -> bool:
    """Whether the output has the limit of the place's proxy-body-size."""
    return place.options.compat != "lean" and place.builds(BODY_SIZE)


def stands_with_paths(place: Place, block: NestedLocation) -> bool:
    """Whether a block of the server is a prefix among the prefixes of the host."""
    return block.match == "prefix" and not place.server.regex
