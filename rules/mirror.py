"""mirror-target, mirror-host, mirror-request-body: copies of requests for another server."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from nginx2istio.rule import (
    Edit,
    ExternalHost,
    Finding,
    Message,
    Place,
    Route,
    envoy_filter,
    external_destination,
    on_route,
    rule,
)

TOLD = Message(
    "N2I360",
    "approximated",
    "warning",
    "",
    "copies of requests reach {target} with the request's own {what} and with the headers about "
    "the client; nginx sends {there}, Host {name} and no such headers",
    "convert with --envoy-filters, or let the mirror take them so",
    frozenset({"mirror"}),
)
PATH = Message(
    "N2I361",
    "approximated",
    "warning",
    "",
    "copies of requests reach {target} with the request's own path; nginx sends {there}",
    "let the mirror take every path",
    frozenset({"mirror"}),
)
BODY = Message(
    "N2I362",
    "approximated",
    "warning",
    "",
    'mirror-request-body: "off" keeps bodies from the mirror; Envoy sends them',
    "see that the mirror may read what clients send",
    frozenset({"mirror"}),
)
UNUSABLE = Message(
    "N2I363",
    "unsupported",
    "warning",
    "",
    "no copies are sent: {target} {why}",
    "name a host and a port, such as http://shadow.team-a.svc.cluster.local:8080$request_uri",
    frozenset({"mirror"}),
)
WAITS = Message(
    "N2I364",
    "translated",
    "info",
    "",
    "nginx ends a client's request only when the mirror has answered; Envoy does not wait",
    "nothing",
)
UNSERVED = Message(
    "N2I365",
    "approximated",
    "info",
    "",
    "nginx sends copies of requests, too, that no path of the host takes and that it answers with "
    "404",
    "nothing",
    frozenset({"mirror"}),
)
ABOUT_CLIENT = (
    "x-real-ip",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-scheme",
)
TLS = {"tls": {"mode": "SIMPLE", "insecureSkipVerify": True}}
OWN = ("$request_uri", "$uri$is_args$args")
"""What a target ends with that sends the request's own path on."""


@rule("mirror-target", "mirror-host", "mirror-request-body")
def mirror(place: Place) -> Iterator[Edit | Finding]:
    """A copy of each request goes to the target, whose answer nobody sees.

    nginx sends exactly the target's path; Envoy copies the request as it goes to the pods.
    """
    if place.location.slash_redirect or "mirror-target" not in place:
        return
    if place.upstream is None:
        yield UNSERVED("mirror-target")
        return
    target = place.text("mirror-target")
    base, _, variable = target.partition("$")
    url = urlsplit(base)
    port = url.port or (443 if url.scheme == "https" else 80)
    if "$" in base[: len(url.scheme) + 3] or not url.hostname:
        yield UNUSABLE("mirror-target", target=target, why="has no host that is known")
        return
    if re.fullmatch(r"localhost|127\..*|\[?::1\]?", url.hostname):
        why = "is the controller's own pod"
        yield UNUSABLE("mirror-target", target=target, why=why)
        return
    path = url.path + ("$" + variable if variable else "")
    yield from sent(place, target, url.hostname, port, url.scheme == "https", path)


def sent(
    place: Place, target: str, host: str, port: int, tls: bool, path: str
) -> Iterator[Edit | Finding]:
    """The mirror itself, and what it is told otherwise."""
    name = place.text("mirror-host") if "mirror-host" in place else host
    host = whole(place, host)
    if not host.endswith(".svc.cluster.local"):
        yield ExternalHost(host, port, tls=tls)
    spec = external_destination(host, port, TLS if tls else None)
    own = path in OWN and not rewritten(place)
    there = path or "a path of its own (/_mirror-...)"
    if place.options.envoy_filters and not tls:
        yield envoy_filter(place, f"mirror of {place.route_name}", copied(place, host, port, name))
        if not own:
            yield PATH("mirror-target", target=target, there=there)
    else:
        yield Route("mirrors", [spec])
        what = "Host" if own else "Host and path"
        yield TOLD("mirror-target", target=target, what=what, there=there, name=name)
    yield WAITS("mirror-target")
    if place.text("mirror-request-body") == "off":
        yield BODY("mirror-request-body")


def copied(place: Place, host: str, port: int, name: str) -> dict[str, Any]:
    """Envoy's own mirror policy, which can set the Host and take headers away."""
    policy = {
        "cluster": f"outbound|{port}||{host}",
        "host_rewrite_literal": name,
        "request_headers_mutations": [{"remove": header} for header in ABOUT_CLIENT],
    }
    value = {"route": {"request_mirror_policies": [policy]}}
    return on_route(place.route_name, value, action="ROUTE")


def whole(place: Place, host: str) -> str:
    """Return the name of a Service as Istio knows it, where a shorter one is surely meant so."""
    short = re.fullmatch(r"([^.]+)\.([^.]+)(\.svc)?", host)
    if short and (short[3] or (short[2], short[1]) in place.config.services):
        return f"{short[1]}.{short[2]}.svc.cluster.local"
    return host.removesuffix(".")


def rewritten(place: Place) -> bool:
    """Whether the pods, and with them the mirror, see another path than the client's."""
    target = place.location.settings.get("rewrite-target")
    return target is not None and target.value != place.location.path
