"""What differs for every conversion, whatever the annotations say."""

from collections.abc import Iterator, Mapping

from nginx2istio.rule import (
    OF_LOCATION,
    WHO_ANSWERS,
    Edit,
    Finding,
    Message,
    NginxConfig,
    Place,
    Requests,
    addresses,
    external_auth,
    https_but,
    max_body_size,
    memo,
    readable_size,
    rule,
)

HTTPS_EVERYWHERE = Message(
    "N2I901",
    "unsupported",
    "info",
    "https for hosts without a certificate",
    "nginx also answers https for hosts without a certificate, with a self-signed one that no"
    " client trusts. The gateway does not.",
    "Name a certificate in spec.tls for each host that needs https.",
    WHO_ANSWERS | {"tls"},
)
HTTPS_ELSEWHERE = Message(
    "N2I937",
    "approximated",
    "warning",
    "https of a host goes to another",
    "nginx serves https of a host without a certificate with a self-signed one. The gateway has "
    "the certificate of {other}, and answers as for {other}.",
    "Name a certificate for the host in spec.tls.",
    OF_LOCATION | {"tls", "balancing"},
    (Requests(scheme="https"),),
)
DENIED_FIRST = Message(
    "N2I950",
    "approximated",
    "info",
    "Large bodies of denied clients",
    "nginx answers 413 to a body over {size} before it checks the client. The gateway checks the "
    "client first, and answers 401 or 403 to those that it denies.",
    aspects=frozenset({"access", "auth", "body-limit"}),
)
NO_UPGRADE = Message(
    "N2I906",
    "approximated",
    "info",
    "Upgrades that a backend refuses",
    "When a backend refuses a WebSocket with a status from 200 to 399, Envoy drops the body "
    "and its Content-Type. Envoy does not offer h2c to backends, and answers 403 to other "
    "protocols.",
    aspects=frozenset({"body", "response-headers", "request-headers"}),
    requests=(Requests(header="Upgrade"),),
)
ERROR_PAGES = Message(
    "N2I904",
    "approximated",
    "info",
    "Error pages of the proxy",
    "The proxy's own answers (404, 413, 502, 503) have a small HTML page in nginx, and a "
    "line of text or nothing in Envoy. The status is the same.",
    "Use custom-http-errors if you need pages of your own.",
    frozenset({"body"}),
)
ACCEL = Message(
    "N2I907",
    "approximated",
    "info",
    "X-Accel headers of backends",
    "nginx obeys and hides the response headers X-Accel-* of a backend. Envoy passes them on "
    "to the client and does not follow X-Accel-Redirect.",
    "Check backends that send X-Accel-Redirect: let them answer themselves.",
    frozenset({"response-headers", "body"}),
    (Requests(response_header="X-Accel-.*"),),
)
LONG_ANSWERS = Message(
    "N2I908",
    "approximated",
    "info",
    "Long response headers",
    "nginx answers 502 when the response headers of a backend are longer than {size} "
    "(proxy-buffer-size). Envoy accepts up to 60 KB.",
    aspects=frozenset({"protocol"}),
)
KNOWN_LONG = Message(
    "N2I923",
    "approximated",
    "info",
    "Backend that sends long response headers",
    "nginx answers 502 to response headers over {size} (proxy-buffer-size) here, and takes "
    "{largest} of Service {service} elsewhere. Envoy passes them on.",
    aspects=frozenset({"protocol"}),
)


@rule(
    "https on every host",
    "WebSocket / upgrade",
    "HTML error pages",
    "X-Accel-* backend headers",
    "response header size",
    at="conversion",
    when="always",
    reads="proxy-buffer-size",
)
def baseline(place: Place) -> Iterator[Edit | Finding]:
    """What holds for every conversion."""
    certified = place.config.certified_hosts
    yield HTTPS_EVERYWHERE("").for_requests(https_but(certified)).for_every_host()
    others = place.config.host_names - certified
    for star in sorted(name for name in certified if name.startswith(("_", "*."))):
        below = {name for name in others if star == "_" or name.endswith(star[1:])}
        if below:
            other = "unknown hosts" if star == "_" else star
            yield HTTPS_ELSEWHERE("", other=other).for_hosts(below)
    yield NO_UPGRADE("").for_hosts(place.config.proxied_hosts)
    yield ERROR_PAGES("").for_every_host()
    yield ACCEL("").for_hosts(place.config.proxied_hosts)
    size = place["proxy-buffer-size"]
    long = Requests(response_header_over=max_body_size(size))
    yield LONG_ANSWERS("", size=size).for_requests(long).for_every_host()


@rule(at="conversion", when="always", reads="proxy-body-size")
def denied_first(place: Place) -> Iterator[Edit | Finding]:
    """A large body of a denied client: nginx looks at its length when it chooses the location.

    ``ngx_http_core_find_config_phase`` comes before access; Envoy's policies come before routes.
    """
    sizes: dict[int, set[str]] = {}
    for server in place.config.servers:
        for location in server.locations:
            if addresses(place.config, location) or external_auth(place.config, location):
                size = max_body_size(place.at(location, "proxy-body-size"))
                sizes.setdefault(size, set()).update((server.host, *server.aliases))
    for size, hosts in sorted(sizes.items()):
        if size:
            finding = DENIED_FIRST("", size=readable_size(size))
            yield finding.for_requests(Requests(body_over=size)).for_hosts(hosts)


@rule(at="proxied", when="always", reads="proxy-buffer-size")
def long_answers(place: Place) -> Iterator[Edit | Finding]:
    """A Service for which another path has a larger proxy-buffer-size sends long headers."""
    size = place.text("proxy-buffer-size")
    if place.upstream is None or not size:
        return
    largest = _largest(place.config).get((place.upstream.namespace, place.upstream.service), "")
    if largest and max_body_size(largest) > max_body_size(size):
        service = f"{place.upstream.namespace}/{place.upstream.service}"
        yield KNOWN_LONG("proxy-buffer-size", service=service, size=size, largest=largest)


@memo
def _largest(config: NginxConfig) -> Mapping[tuple[str, str], str]:
    """The largest proxy-buffer-size of each Service, where an annotation says one."""
    largest: dict[tuple[str, str], str] = {}
    for server in config.servers:
        for location in server.locations:
            setting, upstream = location.settings.get("proxy-buffer-size"), location.upstream
            if setting and upstream in config.upstreams:
                of = config.upstreams[upstream].namespace, config.upstreams[upstream].service
                largest[of] = max(largest.get(of, "0"), setting.text, key=max_body_size)
    return largest
