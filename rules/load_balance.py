"""load-balance, upstream-hash-by*, service-upstream: which pod of a Service is asked."""

from collections.abc import Iterator

from nginx2istio.rule import (
    JOINED,
    Destination,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    Upstream,
    hash_key,
    rule,
    to,
)

EWMA = Message(
    "N2I320",
    "approximated",
    "info",
    "Load balancing by open requests",
    "nginx prefers fast pods (ewma). Envoy prefers those with the fewest open requests.",
    aspects=frozenset({"balancing"}),
)
MISSING_SETTING = Message(
    "N2I321",
    "approximated",
    "info",
    "Unknown load-balance value",
    "load-balance {name} needs a setting that is absent. Istio uses its default.",
    "Delete the annotation.",
    frozenset({"balancing"}),
)
NO_KEY = Message(
    "N2I322",
    "approximated",
    "info",
    "Requests without a hash key",
    "nginx sends all requests without {by} to one pod. Beside a canary, Envoy spreads them.",
    "Check whether these requests need the same pod.",
    frozenset({"balancing"}),
)
HEADER = Message(
    "N2I323",
    "approximated",
    "info",
    "A request header joins the hash parts",
    "Istio hashes by one thing only. Request header {header} joins {by}, and reaches the backend.",
    aspects=frozenset({"request-headers"}),
)
NO_HASH = Message(
    "N2I324",
    "unsupported",
    "warning",
    "Hash key that Istio does not know",
    "Istio can't hash by {name}. Requests with the same {by} reach different pods.",
    "Hash by a header, a cookie, a query parameter, the client's address, the host or the path.",
    frozenset({"balancing", "affinity"}),
)
SUBSET = Message(
    "N2I325",
    "approximated",
    "info",
    "One pod for each hash key",
    "nginx spreads the requests of one key over {size} pods. Envoy sends them to one pod.",
    "Check that no key gets more requests than one pod can serve.",
    frozenset({"balancing"}),
)
HASH_WITH_QUERY = Message(
    "N2I326",
    "approximated",
    "info",
    "The hash covers the query",
    "nginx hashes by the path alone. Envoy hashes by the path with its query.",
    "Check whether one pod must get all queries of a path.",
    frozenset({"balancing"}),
)
KUBE_PROXY = Message(
    "N2I327",
    "neutral",
    "info",
    "The gateway chooses the pod itself",
    "service-upstream lets kube-proxy choose the pod. The gateway chooses the pod itself.",
    aspects=frozenset({"balancing"}),
)
IDLE = Message(
    "N2I328",
    "ineffective",
    "info",
    "Load balancing setting without effect",
    "{by} has no effect, because nginx follows {better} first.",
    "Delete the annotation.",
)
IN_TURN = Message(
    "N2I329",
    "approximated",
    "info",
    "Pods are not asked in turn",
    "nginx asks the pods of a Service {order}. Istio asks the less busy one of two pods.",
    "Set load-balance: round_robin for pods that need an even share. To prefer the gateway's zone, "
    "set trafficDistribution: PreferClose in the Services.",
    frozenset({"balancing"}),
)


@rule(
    "load-balance",
    "upstream-hash-by",
    "upstream-hash-by-subset",
    "upstream-hash-by-subset-size",
    at="upstream",
    reads="rewrite-target",
)
def load_balance(place: Place) -> Iterator[Edit | Finding]:
    """What nginx balances by, for the Service and for its canary: affinity, else hash, else this.

    Its default is round robin; Istio's, least request, is left where no key says anything.
    """
    main = place.upstream
    if main is None:
        return
    for upstream in (main, *main.alternatives[:1]):
        settings = upstream.settings
        hash_by = settings.get("upstream-hash-by")
        name = settings.get("load-balance")
        sticky = main.affinity is not None and (upstream is main or not upstream.legacy)
        if sticky:
            for key in ("upstream-hash-by", "load-balance"):
                if key in settings:
                    yield IDLE(key, by=key, better="affinity")
        elif hash_by is not None:
            yield from consistent_hash(place, upstream, str(hash_by.value))
            if name is not None:
                yield IDLE("load-balance", by="load-balance", better="upstream-hash-by")
        elif name is not None:
            yield from simple(upstream, str(name.value))


def simple(upstream: Upstream, name: str) -> Iterator[Edit | Finding]:
    """A choice of pods without regard to the request."""
    if name == "round_robin":
        yield Destination("loadBalancer.simple", "ROUND_ROBIN", upstream=upstream.name)
    elif name == "ewma":
        yield Destination("loadBalancer.simple", "LEAST_REQUEST", upstream=upstream.name)
        yield EWMA("load-balance")
    else:
        yield MISSING_SETTING("load-balance", name=name)


def consistent_hash(place: Place, upstream: Upstream, text: str) -> Iterator[Edit | Finding]:
    """Hash by one variable, without the text around it; several need a header that joins them.

    nginx hashes an empty text where there is no such header or cookie.
    """
    key = hash_key(place, text)
    if key.unknown or not key.names:
        name = f"${key.unknown[0]}" if key.unknown else "a text that is always the same"
        yield NO_HASH("upstream-hash-by", name=name, by=text)
        return
    if key.header:
        yield Route("headers.request.set", {JOINED: key.header})
        yield HEADER("upstream-hash-by", header=JOINED, by=text)
    if key.present and place.upstream is not None and not place.upstream.alternatives:
        route = [to(upstream, policy={"loadBalancer": {"consistentHash": key.policy}})]
        yield RouteBefore(Phase.SPLIT, {"route": route}, key.present)
        # nginx hashes an empty text for all others: the scheme is as good as the same for all
        yield Destination("loadBalancer.consistentHash.httpHeaderName", ":scheme")
    else:
        yield Destination("loadBalancer.consistentHash", key.policy, upstream=upstream.name)
        if key.present:
            yield NO_KEY("upstream-hash-by", by=text)
    if "uri" in key.names or "document_uri" in key.names:
        yield HASH_WITH_QUERY("upstream-hash-by")
    subset = upstream.settings.get("upstream-hash-by-subset")
    if subset is not None and subset.value:
        size = upstream.settings.get("upstream-hash-by-subset-size")
        yield SUBSET("upstream-hash-by-subset", size=size.value if size else 3)


@rule("service-upstream", at="upstream", when="configured")
def service_upstream(place: Place) -> Iterator[Edit | Finding]:
    """Nginx asks the Service's own address, as its only endpoint; the gateway asks the pods."""
    if place["service-upstream"]:
        yield KUBE_PROXY("service-upstream")


@rule("load balancing", "endpoints used directly", at="conversion", when="always")
def in_turn(place: Place) -> Iterator[Edit | Finding]:
    """How pods are chosen where no annotation says anything."""
    controller = place.config.controller
    if controller.config["load-balance"] == "ewma":
        yield EWMA("load-balance").for_every_host()
        return
    by_zone = controller.flags.get("enable-topology-aware-routing") is True
    order = "in turn, those of its own zone first" if by_zone else "in turn"
    yield IN_TURN("", order=order).for_every_host()
