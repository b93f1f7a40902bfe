"""The report's own words, and Istio's, explained to a reader who knows nginx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import fill

from nginx2istio.report.words.labels import FATES

TERMS: Mapping[str, Mapping[str, str]] = {
    "Verdicts: the report as a whole": {
        "ready": "No finding says that a client is likely to notice a difference.",
        "review": "Some clients notice a difference, or something fails today and will fail in "
        "the same way. Read the warnings and decide.",
        "blocked": "Traffic or protection would break, or some input could not be read. Resolve "
        "the errors first, or accept them with a reason (--accept).",
        "nothing": "No Ingress is converted, because none belongs to a controller that the "
        "conversion is for.",
    },
    "Severities: what a client or an attacker notices": {
        "error": "Requests would get a wrong response, or a protection (access, rate, size) would "
        "be lost.",
        "warning": "Some clients will notice a difference, or something fails in nginx today and "
        "will fail in the same way.",
        "info": "A difference that no client relies on, or something to know.",
    },
    "Fates: what happens to an annotation or another setting": {
        FATES["translated"]: "Istio's objects do the same. In JSON: translated.",
        FATES["approximated"]: "Istio's objects do nearly the same; the finding says what differs.",
        FATES["unsupported"]: "Istio cannot do it, or not with these options; the finding says "
        "what to do. In JSON: unsupported.",
        FATES["neutral"]: "It concerns nginx alone, or Istio does it anyway. In JSON: neutral.",
        FATES["ineffective"]: "It has no effect in nginx today (misspelled, refused, overruled) "
        "and none after the conversion. In JSON: ineffective.",
    },
    "Aspects: what of a response differs": {
        "routing": "The Service that answers.",
        "path": "The path and query that the backend gets.",
        "host": "The Host header that the backend gets.",
        "request-headers": "The request headers that the backend gets.",
        "status": "The status of the response, such as 404 or 503.",
        "redirect": "The target of a redirect (Location).",
        "response-headers": "The response headers that the client gets.",
        "cors": "The origins whose scripts may read the response (Access-Control-* headers).",
        "cookies": "The cookies that are set, with their attributes.",
        "affinity": "Whether a client stays with one pod.",
        "body": "The body of a response that the proxy itself writes.",
        "body-limit": "How large a request can be.",
        "rate-limit": "How many requests a client can make.",
        "auth": "Which requests need credentials, and which service checks them.",
        "access": "Which requests are denied, by address or otherwise.",
        "timeout": "How long the proxy waits.",
        "retries": "Which requests are sent again when a backend fails.",
        "balancing": "Which pod of a Service gets a request.",
        "buffering": "Whether requests and responses are passed on at once or as a whole.",
        "tls": "Certificates, versions and ciphers of https.",
        "protocol": "HTTP/1.0, 1.1, 2, gRPC or WebSocket.",
        "mirror": "The copies of requests that are sent to another Service.",
        "logging": "Logs, metrics and traces.",
        "waf": "The firewall that blocks attacks (ModSecurity).",
    },
    "nginx's words": {
        "server": "The part of nginx's configuration for one host.",
        "location": "The part of a server for one path.",
        "upstream": "The backend of a location: a Service and its pods.",
        "snippet": "A piece of nginx configuration in an annotation or in the ConfigMap.",
        "the ConfigMap": "The ConfigMap of the ingress-nginx controller. Its keys apply to all "
        "Ingresses.",
    },
    "Istio's words": {
        "Envoy": "The proxy that replaces nginx.",
        "istiod": "Istio's control plane. It configures every Envoy; part of it is called pilot.",
        "gateway": "The Envoy pods at the edge of the cluster; they replace the controller's pods.",
        "mesh": "All workloads that Istio manages; a pod may have an Envoy beside it (a sidecar).",
        "Gateway": "The object with the hosts, ports and certificates of the gateway: the "
        "`listen`, `server_name` and `ssl_certificate` of nginx.",
        "VirtualService": "The object with the routes of a host: the `location` "
        "blocks of nginx, with their rewrites, redirects and headers.",
        "DestinationRule": "The object with the traffic policy of a Service (balancing, "
        "connections, TLS): the `upstream` of nginx.",
        "subset": "A named variant of a DestinationRule's traffic policy.",
        "ServiceEntry": "The object that makes a host outside the cluster known to Istio.",
        "AuthorizationPolicy": "The object that allows or denies requests: `allow` and `deny` of "
        "nginx. With the action CUSTOM a service decides, as with `auth_request`.",
        "extension provider": "A service that Istio calls, such as an authentication service or a "
        "trace collector. The mesh configuration names it.",
        "EnvoyFilter": "An object that changes Envoy's configuration directly. It can do nearly "
        "everything and may stop working with another version of Istio, so it is written only "
        "with --envoy-filters.",
        "auth service": "The nginx that --auth-service writes to check credentials.",
        "Deployment": "The object that keeps the pods of the auth service running.",
        "Service": "The object that gives pods one name and address.",
        "ConfigMap": "The object with the configuration files of the auth service.",
        "NetworkPolicy": "The object that says who may connect to the auth service.",
        "PodDisruptionBudget": "The object that keeps one pod of the auth service while nodes are "
        "drained.",
        "WasmPlugin": "An object that runs a program, such as a firewall, in the gateway.",
        "Telemetry": "The object for logs, metrics and traces.",
        "mesh configuration": "The settings of the whole mesh, in ConfigMap istio-system/istio.",
        "ProxyConfig": "Settings of single Envoys.",
        "numTrustedProxies": "The number of proxies in front of the gateway. Istio uses it to "
        "find the client's address in X-Forwarded-For.",
        "RE2": "Envoy's regular expressions: like nginx's (PCRE), without look-ahead, "
        "look-behind and back references.",
        "mTLS": "TLS inside the mesh; both pods present certificates issued by Istio.",
        "consistent hash": "The pod is chosen by a value of the request; the same value gets "
        "the same pod.",
        "connectionPool": "The part of a DestinationRule that limits connections.",
        "retryOn": "The failures after which a route tries again; perTryTimeout limits each try.",
        "descriptor": "The value that a rate limit counts by, such as the client's address.",
        "Coraza": "A firewall for Envoy that uses ModSecurity's rules.",
        "SNI": "The host name that a client sends when it opens a TLS connection.",
    },
    "What is to do by hand": {
        "copy-secret": "A Secret must be copied to the gateway's namespace.",
        "mesh-config": "The mesh configuration needs a setting.",
        "gateway-annotation": "The gateway's pods need an annotation.",
        "auth-answers": "The authentication service must answer as Envoy expects.",
        "client-address": "The gateway must see the addresses of the clients.",
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
