"""limit-rps, limit-rpm, limit-connections: how often a client may ask."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    Setting,
    envoy_filter,
    http_filter,
    on_route,
    route_name,
    rule,
    typed,
)

NOT_LIMITED = Message(
    "N2I520",
    "unsupported",
    "error",
    "",
    "nginx lets each client make {rate} and answers {status} beyond; after the conversion nothing "
    "limits them",
    "convert with --envoy-filters for Istio 1.26 or later, or limit by a rate limit service",
    frozenset({"rate-limit"}),
)
CONNECTIONS = Message(
    "N2I521",
    "unsupported",
    "error",
    "",
    "nginx serves at most {number} requests of a client at once and answers {status} beyond; Envoy "
    "can't count by client, and after the conversion nothing limits them",
    "limit the back end as a whole by connectionPool in its DestinationRule, or have the client's "
    "number of requests limited (limit-rps)",
    frozenset({"rate-limit"}),
)
COUNTED = Message(
    "N2I522",
    "approximated",
    "info",
    "",
    "an EnvoyFilter limits each client address to {rate} in each pod of the gateway, as nginx does "
    "in each pod of the controller; requests over http, over https and for hosts with another "
    "certificate are counted apart",
    "see that the new gateway has about as many pods as the controller had, and sees the clients' "
    "own addresses",
    frozenset({"rate-limit"}),
)
OTHER_ZONE = Message(
    "N2I523",
    "unsupported",
    "error",
    "",
    "the ConfigMap has clients counted by {zone}, no longer by address; Envoy is not made to do "
    "so, and after the conversion nothing limits {rate}",
    "write a rate limit with a descriptor for that by hand",
    frozenset({"rate-limit"}),
)
OTHER_STATUS = Message(
    "N2I524",
    "approximated",
    "warning",
    "",
    "the controller answers {status} to who asks too much, a status that Envoy does not know; it "
    "answers {instead}",
    "set limit-req-status-code to 429",
    frozenset({"rate-limit", "status"}),
)
GOES_WITH = Message(
    "N2I525",
    "unsupported",
    "info",
    "",
    "{key} goes with {limits}, for which nothing is left after the conversion",
    "see what is said of {limits}",
)
FILTER = "nginx2istio.limits"
TYPE = "envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"
ALL = {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}
PLENTY = {"max_tokens": 10**9, "tokens_per_fill": 10**9, "fill_interval": "1s"}
"""For what is not limited: some Envoys take no bucket for an empty one."""
STATUSES = frozenset(
    {*range(400, 418), 421, 422, 423, 424, 426, 428, 429, 431, *range(500, 509), 510, 511}
)
"""The errors that Envoy has a name for."""
CLIENTS = 20_000
"""Of so many clients an EnvoyFilter remembers the tokens."""
Ingresses = dict[str, Mapping[str, Setting]]
KEYS = ("limit-rps", "limit-rpm", "limit-burst-multiplier", "limit-allowlist")
MOVED = ("permanent-redirect", "temporal-redirect")
ADDRESS = ("$binary_remote_addr", "$remote_addr")


@rule(
    *KEYS,
    "limit-conn-zone-variable",
    "limit-req-status-code",
    reads=("enable-cors", *MOVED),
)
def limit_rates(place: Place) -> Iterator[Edit | Finding]:
    """Nginx counts by client and Ingress, and takes burst + 1 requests at once before it refuses.

    Envoy has token buckets. A bucket of burst + 1 that is filled at the rate does the same. The
    route's metadata names the Ingress, so that all of its paths share the buckets, and none is
    taken by what nginx answers before (redirects): see ``limit_filters``.
    """
    limited = {
        key: (place.number(key), unit)
        for key, unit in (("limit-rps", "second"), ("limit-rpm", "minute"))
        if key in place and place.number(key) > 0
    }
    if not limited or moved(place):
        return
    rate = " and ".join(f"{number} requests a {unit}" for number, unit in limited.values())
    zone = place.text("limit-conn-zone-variable")
    for key in limited:
        if zone not in ADDRESS:
            yield OTHER_ZONE(key, zone=zone, rate=rate)
        elif not countable(place):
            yield NOT_LIMITED(key, rate=rate, status=place.number("limit-req-status-code"))
        else:
            yield COUNTED(key, rate=rate)
    if not counted(place):
        for key in KEYS[2:]:
            if key in place:
                yield GOES_WITH(key, key=key, limits=" and ".join(limited))


def countable(place: Place) -> bool:
    """Whether Envoy may be made to count by client; it can do so since Istio 1.26."""
    return place.options.envoy_filters and place.options.supports("rate-limit-by-client")


def counted(place: Place) -> bool:
    """Whether it is: by address, the one thing that it is made to tell clients by."""
    return countable(place) and place.text("limit-conn-zone-variable") in ADDRESS


@rule(
    at="conversion",
    when="always",
    reads=("limit-conn-zone-variable", "limit-req-status-code"),
)
def limit_filters(place: Place) -> Iterator[Edit | Finding]:
    """The EnvoyFilters of all Ingresses that limit: the counters, and the marks on the routes."""
    if not counted(place):
        return
    groups: dict[tuple[str, ...], Ingresses] = {}
    routes: dict[str, dict[str, None]] = {}
    for location in (x for s in place.config.servers for x in s.locations):
        if keys(location.settings):
            name = location.ingress.object
            group = groups.setdefault(addresses(location.settings), {})
            group.setdefault(name, location.settings)
            routes.setdefault(name, {})[route_name(location)] = None
    for exempt, group in sorted(groups.items()):
        yield counter(place, exempt, group)
        for name, settings in group.items():
            mark = {"metadata": {"filter_metadata": {FILTER: dict.fromkeys(keys(settings), name)}}}
            yield envoy_filter(place, f"limits-{name}", *(on_route(r, mark) for r in routes[name]))
    wanted, made = place.number("limit-req-status-code"), status(place)
    if groups and wanted != made:
        yield OTHER_STATUS("limit-req-status-code", status=wanted, instead=made).for_every_host()


def counter(place: Place, exempt: tuple[str, ...], group: Ingresses) -> Edit:
    """The filter, with the buckets of the Ingresses that exempt the same addresses."""
    descriptors = [x for name in sorted(group) for x in buckets(name, group[name])]
    preflight = {
        "header_value_match": {
            "descriptor_key": "preflight",
            "descriptor_value": "no",
            "expect_match": False,
            "headers": [{"name": ":method", "string_match": {"exact": "OPTIONS"}}],
        }
    }
    actions = [
        [
            {
                "metadata": {
                    "descriptor_key": key,
                    "source": "ROUTE_ENTRY",
                    "metadata_key": {"key": FILTER, "path": [{"key": key}]},
                }
            },
            *([preflight] if key.endswith("-cors") else []),
            {"remote_address": {}},
        ]
        for key in sorted({str(d["entries"][0]["key"]) for d in descriptors})
    ]
    config = typed(
        TYPE,
        stat_prefix="nginx2istio_limits",
        status={"code": status(place)},
        filter_enabled=ALL,
        filter_enforced=ALL,
        token_bucket=PLENTY,
        always_consume_default_token_bucket=False,
        max_dynamic_descriptors=CLIENTS,
        rate_limits=[{"actions": a} for a in actions],
        descriptors=descriptors,
    )
    if not exempt:
        return envoy_filter(place, "limits", http_filter(FILTER, config, first=True))
    name = "limits-except-" + "-".join(exempt)
    return envoy_filter(place, name, http_filter(FILTER, spared(config, exempt), first=True))


def status(place: Place) -> int:
    """limit-req-status-code, or 503 where Envoy does not know it."""
    code = place.number("limit-req-status-code")
    return code if code in STATUSES else 503


def spared(config: Mapping[str, object], exempt: tuple[str, ...]) -> dict[str, object]:
    """The filter for all but some addresses."""
    networks = [ip_network(address, strict=False) for address in exempt]
    ranges = [
        {"address_prefix": str(n.network_address), "prefix_len": n.prefixlen} for n in networks
    ]
    source = typed("envoy.extensions.matching.common_inputs.network.v3.SourceIPInput")
    among = typed(
        "envoy.extensions.matching.input_matchers.ip.v3.Ip",
        stat_prefix="nginx2istio",
        cidr_ranges=ranges,
    )
    skip = typed("envoy.extensions.filters.common.matcher.action.v3.SkipFilter")
    return typed(
        "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
        extension_config={"name": "envoy.filters.http.local_ratelimit", "typed_config": config},
        xds_matcher={
            "matcher_list": {
                "matchers": [
                    {
                        "predicate": {
                            "single_predicate": {
                                "input": {"name": "address", "typed_config": source},
                                "custom_match": {"name": "among", "typed_config": among},
                            }
                        },
                        "on_match": {"action": {"name": "skip", "typed_config": skip}},
                    }
                ]
            }
        },
    )


def keys(settings: Mapping[str, Setting]) -> list[str]:
    """The names of an Ingress's counters; nginx answers the preflights of CORS before it counts."""
    cors = settings.get("enable-cors")
    tail = "-cors" if cors and cors.value else ""
    return [k + tail for k in KEYS[:2] if k in settings and as_number(settings[k]) > 0]


def as_number(setting: Setting) -> int:
    """An annotation's whole number."""
    return int(str(setting.value))


def addresses(settings: Mapping[str, Setting]) -> tuple[str, ...]:
    """The addresses that an Ingress exempts."""
    found = settings.get("limit-allowlist")
    return tuple(str(a) for a in found.value) if found and isinstance(found.value, tuple) else ()


def buckets(name: str, settings: Mapping[str, Setting]) -> Iterator[dict[str, Any]]:
    """The token buckets of an Ingress: one a client, and one a kind of limit."""
    times = settings.get("limit-burst-multiplier")
    burst = as_number(times) if times else 5
    for key in keys(settings):
        per = key.removesuffix("-cors")
        rate = as_number(settings[per])
        entries = [{"key": key, "value": name}]
        if key != per:
            entries.append({"key": "preflight", "value": "no"})
        bucket = {
            "max_tokens": max(rate * burst, 0) + 1,
            "tokens_per_fill": rate,
            "fill_interval": "1s" if per == "limit-rps" else "60s",
        }
        yield {"entries": [*entries, {"key": "remote_address"}], "token_bucket": bucket}


def moved(place: Place) -> bool:
    """Whether every request is answered by a redirect, before anything is counted."""
    return any(key in place and place[key] for key in MOVED)


@rule(
    "limit-connections",
    "limit-conn-status-code",
    reads=MOVED,
)
def limit_connections(place: Place) -> Iterator[Edit | Finding]:
    """Nginx counts a client's requests in progress; Envoy counts those of all clients."""
    number = place.number("limit-connections")
    if number > 0 and not moved(place):
        yield CONNECTIONS(
            "limit-connections", number=number, status=place.number("limit-conn-status-code")
        )
