"""mirror-target, mirror-host, mirror-request-body: copies of requests for another server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from nginx2istio.istio.envoy.mirror import mirror_policy
from nginx2istio.rule import (
    Edit,
    ExternalHost,
    Finding,
    Message,
    Place,
    Route,
    envoy_filter,
    external_destination,
    rule,
)

OWN_HEADERS = Message(
    "N2I360",
    "approximated",
    "warning",
    "Mirrored requests keep their Host and headers",
    "nginx sends copies to {target} with path {path}, Host {name} and no headers about the client. "
    "Istio sends the request's own {what} and all headers.",
    "Convert with --envoy-filters, or let the mirror accept these requests.",
    frozenset({"mirror"}),
)
MIRRORED_PATH = Message(
    "N2I361",
    "approximated",
    "warning",
    "Mirrored requests keep their path",
    "nginx sends copies to {target} with path {path}. Envoy sends the request's own path.",
    "Let the mirror accept every path.",
    frozenset({"mirror"}),
)
MIRRORED_BODY = Message(
    "N2I362",
    "approximated",
    "warning",
    "The mirror gets request bodies",
    'mirror-request-body: "off" keeps bodies from the mirror. Envoy sends them.',
    "Check that the mirror may read what clients send.",
    frozenset({"mirror"}),
)
UNUSABLE = Message(
    "N2I363",
    "unsupported",
    "warning",
    "Requests are no longer mirrored",
    "Istio sends no copies to {target}, because it {reason}.",
    "Name a host and a port, such as http://shadow.team-a.svc.cluster.local:8080$request_uri.",
    frozenset({"mirror"}),
)
WAITS = Message(
    "N2I364",
    "translated",
    "info",
    "Clients no longer wait for the mirror",
    "nginx ends a client's request only when the mirror has answered. Envoy does not wait.",
)
UNSERVED = Message(
    "N2I365",
    "approximated",
    "info",
    "Requests without a path are not mirrored",
    "nginx also copies requests that no path of the host takes, and answers them with 404. Istio "
    "does not copy them.",
    aspects=frozenset({"mirror"}),
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
REQUEST_PATH = ("$request_uri", "$uri$is_args$args")
"""The end of a target by which nginx sends the path of the request."""


@dataclass(frozen=True, slots=True)
class Target:
    """A mirror-target: host, port, whether over TLS, and the path with nginx's variables."""

    host: str
    port: int
    tls: bool
    path: str


@rule("mirror-target", "mirror-host", "mirror-request-body", reads="rewrite-target")
def mirror(place: Place) -> Iterator[Edit | Finding]:
    """A copy of each request goes to the target, whose answer nobody sees.

    nginx sends exactly the target's path; Envoy copies the request as it goes to the pods.
    """
    if place.location.slash_redirect or "mirror-target" not in place:
        return
    if place.upstream is None:
        yield UNSERVED("mirror-target")
        return
    target = parsed(place.text("mirror-target"))
    if target is None:
        reason = "names no host that the conversion can read"
        yield UNUSABLE(place, target=place.text("mirror-target"), reason=reason)
    elif re.fullmatch(r"localhost|127\..*|\[?::1\]?", target.host):
        reason = "is the controller's own pod"
        yield UNUSABLE(place, target=place.text("mirror-target"), reason=reason)
    else:
        yield from copies(place, target)
        yield WAITS("mirror-target")
        if place.text("mirror-request-body") == "off":
            yield MIRRORED_BODY("mirror-request-body")


def parsed(text: str) -> Target | None:
    """A target, None when its host is missing or a variable."""
    base, _, variables = text.partition("$")
    url = urlsplit(base)
    if "$" in base[: len(url.scheme) + 3] or not url.hostname:
        return None
    tls = url.scheme == "https"
    path = url.path + (f"${variables}" if variables else "")
    return Target(url.hostname, url.port or (443 if tls else 80), tls, path)


def copies(place: Place, target: Target) -> Iterator[Edit | Finding]:
    """The mirror itself, and what differs in the copies."""
    name = place.text("mirror-host") if "mirror-host" in place else target.host
    host = registry_host(place, target.host)
    if not host.endswith(".svc.cluster.local"):
        yield ExternalHost(host, target.port, tls=target.tls)
    same_path = target.path in REQUEST_PATH and not rewritten(place)
    facts = {
        "target": place.text("mirror-target"),
        "path": target.path or "a path of its own (/_mirror-...)",
    }
    if place.options.filters("mirror") and not target.tls:
        policy = mirror_policy(place.route_name, host, target.port, name, ABOUT_CLIENT)
        yield envoy_filter(place, "mirror", f"mirror of {place.route_name}", policy)
        if not same_path:
            yield MIRRORED_PATH("mirror-target", **facts)
    else:
        destination = external_destination(host, target.port, TLS if target.tls else None)
        yield Route("mirrors", [destination])
        what = "Host" if same_path else "Host and path"
        yield OWN_HEADERS("mirror-target", what=what, name=name, **facts)


def registry_host(place: Place, host: str) -> str:
    """The name of a Service as Istio's registry has it, where a shorter one must mean a Service."""
    short = re.fullmatch(r"([^.]+)\.([^.]+)(\.svc)?", host)
    if short and (short[3] or (short[2], short[1]) in place.config.services):
        return f"{short[1]}.{short[2]}.svc.cluster.local"
    return host.removesuffix(".")


def rewritten(place: Place) -> bool:
    """Whether the pods, and with them the mirror, get another path than the client's."""
    return "rewrite-target" in place and place["rewrite-target"] != place.location.path
