"""permanent-redirect, temporal-redirect, app-root, from-to-www-redirect: answers that move on."""

from collections.abc import Iterator

from nginx2istio.rule import (
    Edit,
    Finding,
    Here,
    Message,
    Phase,
    answer,
    front,
    literal,
    other_host,
    rule,
    variant,
)

WWW_SLASH = Message(
    "N2I131",
    "approximated",
    "info",
    "nginx cuts a trailing slash off the address when it redirects between {name} and {host}; "
    "Envoy keeps it",
    "nothing: the address with the slash is the one that was asked for",
    frozenset({"redirect"}),
)


@rule(
    "permanent-redirect",
    "permanent-redirect-code",
    "temporal-redirect",
    "temporal-redirect-code",
    "relative-redirects",
    alike=True,
)
def redirect(here: Here) -> Iterator[Edit | Finding]:
    """Nginx returns 301 (or the code) with exactly the URL: the request's path and query are lost.

    Istio's redirect would keep the query, so that a direct response with a Location says it.
    """
    for kind, code in (("temporal", 302), ("permanent", 301)):
        if f"{kind}-redirect" not in here:
            continue
        url = literal(here.text(f"{kind}-redirect"))
        if f"{kind}-redirect-code" in here:
            code = here.number(f"{kind}-redirect-code")
        if code not in (301, 302, 303, 307, 308):  # nginx then returns the address as a text
            yield variant(
                Phase.RETURN,
                directResponse={"status": code, "body": {"string": here.text(f"{kind}-redirect")}},
                headers={"response": {"remove": ["Location"]}},  # Envoy adds one to every 3xx
            )
            return
        if url.startswith("/") and not here["relative-redirects"]:
            for port, scheme in ((80, "http"), (443, "https")):
                absolute = f"{scheme}://{here.redirect_host}{url}"
                yield variant(Phase.RETURN, port=port, **answer(code, absolute))
        else:
            yield variant(Phase.RETURN, **answer(code, url))
        return  # a temporal redirect wins over a permanent one


@rule("app-root", alike=True)
def app_root(here: Here) -> Iterator[Edit | Finding]:
    """Nginx answers `/` of the whole host with 302 to the path; the query is lost."""
    root = literal(here.text("app-root"))
    for port, scheme in ((80, "http"), (443, "https")):
        url = f"{scheme}://%REQ(:AUTHORITY)%{root}"
        for spelling in ("/", "//"):  # Envoy merges all slashes but these
            match = {"uri": {"exact": spelling}}
            yield front(Phase.SERVER, match, port=port, **answer(302, url))


@rule("from-to-www-redirect", scope="server", reads=("http-redirect-code",))
def from_to_www(here: Here) -> Iterator[Edit | Finding]:
    """Nginx makes a server for the twin of the host (with or without www.) that only redirects.

    There is none where the twin has Ingresses of its own.
    """
    if here.server.www is None or here.server.wildcard or here.server.host == "_":
        return
    host = here.server.host
    name = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    if name in here.config.names:
        return
    code = here.number("http-redirect-code")
    to = {"authority": host, "redirectCode": code}
    yield other_host(name, here.tls and here.certified(name), [{"redirect": to}])
    yield WWW_SLASH.about("from-to-www-redirect", name=name, host=host)
