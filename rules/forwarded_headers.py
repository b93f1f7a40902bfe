"""The headers about the client that nginx sends to every back end."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, route, rule

LEAN = Message(
    "N2I151", "approximated", "warning",
    "back ends no longer get X-Real-IP, X-Forwarded-Host, X-Forwarded-Port, X-Forwarded-Scheme, "
    "X-Scheme, and X-Forwarded-For as nginx writes it",
    "convert with --compat full, or see that no back end reads them",
    frozenset({"request-headers"}),
)
CLIENT = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"


@rule("forwarded-for", when="always")
def forwarded_headers(here: Here) -> Iterator[Edit | Finding]:
    """nginx replaces what the client says of itself by what it sees: address, host, port, scheme.

    Envoy appends to X-Forwarded-For and leaves the others alone; the route sets them.
    """
    if here.upstream is None or here.location.slash_redirect or here.options.compat == "lean":
        return
    block = {
        "X-Real-IP": CLIENT,
        "X-Forwarded-For": CLIENT,
        "X-Forwarded-Host": "%REQ(:AUTHORITY)%",
    }
    yield route("headers.request.set", block)
    for port, scheme in ((80, "http"), (443, "https")):
        own = {"X-Forwarded-Port": str(port), "X-Forwarded-Scheme": scheme, "X-Scheme": scheme}
        yield route("headers.request.set", own, port=port)


@rule("compat", scope="once", when="always")
def lean(here: Here) -> Iterator[Edit | Finding]:
    """`--compat lean` leaves the block out, and says so once."""
    if here.options.compat == "lean":
        yield LEAN.about("").for_all()
