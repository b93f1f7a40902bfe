"""Fields of the Ingress, and what nginx does without being told: settled before any rule runs."""

from nginx2istio.rule import Entry

# What the controller would have made of the Ingresses is worked out first; the routes say that.
CLASS = Entry(
    ("spec.ingressClassName", "kubernetes.io/ingress.class", "(no class at all)"),
    "translated",
    "Ingresses are chosen as the controller chooses them; those of others are left out (N2I011)",
    "give the controller's Deployment and the IngressClasses as input, or name the class by "
    "--ingress-class",
)
AGE = Entry(
    ("metadata.creationTimestamp", "duplicate host+path"),
    "translated",
    "the oldest Ingress wins what several contest, as in nginx; what loses is reported (N2I004), "
    "and so is an age that isn't known (N2I014)",
    "export the Ingresses from the cluster, so that their age is known",
)
SHARED_HOST = Entry(
    ("metadata.namespace (cross-namespace host sharing)",),
    "translated",
    "Ingresses of several namespaces that share a host become one VirtualService (the object that "
    "says which path goes to which Service), in the namespace of the oldest",
    "see that whoever looks after that namespace knows of the others' paths",
)
HOST = Entry(
    ("spec.rules[].host (exact)", "spec.rules[].host (empty)", "unknown host"),
    "translated",
    "a host becomes a Gateway server and a VirtualService; paths without a host hold for hosts "
    "that nobody names; all else is answered 404",
)
STAR_HOST = Entry(
    ("spec.rules[].host (wildcard *.x)",),
    "translated",
    "nginx takes exactly one label for the star; so do the routes, though Istio's own star would "
    "take several",
)
ONE_LABEL_HOST = Entry(
    ("spec.rules[].host (single label, no dot)",),
    "unsupported",
    "Istio takes a host of one label for a Service of the namespace (N2I017)",
    "give the host a domain",
)
PATH = Entry(
    (
        "spec.rules[].http absent",
        "spec.rules[].http.paths[].path (empty)",
        "implicit '/' location",
        "pathType Exact",
        "pathType Prefix",
        "pathType ImplementationSpecific",
        "path precedence",
        "Exact/Prefix of the same path",
        "case sensitivity of paths",
        "query string in matching",
    ),
    "translated",
    "paths are matched as in nginx.conf: in its order, with its idea of a prefix, and as regular "
    "expressions on a host where use-regex or rewrite-target stands; a host without / has one "
    "that answers as the oldest Ingress says",
)
SERVICE = Entry(
    (
        "backend.service.name",
        "backend.service.port.number",
        "backend.service.port.name",
        "same port by number and by name",
        "headless / selector-less services",
    ),
    "translated",
    "a path goes to its Service; ports are looked up in the Service as the controller does it",
    "give the Services as input; without them named ports can't be resolved (N2I102)",
)
RESOURCE = Entry(
    ("backend.resource", "spec.defaultBackend.resource"),
    "ineffective",
    "nginx skips a back end that is no Service, and so does the conversion (N2I018)",
    "name a Service",
)
DEFAULT_BACKEND = Entry(
    ("spec.defaultBackend.service",),
    "translated",
    "with rules, the back end of / where the Ingress is the host's first; without rules, of all "
    "hosts that nobody names",
)
CERTIFICATE = Entry(
    ("spec.tls[].hosts", "spec.tls[].secretName"),
    "translated",
    "the host's certificate is served by the Gateway; its Secret has to be where the gateway's "
    "pods are, for which the report has a command",
    "copy the Secrets before switching over",
)
NO_CERTIFICATE = Entry(
    ("spec.tls[] without secretName", "default certificate / clients without SNI"),
    "approximated",
    "nginx shows its default certificate where a host has none of its own, and to clients that "
    "name no host; the new gateway does so only with --default-ssl-certificate, and never for "
    "clients that name no host (N2I901, N2I112)",
    "name a certificate for each host",
)
OTHERS = Entry(
    ("metadata.annotations of other controllers",),
    "neutral",
    "annotations of programs that work on Ingresses beside the controller are named in the report "
    "with what becomes of them (N2I610 and following)",
    "see there",
)
STATUS = Entry(
    ("status.loadBalancer",),
    "unsupported",
    "the controller writes its address into the Ingress, from which external-dns makes DNS "
    "records; Istio writes into no Ingress",
    "take the address from the gateway's Service, and external-dns' sources for Istio",
)
EMPTY = Entry(
    ("empty annotation values",),
    "translated",
    "an empty value is treated as the controller treats it: refused by some annotations "
    "(N2I005, N2I006), taken by others",
)
ORDER = Entry(
    ("redirects precede access control", "503 beats auth when no endpoints"),
    "translated",
    "what nginx answers before it asks who is there is answered first here, too; where Istio "
    "asks earlier, the report says so at the path",
)
HEADERS_OF_404 = Entry(
    ("404 default backend headers",),
    "approximated",
    "the gateway's own 404 has none of the headers that nginx adds (N2I444)",
)
HOST_HEADER = Entry(
    ("Host header to backend",),
    "translated",
    "back ends get the Host as the client sent it",
)
PROTOCOLS = Entry(
    ("HTTP/2 and h2c", "gRPC-web / trailers / 100-continue"),
    "neutral",
    "Envoy speaks HTTP/2 with and without TLS, and passes trailers on, as nginx does",
)
CONNECTIONS = Entry(
    ("keep-alive to backends",),
    "neutral",
    "both keep connections to back ends for further requests; no client notices how many",
)
RELOADS = Entry(
    ("reload and propagation",),
    "neutral",
    "nginx loads a changed configuration with new workers and lets old ones finish; Istio changes "
    "routes without touching connections",
)
