"""permanent-redirect, temporal-redirect, app-root, from-to-www-redirect: answers that move on."""

from collections.abc import Iterator

from nginx2istio.rule import (
    RESPELLED,
    TARGET_WITHOUT_SLASH,
    WITH_LOCATION,
    WITH_SLASH,
    Edit,
    Finding,
    HostRoute,
    Message,
    OtherHost,
    Phase,
    Place,
    Requests,
    RouteBefore,
    answer,
    literal,
    rule,
    www_twin,
)

WWW_SLASH = Message(
    "N2I131",
    "approximated",
    "info",
    "Trailing slash in the www redirect",
    "nginx removes a trailing slash when it redirects between {name} and {host}. Envoy keeps it.",
    "Convert with --compat exact or --envoy-filters if clients depend on the shorter address.",
    frozenset({"redirect"}),
)
WWW_HTTP2 = Message(
    "N2I132",
    "approximated",
    "info",
    "HTTP/2 for the www twin",
    "nginx speaks only HTTP/1.1 for {name}, and answers 421 to HTTP/2 on other connections. "
    "The gateway speaks HTTP/2, too.",
    aspects=frozenset({"tls", "status", "redirect"}),
    requests=(Requests(http="2"),),
)


LOCATIONS = Message(
    "N2I909",
    "approximated",
    "info",
    "Redirects to normalized paths",
    "For such paths (//, dot segments, escapes), nginx redirects to the path that the client sent. "
    "Envoy redirects to the normalized path.",
    aspects=frozenset({"redirect"}),
    requests=(RESPELLED,),
)


@rule(
    "permanent-redirect",
    "permanent-redirect-code",
    "temporal-redirect",
    "temporal-redirect-code",
    "relative-redirects",
)
def redirect(place: Place) -> Iterator[Edit | Finding]:
    """nginx returns 301 (or the code) with exactly the URL: the request's path and query are lost.

    Istio's redirect would keep the query, so a direct response with a Location replaces it.
    """
    for kind, code in (("temporal", 302), ("permanent", 301)):
        if f"{kind}-redirect" not in place:
            continue
        url = literal(place.text(f"{kind}-redirect"))
        if f"{kind}-redirect-code" in place:
            code = place.number(f"{kind}-redirect-code")
        if code not in WITH_LOCATION:  # nginx then returns the address as a text
            text = {"status": code, "body": {"string": place.text(f"{kind}-redirect")}}
            without_location = {"response": {"remove": ["Location"]}}
            fields = {"directResponse": text, "headers": without_location}
            yield RouteBefore(Phase.RETURN, fields)
            return
        if url.startswith("/") and not place["relative-redirects"]:
            for port, scheme in ((80, "http"), (443, "https")):
                absolute = f"{scheme}://{place.redirect_host}{url}"
                yield RouteBefore(Phase.RETURN, answer(code, absolute), port=port)
        else:
            yield RouteBefore(Phase.RETURN, answer(code, url))
        return  # a temporal redirect wins over a permanent one


@rule("app-root")
def app_root(place: Place) -> Iterator[Edit | Finding]:
    """nginx answers `/` of the whole host with 302 to the path; the query is lost."""
    root = literal(place.text("app-root"))
    for port, scheme in ((80, "http"), (443, "https")):
        url = f"{scheme}://%REQ(:AUTHORITY)%{root}"
        for spelling in ("/", "//"):  # Envoy merges all slashes but these
            match = {"uri": {"exact": spelling}}
            yield HostRoute(Phase.SERVER, match, answer(302, url), port=port)


@rule(
    "from-to-www-redirect",
    at="server",
    reads=("http-redirect-code", "use-http2", "use-forwarded-headers"),
)
def from_to_www(place: Place) -> Iterator[Edit | Finding]:
    """nginx makes a server for the twin of the host (with or without www.) that only redirects.

    There is none where the twin has Ingresses of its own; an alias of that name has no effect.
    With `use-forwarded-headers` X-Forwarded-Proto and -Port go into the address.
    """
    name = www_twin(host := place.server.host)
    if not place.server.www or name in place.config.host_names:
        return
    code = place.number("http-redirect-code")
    routes: list[dict[str, object]] = [{"redirect": {"authority": host, "redirectCode": code}}]
    addresses = {0: f"%REQ(:SCHEME)%://{host}"}
    if place["use-forwarded-headers"]:
        sent = "'x-forwarded-port' in request.headers ? request.headers['x-forwarded-port']"
        start = f"%REQ(X-FORWARDED-PROTO)%://{host}"
        addresses = {port: f"{start}:%CEL({sent} : '{port}')%" for port in place.ports}
        routes = [
            {"match": [{"port": port}], **answer(code, f"{address}%REQ(:PATH)%")}
            for port, address in addresses.items()
        ]
    if place.shortens_redirects:
        for port, address in reversed(addresses.items()):
            match = {"headers": WITH_SLASH} | ({"port": port} if port else {})
            shorter = answer(code, address + TARGET_WITHOUT_SLASH)
            routes.insert(0, {"match": [match], **shorter})
    else:
        yield WWW_SLASH("from-to-www-redirect", name=name, host=host)
    yield OtherHost(name, place.tls, tuple(routes))
    if place.tls and place["use-http2"]:
        yield WWW_HTTP2("from-to-www-redirect", name=name)


@rule(at="conversion", when="always")
def normalized_locations(place: Place) -> Iterator[Edit | Finding]:
    """Redirects that keep the path name the one that Envoy normalized."""
    yield LOCATIONS("").for_every_host()
