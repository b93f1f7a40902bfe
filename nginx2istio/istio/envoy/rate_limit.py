"""Limits for each client: how many requests it may send, and how fast it gets an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from nginx2istio.istio.envoy.filters import http_filter, per_filter, skipped_where, typed
from nginx2istio.istio.objects import Object

RATE_LIMIT_FILTER = "nginx2istio.limits"
LOCAL_RATE_LIMIT = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
EXPRESSION = "envoy.extensions.rate_limit_descriptors.expr.v3.Descriptor"
FAULT = "envoy.extensions.filters.http.fault.v3.HTTPFault"
EVERY_REQUEST = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
PLENTY = {"max_tokens": 10**9, "tokens_per_fill": 10**9, "fill_interval": "1s"}
"""For requests without a limit: some releases of Envoy refuse a filter without a bucket."""
CLIENTS = 20_000
"""The number of clients whose tokens the filter remembers."""
STATUSES = frozenset(
    {*range(400, 418), 421, 422, 423, 424, 426, 428, 429, 431, *range(500, 509), 510, 511}
)
"""The errors that Envoy has a name for."""
NOT_PREFLIGHT = {"key": "preflight", "value": "no"}


@dataclass(frozen=True, slots=True)
class Counter:
    """Counts the requests of each client to the routes of one group.

    A client may send ``burst`` requests at once, and gets ``tokens`` more every ``seconds``.
    ``key`` is the kind of counter; with ``preflights`` False it does not count OPTIONS.
    """

    key: str
    group: str
    tokens: int
    seconds: int
    burst: int
    preflights: bool = True

    @property
    def descriptor_key(self) -> str:
        """The key of its descriptors, and of the metadata of its routes."""
        return self.key if self.preflights else f"{self.key}-cors"


def known_status(code: int) -> int:
    """The status of refusals: 503 in place of one that Envoy does not know."""
    return code if code in STATUSES else 503


def counted_by(counters: Iterable[Counter]) -> Object:
    """Fields of a route whose requests these counters count."""
    groups = {counter.descriptor_key: counter.group for counter in counters}
    return {"metadata": {"filter_metadata": {RATE_LIMIT_FILTER: groups}}}


def local_rate_limit(
    counters: Sequence[Counter], status: int, exempt: Sequence[str] = ()
) -> Object:
    """The patch with the filter; requests from the ``exempt`` networks (CIDR) pass it by."""
    config = typed(
        LOCAL_RATE_LIMIT,
        stat_prefix="nginx2istio_limits",
        status={"code": status},
        filter_enabled=EVERY_REQUEST,
        filter_enforced=EVERY_REQUEST,
        token_bucket=PLENTY,
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=CLIENTS,
        rate_limits=[
            {"actions": _actions(key, preflights)}
            for key, preflights in sorted({(c.descriptor_key, c.preflights) for c in counters})
        ],
        descriptors=[_descriptor(counter) for counter in counters],
    )
    if exempt:
        config = skipped_where(_source_in(exempt), "envoy.filters.http.local_ratelimit", config)
    return http_filter(RATE_LIMIT_FILTER, config, first=True)


def _actions(key: str, preflights: bool) -> list[Object]:
    """What makes the descriptor of a request: the group of its route, and the client's address.

    CEL reads the metadata of the route. Envoy's own action for it ends the Envoys of Istio 1.28
    and 1.29 at a request without a route.
    """
    group = typed(
        EXPRESSION,
        descriptor_key=key,
        skip_if_error=True,
        text=f"xds.route_metadata.filter_metadata['{RATE_LIMIT_FILTER}']['{key}']",
    )
    not_preflight = {
        "descriptor_key": NOT_PREFLIGHT["key"],
        "descriptor_value": NOT_PREFLIGHT["value"],
        "expect_match": False,
        "headers": [{"name": ":method", "string_match": {"exact": "OPTIONS"}}],
    }
    methods = [] if preflights else [{"header_value_match": not_preflight}]
    extension = {"name": "envoy.rate_limit_descriptors.expr", "typed_config": group}
    return [{"extension": extension}, *methods, {"remote_address": {}}]


def _descriptor(counter: Counter) -> Object:
    """The token bucket of each client of a counter."""
    entries: list[Object] = [{"key": counter.descriptor_key, "value": counter.group}]
    entries += [] if counter.preflights else [dict(NOT_PREFLIGHT)]
    return {
        "entries": [*entries, {"key": "remote_address"}],
        "token_bucket": {
            "max_tokens": counter.burst,
            "tokens_per_fill": counter.tokens,
            "fill_interval": f"{counter.seconds}s",
        },
    }


def _source_in(networks: Sequence[str]) -> Object:
    """A predicate for requests whose client address is in one of the networks."""
    parsed = [ip_network(network, strict=False) for network in networks]
    ranges = [{"address_prefix": str(n.network_address), "prefix_len": n.prefixlen} for n in parsed]
    source = typed("envoy.extensions.matching.common_inputs.network.v3.SourceIPInput")
    among = typed(
        "envoy.extensions.matching.input_matchers.ip.v3.Ip",
        stat_prefix="nginx2istio",
        cidr_ranges=ranges,
    )
    return {
        "single_predicate": {
            "input": {"name": "address", "typed_config": source},
            "custom_match": {"name": "among", "typed_config": among},
        }
    }


def response_rate(kib_per_second: int) -> Object:
    """Fields of a route that sends each of its answers at most so fast."""
    limit = {
        "fixed_limit": {"limit_kbps": kib_per_second},
        "percentage": {"numerator": 100, "denominator": "HUNDRED"},
    }
    return per_filter("envoy.filters.http.fault", typed(FAULT, response_rate_limit=limit))
