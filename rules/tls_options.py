"""ssl-ciphers, ssl-protocols and other options of TLS and HTTP/2 towards clients."""

import re
from collections.abc import Iterator

from nginx2istio.rule import (
    CIPHER_SUITES,
    TLS_VERSIONS,
    Edit,
    Finding,
    GatewayField,
    Message,
    Place,
    rule,
)

NOT_LISTED = Message(
    "N2I550",
    "approximated",
    "info",
    "Ciphers that Istio does not know",
    "Istio does not know the ciphers {unknown}. The gateway does not offer them.",
    "Check for old clients that know no other cipher.",
    frozenset({"tls"}),
)
EXPRESSION = Message(
    "N2I551",
    "approximated",
    "info",
    "Cipher list as an OpenSSL expression",
    "Istio does not read OpenSSL expressions such as {text}. The gateway offers its own "
    "modern ciphers.",
    "List the ciphers by name in tls.cipherSuites of the Gateway if the choice matters.",
    frozenset({"tls"}),
)
OLD_CIPHERS = Message(
    "N2I552",
    "unsupported",
    "warning",
    "Ciphers for old clients",
    "The list {text} also offers ciphers for old clients. The gateway offers modern ones only.",
    "List the old ciphers that you need in tls.cipherSuites of the Gateway.",
    frozenset({"tls"}),
)
ONE_KEY = Message(
    "N2I549",
    "translated",
    "info",
    "Ciphers for one kind of key",
    "The list is for certificates with {kind} key. Others serve no client before TLS 1.3.",
    aspects=frozenset({"tls"}),
)
CIPHER_ORDER = Message(
    "N2I553",
    "approximated",
    "info",
    "Order of ciphers",
    "nginx lets the client choose the cipher. Envoy always prefers its own order.",
    aspects=frozenset({"tls"}),
)
GAPS = Message(
    "N2I554",
    "approximated",
    "info",
    "Gaps in the TLS versions",
    "nginx offers {text}. Istio offers all versions from the lowest to the highest.",
    aspects=frozenset({"tls"}),
)
CURVES = Message(
    "N2I555",
    "approximated",
    "info",
    "Elliptic curves of TLS",
    "nginx offers the curves {unknown}. A Gateway can't name curves: Envoy offers X25519 and "
    "P-256.",
    aspects=frozenset({"tls"}),
)
OPTION = Message(
    "N2I556",
    "neutral",
    "info",
    "TLS option without a visible effect",
    "{name} sets {what}. Nothing that a client can do with the gateway depends on it.",
)
EARLY = Message(
    "N2I557",
    "unsupported",
    "info",
    "Early data of TLS 1.3",
    "nginx accepts early data of TLS 1.3 (0-RTT). Envoy finishes the handshake first.",
    aspects=frozenset({"tls"}),
)
HTTP2 = Message(
    "N2I558",
    "approximated",
    "info",
    "HTTP/2 towards clients",
    "nginx speaks HTTP/1.1 only. The gateway also offers HTTP/2 over https.",
    "Check why HTTP/2 is off before the cut-over.",
    frozenset({"protocol"}),
)
PUSH = Message(
    "N2I559",
    "neutral",
    "info",
    "HTTP/2 server push",
    "nginx no longer pushes anything over HTTP/2, and Envoy never did.",
    "Delete the annotation.",
)
WEAK = re.compile(
    r"(?<![!\-\w])\+?(ALL|COMPLEMENTOFALL|MEDIUM|LOW|EXP\w*|SSLv[23]|RC4|3DES|DES|CAMELLIA|SEED|DH|"
    r"DHE|EDH|kDHE|kEDH|kRSA|aRSA|RSA|SHA1?)(?![\w-])"
)
OPTIONS = {
    "enable-ocsp": "OCSP stapling, which Istio's gateway does not do by itself",
    "ssl-buffer-size": "the size of nginx's buffers",
    "ssl-dh-param": "Diffie-Hellman key exchange without curves, which Envoy does not offer",
    "ssl-reject-handshake": "what happens to unknown hosts, which the gateway always refuses",
    "ssl-session-cache": "how nginx resumes TLS sessions",
    "ssl-session-cache-size": "how nginx resumes TLS sessions",
    "ssl-session-ticket-key": "how nginx resumes TLS sessions",
    "ssl-session-tickets": "how nginx resumes TLS sessions",
    "ssl-session-timeout": "how nginx resumes TLS sessions",
}


@rule(
    "ssl-ciphers",
    "ssl-prefer-server-ciphers",
    "ssl-protocols",
    "ssl-ecdh-curve",
    "TLS versions and ciphers",
    at="server",
    when="configured",
)
def tls_options(place: Place) -> Iterator[Edit | Finding]:
    """nginx offers what OpenSSL makes of the lists; Istio takes names and versions."""
    if not place.tls or place.server.passthrough:
        return
    if place.configured("ssl-ciphers"):
        yield from ciphers(place)
    if "ssl-prefer-server-ciphers" in place and not place["ssl-prefer-server-ciphers"]:
        yield CIPHER_ORDER("ssl-prefer-server-ciphers")
    if place.global_setting("ssl-protocols"):
        yield from protocols(place)
    if place.global_setting("ssl-ecdh-curve") and place.text("ssl-ecdh-curve") != "auto":
        names = ", ".join(n for n in place.text("ssl-ecdh-curve").split(":") if n)
        yield CURVES("ssl-ecdh-curve", unknown=names)  # a Gateway's tls has no field for it


def ciphers(place: Place) -> Iterator[Edit | Finding]:
    """The ciphers that are named, if nothing but names is written."""
    text = place.text("ssl-ciphers")
    names = [n for n in re.split(r"[:, ]+", text) if n]
    if all(re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+|TLS_[A-Z0-9_]+", n) for n in names):
        named = dict.fromkeys(n for n in names if not n.startswith("TLS_"))
        ciphers_of_istio = [n for n in named if n in CIPHER_SUITES]
        unknown = ", ".join(n for n in named if n not in CIPHER_SUITES)
        if ciphers_of_istio:
            yield GatewayField("cipherSuites", ciphers_of_istio)
            keys = {"an ECDSA" if "ECDSA" in name else "an RSA" for name in ciphers_of_istio}
            if len(keys) == 1:
                yield ONE_KEY("ssl-ciphers", kind=keys.pop())
        if unknown:
            yield NOT_LISTED("ssl-ciphers", unknown=unknown)
    else:
        message = OLD_CIPHERS if WEAK.search(text) else EXPRESSION
        yield message("ssl-ciphers", text=text)


def protocols(place: Place) -> Iterator[Edit | Finding]:
    """The lowest and the highest version, where they are not Istio's own."""
    versions, order = place.text("ssl-protocols").split(), list(TLS_VERSIONS)
    at = sorted(order.index(v) for v in set(versions) if v in TLS_VERSIONS)
    if not at:
        return
    if order[at[0]] != "TLSv1.2":
        yield GatewayField("minProtocolVersion", TLS_VERSIONS[order[at[0]]])
    if order[at[-1]] != "TLSv1.3":
        yield GatewayField("maxProtocolVersion", TLS_VERSIONS[order[at[-1]]])
    if at[-1] - at[0] + 1 > len(at):
        yield GAPS("ssl-protocols", text=" ".join(versions))


@rule(*OPTIONS, "ssl-early-data", "use-http2", at="conversion", when="always")
def connection_options(place: Place) -> Iterator[Edit | Finding]:
    """Options of the connection that the ConfigMap holds."""
    for key, what in OPTIONS.items():
        if place.global_setting(key):
            yield OPTION(key, name=key, what=what).for_every_host()
    if place["ssl-early-data"]:
        yield EARLY("ssl-early-data").for_every_host()
    if not place["use-http2"]:
        yield HTTP2("use-http2").for_every_host()


@rule("http2-push-preload")
def push(place: Place) -> Iterator[Edit | Finding]:
    """nginx 1.25.1 removed HTTP/2 server push; the directive does nothing."""
    yield PUSH("http2-push-preload")
