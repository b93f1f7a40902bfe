"""What `--compat full` and `lean` leave out of what nginx does by default, each said once."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Location,
    Message,
    Place,
    Requests,
    Server,
    body_limit_of_block,
    built_limit,
    early,
    error_pages,
    limits_bodies,
    max_body_size,
    readable_size,
    requests_below,
    rule,
    server_locations,
    speaks_grpc,
)

NO_DEFAULT = Message(
    "N2I940",
    "approximated",
    "info",
    "The default body limit is not built",
    "nginx answers 413 to a body over {size}, which is its default. No annotation and no ConfigMap "
    "sets a limit, so the gateway has none.",
    "Set proxy-body-size where a backend needs a limit.",
    frozenset({"body-limit"}),
)
NO_LIMIT = Message(
    "N2I941",
    "unsupported",
    "warning",
    "The body limit is left out",
    "nginx answers 413 to a body over {size}. The gateway passes it on (--compat lean).",
    "Convert with --compat full, or limit bodies in the backend.",
    frozenset({"body-limit"}),
)
NO_LIMIT_OF_BLOCK = Message(
    "N2I948",
    "unsupported",
    "info",
    "Body limit of a location block",
    "nginx answers 413 to a body over {size} at {text}. The gateway does not look at the length "
    "(--compat lean).",
    "Convert with --compat full if clients send such bodies there.",
    frozenset({"body-limit"}),
)
NO_PAGE = Message(
    "N2I392",
    "approximated",
    "info",
    "Pages for large bodies",
    "nginx answers a body over {size} with the page of {maker} for 413. The output has no limit "
    "here (--compat {compat}), so such requests are treated as others.",
    "Set proxy-body-size where clients need the page, and convert with --compat full.",
    frozenset({"body-limit", "routing"}),
)
ISTIO_OWN = Message(
    "N2I944",
    "approximated",
    "info",
    "Default timeouts and retries are not built",
    "By default nginx answers 504 when a backend is silent for {seconds} s, and tries a request up "
    "to 3 times. Nobody set this, so Istio's own defaults hold: no time limit, 2 retries.",
    "Set proxy-read-timeout where clients must not wait longer, or for all in the ConfigMap.",
    frozenset({"timeout", "retries"}),
)
CLIENT_HEADERS = Message(
    "N2I151",
    "approximated",
    "warning",
    "Forwarded headers left out",
    "Backends no longer get X-Real-IP, X-Forwarded-Host, -Port and -Scheme, X-Scheme and "
    "X-Original-Forwarded-*. X-Forwarded-For and Proxy come as the client sends them.",
    "Convert with --compat full, or check that no backend reads or trusts them.",
    frozenset({"request-headers"}),
)
ORIGINAL_HOST = Message(
    "N2I943",
    "approximated",
    "info",
    "X-Original-Forwarded-Host is left out",
    "nginx passes a client's X-Forwarded-Host on as X-Original-Forwarded-Host. The gateway does "
    "not, and passes on what a client sends under that name.",
    "Convert with --compat exact if a backend reads the header.",
    frozenset({"request-headers"}),
    (Requests(header="X-Forwarded-Host"), Requests(header="X-Original-Forwarded-Host")),
)
TRANSPORT_SECURITY = Message(
    "N2I945",
    "approximated",
    "warning",
    "No Strict-Transport-Security header",
    "nginx adds Strict-Transport-Security to every answer over https by default. The gateway does "
    "not (--compat lean).",
    "Convert with --compat full, or add the header to the routes of hosts that need it.",
    frozenset({"response-headers"}),
    (Requests(scheme="https"),),
)
BODY = "proxy-body-size"
TRIES = (
    "proxy-next-upstream",
    "proxy-next-upstream-tries",
    "retry-non-idempotent",
    "proxy-read-timeout",
)
HSTS = ("hsts", "hsts-max-age", "hsts-include-subdomains", "hsts-preload")


@rule(at="conversion", when="always", reads=BODY)
def default_body_limit(place: Place) -> Iterator[Edit | Finding]:
    """A body over nginx's default limit reaches backends whose limit nobody set."""
    config, size = place.config, max_body_size(place[BODY])
    hosts = config.hosts_where(lambda _, location: not config.is_set(location, BODY))
    if hosts and size and not place.builds(BODY):
        finding = NO_DEFAULT(BODY, size=readable_size(size))
        yield finding.for_requests(Requests(body_over=size)).for_hosts(hosts)


@rule(when="configured", reads=BODY)
def body_limit(place: Place) -> Iterator[Edit | Finding]:
    """Nobody writes a limit by hand for which Istio has no field."""
    size = max_body_size(place[BODY])
    if size and place.options.compat == "lean":
        yield NO_LIMIT(BODY, size=readable_size(size)).for_requests(Requests(body_over=size))


@rule(at="server", when="always", reads=BODY)
def limits_of_blocks(place: Place) -> Iterator[Edit | Finding]:
    """Blocks beside the locations have limits of their own."""
    config, server = place.config, place.server
    unset = any(not config.is_set(location, BODY) for location in server.locations)
    announced = max_body_size(place[BODY]) if unset and not place.builds(BODY) else 0
    for block in server_locations(config, server):
        size = body_limit_of_block(config, server, block)
        if size and not built_limit(place, block) and not 0 < announced <= size:
            finding = NO_LIMIT_OF_BLOCK("", size=readable_size(size), text=block.text)
            at_block = [] if block.match == "regex" else requests_below(block.path)
            asked = [replace(each, body_over=size) for each in at_block or [Requests()]]
            yield finding.for_requests(*asked).for_host()


@rule(when="configured", reads=(BODY, "custom-http-errors"))
def page_of_body_limit(place: Place) -> Iterator[Edit | Finding]:
    """Who has an error page for 413 does not set the limit by that."""
    size = max_body_size(place[BODY])
    pages = error_pages(place.config, place.server, place.location)
    answers = early(place.config, place.server, place.location).always
    shown = place.options.filters("error-pages") if place.proxied else answers
    if size and not limits_bodies(place) and 413 in pages.codes and shown:
        facts = {"size": readable_size(size), "maker": pages.maker, "compat": place.options.compat}
        yield NO_PAGE("custom-http-errors", **facts).for_requests(Requests(body_over=size))


@rule(at="conversion", when="always", reads=TRIES)
def default_retries(place: Place) -> Iterator[Edit | Finding]:
    """Where nobody set a time or a number of tries, Istio's own hold."""
    config = place.config

    def by_default(_: Server, location: Location) -> bool:
        unset = not any(config.is_set(location, key) for key in TRIES)
        return bool(location.upstream) and unset and not speaks_grpc(config, location)

    hosts = config.hosts_where(by_default) if place.options.compat != "exact" else []
    if hosts:
        finding = ISTIO_OWN("", seconds=place.number("proxy-read-timeout"))
        yield finding.for_hosts(hosts)


@rule(at="conversion", when="always", reads="forwarded-host-header")
def headers_about_clients(place: Place) -> Iterator[Edit | Finding]:
    """`full` leaves out what only a client says, `lean` all headers that nginx adds."""
    hosts = place.config.hosts_where(lambda _, location: bool(location.upstream))
    if hosts and place.options.compat == "lean":
        yield CLIENT_HEADERS("").for_hosts(hosts)
    elif hosts and not place.builds("forwarded-host-header"):
        yield ORIGINAL_HOST("").for_hosts(hosts)


@rule(at="server", when="always", reads=HSTS)
def default_transport_security(place: Place) -> Iterator[Edit | Finding]:
    """`lean` leaves the header out where nobody set it."""
    if place.options.compat == "lean" and place.tls and place["hsts"] and not place.builds(*HSTS):
        yield TRANSPORT_SECURITY("").for_host()
