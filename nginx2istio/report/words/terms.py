"""The report's own words, and Istio's, explained to who knows nginx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import fill

TERMS: Mapping[str, Mapping[str, str]] = {
    "Verdicts: what the report comes to": {
        "ready": "No finding says that a client is likely to notice the change.",
        "review": "Some client notices something, or something fails today as it will: read the "
        "warnings, and decide.",
        "blocked": "Traffic or protection would break, or some input could not be read: settle "
        "the errors first, or accept them knowingly (--accept).",
    },
    "Severities: what a client or an attacker notices": {
        "error": "Requests would no longer be answered as they should, or a protection (who may "
        "enter, how often, how much) would be gone.",
        "warning": "Some client will notice a difference; or something fails under nginx today, "
        "and will fail in the same way.",
        "info": "A difference that no client relies on, or something to know.",
    },
    "Fates: what became of an annotation or another setting": {
        "translated": "Istio's objects say the same.",
        "approximated": "They say nearly the same; the finding says what differs.",
        "unsupported": "Istio can't say it, or is not made to; the finding says what to do.",
        "neutral": "There is nothing to say: it concerns nginx alone, or is Istio's habit anyway.",
        "ineffective": "It does nothing in nginx today (misspelt, refused, overruled), and nothing "
        "after the conversion.",
    },
    "Aspects: what of an answer differs": {
        "routing": "Which Service answers.",
        "path": "The path and query that the back end sees.",
        "host": "The Host header that the back end sees.",
        "request-headers": "The headers that the back end gets.",
        "status": "The status of the answer, such as 404 or 503.",
        "redirect": "The address that a redirect names (Location).",
        "response-headers": "The headers that the client gets.",
        "cors": "Which other sites' scripts may read the answer, by the Access-Control-* headers.",
        "cookies": "The cookies that are set, with their attributes.",
        "affinity": "Whether a client stays at one pod.",
        "body": "The body of an answer that the proxy itself makes.",
        "body-limit": "How large a request may be.",
        "rate-limit": "How many requests a client may make.",
        "auth": "Who has to show credentials, and who is asked whether they are right.",
        "access": "Who may ask at all, by address or otherwise.",
        "timeout": "How long the proxy waits.",
        "retries": "What is sent again when a back end fails.",
        "balancing": "Which pod of a Service is asked.",
        "buffering": "Whether requests and answers are passed on at once or in whole.",
        "tls": "Certificates, versions and ciphers of https.",
        "protocol": "HTTP/1.0, 1.1, 2, gRPC or WebSocket.",
        "mirror": "The copies of requests that are sent elsewhere.",
        "logging": "Logs, metrics and traces.",
        "waf": "The firewall that looks for attacks (ModSecurity).",
    },
    "nginx's words": {
        "server": "The part of nginx's configuration for one host.",
        "location": "The part of a server for one path.",
        "upstream": "The back end of a location: a Service and its pods.",
        "snippet": "A piece of nginx configuration in an annotation or in the ConfigMap.",
        "the ConfigMap": "The ConfigMap of the ingress-nginx controller, whose keys hold for all "
        "Ingresses.",
    },
    "Istio's words": {
        "Envoy": "The proxy that answers in nginx's place.",
        "istiod": "Istio's own program, which tells all Envoys what to do; part of it is called "
        "pilot.",
        "gateway": "The pods of Envoy at the edge of the cluster, in the place of the controller's "
        "pods.",
        "mesh": "All that Istio looks after; its pods may have an Envoy beside them (a sidecar).",
        "Gateway": "The object that says for which hosts, ports and certificates the gateway "
        "listens: the `listen`, `server_name` and `ssl_certificate` of nginx.",
        "VirtualService": "The object that says what becomes of a host's requests: the `location` "
        "blocks of nginx, with their rewrites, redirects and headers.",
        "DestinationRule": "The object that says how a Service is asked: balancing, connections, "
        "TLS; the `upstream` of nginx.",
        "subset": "Some of the ways in which a DestinationRule may have a Service asked.",
        "ServiceEntry": "The object that tells Istio of a host outside of the cluster.",
        "AuthorizationPolicy": "The object that says who may ask for what: `allow` and `deny` of "
        "nginx. With action CUSTOM it has a service asked, as `auth_request` does.",
        "extension provider": "A service that Istio asks or tells things: an authentication "
        "service, a collector of traces. It is named in the mesh configuration.",
        "EnvoyFilter": "An object that changes Envoy's configuration directly. It can say nearly "
        "everything and may stop working with another version of Istio, so that it is written "
        "with --envoy-filters only.",
        "WasmPlugin": "An object that puts a program, such as a firewall, into the gateway.",
        "Telemetry": "The object that says what is logged, counted and traced.",
        "mesh configuration": "Settings for all of Istio, in ConfigMap istio-system/istio.",
        "ProxyConfig": "Settings of single Envoys.",
        "numTrustedProxies": "How many proxies stand in front of the gateway; by it Istio knows "
        "which address in X-Forwarded-For is the client's.",
        "RE2": "The regular expressions of Envoy: as those of nginx (PCRE), without look-ahead, "
        "look-behind and back references.",
        "mTLS": "TLS inside of the mesh, by which pods show each other certificates of Istio's.",
        "consistent hash": "A choice of the pod by a value of the request, so that the same "
        "value meets the same pod.",
        "connectionPool": "The part of a DestinationRule about connections: how many, how long.",
        "retryOn": "The failures after which a route asks again; perTryTimeout is how long it "
        "waits each time.",
        "descriptor": "What a rate limit counts by, such as the client's address.",
        "Coraza": "A firewall for Envoy that reads ModSecurity's rules.",
        "SNI": "The name of the host, as a client says it when it opens TLS.",
    },
    "What has to be done by hand": {
        "copy-secret": "A Secret with a certificate has to be where the gateway's pods are.",
        "mesh-config": "Something has to stand in the mesh configuration.",
        "gateway-annotation": "The gateway's pods need an annotation.",
        "client-address": "The gateway has to see the addresses of the clients.",
    },
}


def terms() -> str:
    """All explanations as text."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    for number, (title, group) in enumerate(TERMS.items()):
        if number:
            yield ""
        yield f"{title}:"
        width = max(map(len, group)) + 2
        for term, text in group.items():
            yield fill(f"  {term:<{width}}{text}", 100, subsequent_indent=" " * (width + 2))
