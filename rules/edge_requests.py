"""Requests that nginx and Envoy take differently, or that only one of them takes."""

from collections.abc import Iterator

from nginx2istio.rule import OF_LOCATION, Edit, Finding, Message, Place, Requests, rule

SLASH, DOT = "(/|%2[Ff])", r"(\.|%2[Ee])"
END = f"(?={SLASH}|$)"
HERE, UP = f"{SLASH}+{DOT}{END}", f"{SLASH}+{DOT}{{2}}{END}"
SEGMENT = f"{SLASH}+(?!{DOT}{{1,2}}{END})([^/%]|%[^2]|%2[^Ff])+"
DEPTH = 5


def taken_back(depth: int) -> str:
    """A pattern for a segment and the .. that takes it back, with so many levels between them."""
    between = f"({HERE}|{taken_back(depth - 1)})*" if depth else f"({HERE})*"
    return f"{SEGMENT}{between}{UP}"


MALFORMED = Message(
    "N2I905",
    "approximated",
    "info",
    "Paths that nginx refuses",
    "nginx answers 400 to a path that goes above the root (/../a) or has a broken escape (%zz). "
    "Envoy serves /a for the first, and passes the second on.",
    aspects=frozenset({"status"}),
    requests=(
        Requests(target=f"^({HERE}|{taken_back(DEPTH)})*{UP}"),
        Requests(target="%([^0-9A-Fa-f]|[0-9A-Fa-f]([^0-9A-Fa-f]|$)|$)"),
    ),
)
TRACE = Message(
    "N2I911",
    "approximated",
    "info",
    "Requests with the method TRACE",
    "nginx answers 405 to TRACE. The gateway treats it as any other method.",
    "Check that backends refuse TRACE.",
    frozenset({"status"}),
    (Requests(method=("TRACE",)),),
)
HTTP_10 = Message(
    "N2I912",
    "approximated",
    "info",
    "Clients that speak HTTP/1.0",
    "nginx accepts HTTP/1.0. The gateway answers 426.",
    "Check that no old client or health check speaks HTTP/1.0. If one does, convert with "
    "--envoy-filters, or set ISTIO_META_HTTP10 to 1 in the environment of the gateway's pods.",
    frozenset({"status"}),
    (Requests(http="1.0"),),
)
RAW_BYTES = Message(
    "N2I913",
    "approximated",
    "info",
    "Paths with raw non-ASCII bytes",
    "nginx accepts non-ASCII bytes in a path that no client should send without escapes. The "
    "gateway answers 400.",
    aspects=frozenset({"status"}),
    requests=(Requests(target=r"[^\x00-\x7f]"),),
)
METHODS = (
    *("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"),
    *("ACL", "BIND", "CHECKOUT", "COPY", "LINK", "LOCK", "MERGE", "MKACTIVITY", "MKCALENDAR"),
    *("MKCOL", "MOVE", "MSEARCH", "NOTIFY", "PROPFIND", "PROPPATCH", "PURGE", "REBIND", "REPORT"),
    *("SEARCH", "SOURCE", "SUBSCRIBE", "UNBIND", "UNLINK", "UNLOCK", "UNSUBSCRIBE"),
)
"""The methods that Envoy knows (``isMethodValid`` of its BalsaParser)."""
UNKNOWN_METHODS = Message(
    "N2I914",
    "approximated",
    "info",
    "Methods that Envoy does not know",
    "nginx passes any method on. The gateway answers 400 to methods that Envoy does not know "
    "(QUERY, BAN, for example).",
    "Convert with --envoy-filters if clients use such methods.",
    frozenset({"status"}),
    (Requests(not_method=METHODS),),
)
LOWER_CASE = Message(
    "N2I922",
    "approximated",
    "info",
    "Methods in lower case",
    "nginx answers 400 to a method in lower case (get). The gateway passes it on.",
    aspects=frozenset({"status"}),
    requests=(
        Requests(method=("get", "head", "post", "put", "delete", "patch", "options", "trace")),
    ),
)
BACKSLASHES = Message(
    "N2I910",
    "approximated",
    "info",
    "Backslashes in paths",
    r"To nginx a backslash in a path is a character like others. Envoy takes \ and %5C for a slash "
    "when it chooses the route.",
    aspects=OF_LOCATION,
    requests=(Requests(target=r"\\|%5[cC]"),),
)
SLASHES = Message(
    "N2I924",
    "approximated",
    "info",
    "Paths with several slashes and dot segments",
    "To nginx, /x//../b is /b, and // is /. Envoy resolves dot segments before it merges slashes "
    "(/x/b), and keeps a path that has nothing but slashes.",
    aspects=OF_LOCATION,
    requests=(
        Requests(target=f"^((?!{SLASH}{{2}}).)*{SLASH}{{2}}(.*{SLASH})?{DOT}{{2}}{END}"),
        Requests(target=f"^(?=.*{SLASH}{{2}})({SLASH}({DOT}{END})?)+$"),
    ),
)
PATH_PARAMETERS = Message(
    "N2I938",
    "approximated",
    "info",
    "Dot segments with parameters",
    "Envoy resolves a dot segment that has parameters behind a semicolon, and passes the shorter "
    "path on. nginx takes such a segment for a name like any other.",
    aspects=OF_LOCATION,
    requests=(Requests(target=rf"{SLASH}\.\.?;"),),
)
ENVOYS_OWN = Message(
    "N2I918",
    "approximated",
    "info",
    "Request headers for one connection, and Envoy's own",
    "Envoy drops the request headers that Connection names and those that steer it "
    "(x-envoy-retry-on, for example), and passes TE on. nginx does the reverse.",
    aspects=frozenset({"request-headers"}),
    requests=(
        Requests(header="Connection"),
        Requests(header="TE"),
        *(
            Requests(header=f"x-envoy-{name}")
            for name in (
                "attempt-count",
                "decorator-operation",
                "expected-rq-timeout-ms",
                "external-address",
                "force-trace",
                "hedge-on-per-try-timeout",
                "internal",
                "ip-tags",
                "max-retries",
                "original-path",
                "original-url",
                "peer-metadata",
                "retriable-header-names",
                "retriable-status-codes",
                "retry-grpc-on",
                "retry-on",
                "upstream-alt-stat-name",
                "upstream-rq-per-try-timeout-ms",
                "upstream-rq-timeout-alt-response",
                "upstream-rq-timeout-ms",
            )
        ),
    ),
)
OTHER_HOST = Message(
    "N2I919",
    "approximated",
    "info",
    "Request target that names a host",
    "Both choose the host by a target like GET http://a.example/ (as for a proxy). Backends get "
    "the Host header from nginx, and the host of the target from Envoy.",
    aspects=frozenset({"host", "request-headers"}),
    requests=(Requests(absolute_form=True),),
)


@rule("HEAD/method handling", "HTTP/1.0 clients", at="conversion", when="always")
def edge_requests(place: Place) -> Iterator[Edit | Finding]:
    """What no browser sends, but scanners, old clients and tests do."""
    yield MALFORMED("").for_every_host()
    yield BACKSLASHES("").for_every_host()
    yield RAW_BYTES("").for_every_host()
    yield SLASHES("").for_every_host()
    yield PATH_PARAMETERS("").for_every_host()
    yield TRACE("").for_every_host()
    yield ENVOYS_OWN("").for_hosts(place.config.proxied_hosts)
    yield OTHER_HOST("").for_every_host()
    if place.options.filters("client-headers"):
        yield LOWER_CASE("").for_every_host()
    else:
        yield HTTP_10("").for_every_host()
        yield UNKNOWN_METHODS("").for_every_host()
