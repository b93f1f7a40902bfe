"""Unknown hosts: nginx itself answers health checks and large bodies, and shows its status."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Phase,
    Place,
    RouteBefore,
    block_matches,
    checked_paths,
    comes_to,
    controllers_locations,
    limit_of_block,
    longer_than,
    max_body_size,
    of_other_hosts,
    readable_size,
    requests_below,
    rule,
)

HEALTH = Message(
    "N2I104",
    "unsupported",
    "info",
    "Health check of unknown hosts",
    "nginx answers 200 to {path}, and 403 to /nginx_status, under a host that no Ingress names. "
    "The gateway has a readiness port of its own (15021, /healthz/ready).",
    "Point the load balancer's health check at the gateway's status port.",
    frozenset({"routing", "status", "access"}),
)
CHECKED = Message(
    "N2I108",
    "approximated",
    "warning",
    "Health check behind a protection",
    "nginx answers {path} under a host that no Ingress names, whoever asks. At the gateway "
    "the protection of these hosts comes first, and refuses clients that it denies.",
    "Point the load balancer's health check at the gateway's status port.",
    frozenset({"routing", "status", "access", "auth"}),
)
STATUS_PAGE = Message(
    "N2I109",
    "unsupported",
    "warning",
    "Status page for other machines",
    "nginx shows its figures at /nginx_status to {networks}, under a host that no Ingress names. "
    "The gateway does not.",
    "Read the gateway's figures at its port 15020, /stats/prometheus.",
    frozenset({"routing", "status", "access"}),
)
OVERSIZED = Message(
    "N2I949",
    "approximated",
    "info",
    "Large bodies at unknown hosts",
    "nginx answers 413 to a body over {size} under a host that no Ingress names, before its 404. "
    "The gateway answers 404.",
    aspects=frozenset({"body-limit"}),
)
READERS = ("nginx-status-ipv4-whitelist", "nginx-status-ipv6-whitelist")
ITSELF = frozenset({"127.0.0.1", "::1", "127.0.0.0/8", "127.0.0.1/32", "::1/128"})


@rule("health endpoints", at="conversion", when="always")
def health(place: Place) -> Iterator[Finding]:
    """`/healthz` (or --health-check-path) of unknown hosts belongs to nginx itself."""
    if not any(s.host == "_" for s in place.config.servers):
        paths = [block.path for block in controllers_locations(place.config)]
        asked = dict.fromkeys(each for path in paths for each in requests_below(path))
        yield HEALTH("", path=paths[0]).for_requests(*asked).for_every_host()


@rule(at="conversion", when="always", reads="proxy-body-size")
def large_bodies(place: Place) -> Iterator[Finding]:
    """The server of unknown hosts has the ConfigMap's limit (``createServers``)."""
    config, size = place.config, max_body_size(place["proxy-body-size"])
    if size and not any(s.host == "_" for s in config.servers):
        asked = replace(of_other_hosts(config), body_over=size)
        yield OVERSIZED("", size=readable_size(size)).for_requests(asked).for_every_host()


@rule(*READERS, at="conversion", when="configured")
def status_page(place: Place) -> Iterator[Finding]:
    """What nginx tells of itself is read inside its pod by default."""
    for key in READERS:
        others = [network for network in place.list(key) if network not in ITSELF]
        if others:
            asked = requests_below("/nginx_status")
            yield STATUS_PAGE(key, networks=", ".join(others)).for_requests(*asked).for_every_host()


@rule(when="always")
def health_of_catch_all(place: Place) -> Iterator[Edit | Finding]:
    """Where an Ingress takes unknown hosts, routes say what nginx itself says there."""
    if place.server.host != "_" or place.server.regex or place.slash_redirect:
        return
    for block, status in zip(controllers_locations(place.config), (200, 403), strict=True):
        if comes_to(place.server, place.location, block):
            limit = limit_of_block(place, block)
            for match in block_matches(block, inside=False):
                if limit:
                    too_long = {"directResponse": {"status": 413}}
                    larger = {**match, **longer_than(limit)}
                    yield RouteBefore(Phase.SERVER, too_long, larger, bare=True)
                answer = {"directResponse": {"status": status}}
                yield RouteBefore(Phase.SERVER, answer, match, bare=True)
            if checked_paths(place):
                finding = CHECKED("", path=block.path).for_requests(*requests_below(block.path))
                yield finding.for_host()
