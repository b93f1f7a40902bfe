"""What differs for every conversion, whatever the annotations say."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Here, Message, mesh, rule

HTTPS_EVERYWHERE = Message(
    "N2I901", "unsupported", "info",
    "nginx also answers https for hosts without a certificate, with a self-signed one that no "
    "client trusts; the new gateway does not",
    "name a certificate in spec.tls where a host should be served over https",
    frozenset({"tls"}),
)
REQUEST_HEADERS = Message(
    "N2I902", "approximated", "info",
    "headers that clients send: Envoy makes a new X-Request-ID, keeps names with underscores and "
    "the headers Proxy, TE and Keep-Alive, which nginx drops, and back ends get no "
    "X-Original-Forwarded-For and X-Original-Forwarded-Host",
    "see that no back end trusts such a header from outside",
    frozenset({"request-headers"}),
)
PATHS = Message(
    "N2I903", "approximated", "info",
    "odd paths (//, %2F, ..): nginx matches the tidied path but passes it to the back end as it "
    "came, and redirects to it as it came; Envoy passes and names the tidied one",
    "nothing, unless a back end tells such spellings apart",
    frozenset({"path", "redirect"}),
)
REFUSALS = Message(
    "N2I905", "approximated", "info",
    "requests that no browser sends: nginx refuses a header over 8 KB, a broken escape or a path "
    "that leaves the root with 400 and TRACE with 405, and takes HTTP/1.0; Envoy takes headers up "
    "to 60 KB, answers HTTP/1.0 with 426, and treats some of the others otherwise",
    "see that no old client or health check speaks HTTP/1.0",
    frozenset({"status", "protocol"}),
)


@rule("baseline", scope="once", when="always")
def baseline(here: Here) -> Iterator[Edit | Finding]:
    """Said once a report; mesh configuration makes Envoy match tidied paths as nginx does."""
    yield mesh("pathNormalization", {"normalization": "DECODE_AND_MERGE_SLASHES"})
    yield HTTPS_EVERYWHERE.about("").for_all()
    yield REQUEST_HEADERS.about("").for_all()
    yield PATHS.about("").for_all()
    yield REFUSALS.about("").for_all()
