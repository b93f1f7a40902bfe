"""Paths as Envoy matches them, and what of them backends get."""

from collections.abc import Iterator

from nginx2istio.rule import (
    RESPELLED,
    Edit,
    Finding,
    Location,
    MeshField,
    Message,
    Place,
    Server,
    protections,
    rule,
)

PATHS = Message(
    "N2I903",
    "approximated",
    "info",
    "Paths that Envoy normalizes",
    "For paths with //, dot segments or escapes, nginx matches the normalized path but passes on "
    "the path that the client sent. Envoy passes on the normalized path.",
    "Check backends that distinguish such spellings.",
    frozenset({"path", "request-headers"}),
    (RESPELLED,),
)

BY_PATH = ("app-root", "rewrite-target", "configuration-snippet", "server-snippet")


@rule(
    "path normalisation",
    at="conversion",
    when="always",
    reads=(*BY_PATH, "location-snippet", "http-snippet"),
)
def normalized_paths(place: Place) -> Iterator[Edit | Finding]:
    """Mesh configuration makes Envoy match normalized paths as nginx does.

    Where nothing is decided by the path, Istio's default leaves more of it as the client sent it.
    """
    everywhere = map(place.configured, ("location-snippet", "server-snippet", "http-snippet"))
    decided = (_by_path(place, s, x) for s in place.config.servers for x in s.locations)
    if any(everywhere) or any(decided):
        yield MeshField("pathNormalization", {"normalization": "DECODE_AND_MERGE_SLASHES"})


def _by_path(place: Place, server: Server, location: Location) -> bool:
    """Whether the path of a request decides something at a location, or who may reach it."""
    if (location.match, location.path) != ("prefix", "/"):
        return True
    if any(key in location.settings or key in server.settings for key in BY_PATH):
        return True
    return bool(protections(place.config, server, location, tls=True))


@rule(at="conversion", when="always", reads="rewrite-target")
def passed_paths(place: Place) -> Iterator[Edit | Finding]:
    """What backends get of the client's path; nginx passes a rewritten one normalized, too."""
    hosts = {
        name
        for server in place.config.servers
        if any(x.upstream and not _rewritten(place, x) for x in server.locations)
        for name in (server.host, *server.aliases)
    }
    yield PATHS("").for_hosts(hosts)


def _rewritten(place: Place, location: Location) -> bool:
    """Whether a location changes the path: a target equal to it does not (``buildProxyPass``)."""
    target = place.at(location, "rewrite-target")
    return bool(target) and target != location.declared
