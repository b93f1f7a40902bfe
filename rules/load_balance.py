"""load-balance, upstream-hash-by*, service-upstream: which pod of a Service is asked."""

import re
from collections.abc import Iterator
from typing import Any

from nginx2istio.rule import (
    Destination,
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    Route,
    RouteBefore,
    Upstream,
    rule,
    to,
)

EWMA = Message(
    "N2I320",
    "approximated",
    "info",
    "",
    "nginx prefers pods that answer fast (ewma); Envoy those with the fewest open requests",
    "nothing: both keep slow pods from getting more than they can bear",
    frozenset({"balancing"}),
)
UNKNOWN = Message(
    "N2I321",
    "approximated",
    "info",
    "",
    "load-balance {name} stands for a setting that is missing; Istio's default is used",
    "delete the annotation",
    frozenset({"balancing"}),
)
NO_KEY = Message(
    "N2I322",
    "approximated",
    "info",
    "",
    "nginx sends all requests without {by} to one and the same pod; beside a canary Envoy spreads "
    "them",
    "nothing, unless these requests have something in common",
    frozenset({"balancing"}),
)
HEADER = Message(
    "N2I323",
    "approximated",
    "info",
    "",
    "Istio can hash by one thing only; the request header {header} joins the parts of {by}, and "
    "reaches the pods, too",
    "nothing: the pods need not look at it",
    frozenset({"request-headers"}),
)
NO_HASH = Message(
    "N2I324",
    "unsupported",
    "warning",
    "",
    "Istio can't hash by {name}; requests of one {by} no longer meet at one pod",
    "hash by a header, a cookie, a query parameter, the client's address, the host or the path",
    frozenset({"balancing", "affinity"}),
)
SUBSET = Message(
    "N2I325",
    "approximated",
    "warning",
    "",
    "nginx spreads the requests of one key over {size} pods, Envoy sends them to one",
    "see that no single key gets more requests than a pod can bear",
    frozenset({"balancing"}),
)
PATH = Message(
    "N2I326",
    "approximated",
    "info",
    "",
    "the hash covers the query, too: nginx hashes by the path alone",
    "nothing, unless a pod must see all queries of a path",
    frozenset({"balancing"}),
)
KUBE_PROXY = Message(
    "N2I327",
    "neutral",
    "info",
    "",
    "service-upstream leaves the choice of the pod to kube-proxy; the gateway chooses a pod itself",
    "nothing: this is what the annotation is for when nginx runs inside of a mesh",
    frozenset({"balancing"}),
)
IDLE = Message(
    "N2I328",
    "ineffective",
    "info",
    "",
    "{by} does nothing beside {better}, which nginx follows first",
    "delete the annotation",
)
IN_TURN = Message(
    "N2I329",
    "approximated",
    "info",
    "",
    "nginx asks the pods of a Service in turn{near}; Istio asks the one of two with fewer open "
    "requests",
    "nothing, unless pods count on an even share{near_too}",
    frozenset({"balancing"}),
)
KEY = "x-upstream-hash-by"
PART = re.compile(r"\$\{([0-9a-zA-Z_]+)\}|\$([0-9a-zA-Z_]+)|\$|[^$\\]+")
"""Variables and text, as ``parse_complex_value`` in util.lua takes them apart."""


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

    Its default is round robin; Istio's, least request, is left where nothing is said.
    """
    main = place.upstream
    if main is None:
        return
    for upstream in (main, *main.alternatives[:1]):
        settings = upstream.settings
        hash_by = settings.get("upstream-hash-by")
        name = settings.get("load-balance")
        sticky = main.affinity is not None and (upstream is main or not legacy(upstream))
        if sticky:
            for key in ("upstream-hash-by", "load-balance"):
                if key in settings:
                    yield IDLE(key, by=key, better="affinity")
        elif hash_by is not None:
            yield from hashing(place, upstream, str(hash_by.value))
            if name is not None:
                yield IDLE("load-balance", by="load-balance", better="upstream-hash-by")
        elif name is not None:
            yield from simple(upstream, str(name.value))


def legacy(canary: Upstream) -> bool:
    """Tell whether a canary takes no part in the main Service's affinity."""
    setting = canary.settings.get("affinity-canary-behavior")
    return setting is not None and setting.value == "legacy"


def simple(upstream: Upstream, name: str) -> Iterator[Edit | Finding]:
    """Choose pods without looking at the request."""
    if name == "round_robin":
        yield Destination("loadBalancer.simple", "ROUND_ROBIN", upstream=upstream.name)
    elif name == "ewma":
        yield Destination("loadBalancer.simple", "LEAST_REQUEST", upstream=upstream.name)
        yield EWMA("load-balance")
    else:
        yield UNKNOWN("load-balance", name=name)


def hashing(place: Place, upstream: Upstream, key: str) -> Iterator[Edit | Finding]:
    """Hash by one variable; text around it changes nothing, several need a header that joins them.

    nginx hashes an empty text where there is no such header or cookie.
    """
    parts = [p for p in PART.finditer(key) if p[0] != "$" and not p[0].startswith("\\")]
    names = [p[1] or p[2] for p in parts if p[1] or p[2]]
    if len(set(names)) == 1:
        by = one(place, names[0])
        unknown = [] if by else names
    else:
        values = [value(place, name) for name in names]
        unknown = [n for n, v in zip(names, values, strict=True) if not v]
        by = {"httpHeaderName": KEY}
        if names and not unknown:
            text = "".join(
                value(place, n) if n else p[0].replace("%", "%%")
                for p in parts
                for n in [p[1] or p[2]]
            )
            yield Route("headers.request.set", {KEY: text})
            yield HEADER("upstream-hash-by", header=KEY, by=key)
    if unknown or not names:
        name = f"${unknown[0]}" if unknown else "a text that is always the same"
        yield NO_HASH("upstream-hash-by", name=name, by=key)
        return
    present = carrying(names[0]) if len(set(names)) == 1 else {}
    if not present:
        yield Destination("loadBalancer.consistentHash", by, upstream=upstream.name)
    elif place.upstream is not None and place.upstream.alternatives:
        yield Destination("loadBalancer.consistentHash", by, upstream=upstream.name)
        yield NO_KEY("upstream-hash-by", by=key)
    else:
        policy = {"loadBalancer": {"consistentHash": by}}
        yield RouteBefore(Phase.SPLIT, {"route": [to(upstream, policy=policy)]}, present)
        # nginx hashes an empty text for all others: the scheme is as good as the same for all
        yield Destination("loadBalancer.consistentHash.httpHeaderName", ":scheme")
    if "uri" in names or "document_uri" in names:
        yield PATH("upstream-hash-by")
    subset = upstream.settings.get("upstream-hash-by-subset")
    if subset is not None and subset.value:
        size = upstream.settings.get("upstream-hash-by-subset-size")
        yield SUBSET("upstream-hash-by-subset", size=size.value if size else 3)


def carrying(name: str) -> dict[str, Any]:
    """Match requests that have the variable, empty for a variable that every request has."""
    kind, _, rest = name.partition("_")
    if kind == "arg":
        return {"queryParams": {rest: {"regex": ".*"}}}
    if kind == "http" and rest != "host":
        return {"headers": {rest.lower().replace("_", "-"): {"regex": ".*"}}}
    if kind == "cookie":
        return {"headers": {"cookie": {"regex": f"(.*[;,] *)?(?i:{re.escape(rest)}) *=.*"}}}
    return {}


def one(place: Place, name: str) -> dict[str, Any]:
    """Istio's key for one variable of nginx's, empty when there is none."""
    kind, _, rest = name.partition("_")
    if name in ("remote_addr", "binary_remote_addr"):
        return {"useSourceIp": True}
    if kind == "http" and rest != "host":
        return {"httpHeaderName": rest.lower().replace("_", "-")}
    if kind == "cookie":
        return {"httpCookie": {"name": rest}}
    if kind == "arg":
        return {"httpQueryParameterName": rest}
    if name in ("request_uri", "uri", "document_uri"):
        target = place.location.settings.get("rewrite-target")
        rewritten = target is not None and target.value != place.location.path
        # Envoy hashes the request as it goes on to the pod; this header keeps the path that came.
        return {"httpHeaderName": "x-envoy-original-path" if rewritten else ":path"}
    if name in ("host", "http_host", "server_name"):
        vhost = "upstream-vhost" in place.location.settings
        return {"httpHeaderName": "x-forwarded-host" if vhost else ":authority"}
    return {"httpHeaderName": ":method"} if name == "request_method" else {}


def value(place: Place, name: str) -> str:
    """Envoy's operator for a variable of nginx's, "" when there is none."""
    kind, _, rest = name.partition("_")
    if name in ("remote_addr", "binary_remote_addr"):
        return "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
    if name in ("request_uri", "uri", "document_uri"):
        return "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%"
    if name in ("host", "http_host"):
        return "%REQ(:AUTHORITY)%"
    if kind == "http":
        return f"%REQ({rest.lower().replace('_', '-')})%"
    simple = {"request_method": "%REQ(:METHOD)%", "scheme": "%REQ(:SCHEME)%"}
    return simple.get(name, place.server.host if name == "server_name" else "")


@rule("service-upstream", at="upstream", when="configured")
def service_upstream(place: Place) -> Iterator[Edit | Finding]:
    """Say what becomes of the Service's own address as nginx's only endpoint: pods are asked."""
    if place.upstream is not None and place["service-upstream"]:
        yield KUBE_PROXY("service-upstream")


@rule("load balancing", "endpoints used directly", at="conversion", when="always")
def in_turn(place: Place) -> Iterator[Edit | Finding]:
    """Say once how pods are chosen where no annotation says anything."""
    if place.config.controller.config["load-balance"] == "ewma":
        yield EWMA("load-balance").for_every_host()
        return
    zones = place.config.controller.flags.get("enable-topology-aware-routing") is True
    near = ", and prefers those of its own zone (--enable-topology-aware-routing)" if zones else ""
    too = "; for zones set trafficDistribution: PreferClose in the Services" if zones else ""
    yield IN_TURN("", near=near, near_too=too).for_every_host()
