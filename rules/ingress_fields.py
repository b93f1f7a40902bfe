"""Fields of the Ingress and defaults of nginx that the model decides before any rule runs."""

from nginx2istio.rule import NoRule

# The model of nginx's configuration decides these first; the routes follow it.
CLASS = NoRule(
    ("spec.ingressClassName", "kubernetes.io/ingress.class", "(no class at all)"),
    "translated",
    "the conversion chooses Ingresses as the controller does and leaves out those of others "
    "(N2I011)",
    "Add the controller's Deployment and the IngressClasses to the input, or name the class by "
    "--ingress-class.",
)
AGE = NoRule(
    ("metadata.creationTimestamp", "duplicate host+path"),
    "translated",
    "the oldest Ingress wins a contested path, as in nginx; the report names the loser (N2I004) "
    "and an unknown age (N2I014)",
    "Export the Ingresses from the cluster: then their age is known.",
)
SHARED_HOST = NoRule(
    ("metadata.namespace (cross-namespace host sharing)",),
    "translated",
    "Ingresses of several namespaces that share a host become one VirtualService (the object that "
    "says which path goes to which Service), in the namespace of the oldest",
    "Tell the owners of that namespace about the paths of the others.",
)
HOST = NoRule(
    ("spec.rules[].host (exact)", "spec.rules[].host (empty)", "unknown host"),
    "translated",
    "a host becomes a Gateway server and a VirtualService; paths without a host serve unknown "
    "hosts; the gateway answers 404 to everything else",
)
STAR_HOST = NoRule(
    ("spec.rules[].host (wildcard *.x)",),
    "translated",
    "nginx takes exactly one label for the star; so do the routes, although Istio's own star "
    "takes several",
)
ONE_LABEL_HOST = NoRule(
    ("spec.rules[].host (single label, no dot)",),
    "unsupported",
    "Istio takes a host of one label for a Service of the namespace (N2I017)",
    "Give the host a domain.",
)
PATH = NoRule(
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
    "the routes match paths as nginx.conf does: in its order, with its idea of a prefix, and as "
    "regular expressions on a host with use-regex or rewrite-target; a host without / gets one "
    "that answers as the oldest Ingress says",
)
SERVICE = NoRule(
    (
        "backend.service.name",
        "backend.service.port.number",
        "backend.service.port.name",
        "same port by number and by name",
        "headless / selector-less services",
    ),
    "translated",
    "a path goes to its Service; the conversion looks up ports in the Service as the controller "
    "does",
    "Add the Services to the input. Without them named ports have no number (N2I102).",
)
RESOURCE = NoRule(
    ("backend.resource", "spec.defaultBackend.resource"),
    "ineffective",
    "nginx skips a backend that is no Service, and so does the conversion (N2I018)",
    "Name a Service.",
)
DEFAULT_BACKEND = NoRule(
    ("spec.defaultBackend.service",),
    "translated",
    "with rules, it is the backend of / where the Ingress is the host's first; without rules, of "
    "all "
    "unknown hosts",
)
CERTIFICATE = NoRule(
    ("spec.tls[].hosts", "spec.tls[].secretName"),
    "translated",
    "the Gateway serves the host's certificate; its Secret must be in the gateway's namespace, "
    "and the report has the command that copies it",
    "Copy the Secrets before the cut-over.",
)
NO_CERTIFICATE = NoRule(
    ("spec.tls[] without secretName", "default certificate / clients without SNI"),
    "approximated",
    "nginx presents its default certificate for a host without one, and to clients that name no "
    "host; the gateway does so only with --default-ssl-certificate, and never for clients that "
    "name no host (N2I901, N2I112)",
    "Name a certificate for each host.",
)
OTHERS = NoRule(
    ("metadata.annotations of other controllers",),
    "neutral",
    "the report names annotations of other programs that read Ingresses, with what becomes of them "
    "(N2I610 and following)",
)
STATUS = NoRule(
    ("status.loadBalancer",),
    "unsupported",
    "the controller writes its address into the Ingress, and external-dns makes DNS records from "
    "it; Istio does not write into Ingresses",
    "Take the address from the gateway's Service, and use external-dns' sources for Istio.",
)
EMPTY = NoRule(
    ("empty annotation values",),
    "translated",
    "the conversion treats an empty value as the controller does: some annotations refuse it "
    "(N2I005, N2I006), others accept it",
)
ORDER = NoRule(
    ("redirects precede access control", "503 beats auth when no endpoints"),
    "translated",
    "what nginx answers before it checks the client, the gateway answers first, too; where Istio "
    "checks earlier, the report says so at the path",
)
HEADERS_OF_404 = NoRule(
    ("404 default backend headers",),
    "approximated",
    "the gateway's own 404 has none of the headers that nginx adds (N2I444)",
)
HOST_HEADER = NoRule(
    ("Host header to backend",),
    "translated",
    "backends get the Host that the client sent",
)
PROTOCOLS = NoRule(
    ("HTTP/2 and h2c", "gRPC-web / trailers / 100-continue"),
    "neutral",
    "Envoy speaks HTTP/2 with and without TLS, and passes trailers on, as nginx does",
)
CONNECTIONS = NoRule(
    ("keep-alive to backends",),
    "neutral",
    "both keep connections to backends for further requests; no client notices how many",
)
RELOADS = NoRule(
    ("reload and propagation",),
    "neutral",
    "nginx loads a changed configuration with new workers and lets old ones finish; Istio changes "
    "routes without touching connections",
)
SHARED_CONNECTIONS = NoRule(
    ("Host vs SNI independence",),
    "translated",
    "hosts whose certificates cover each other share a TLS server of the gateway, so a reused "
    "connection serves them all; the report names hosts that can't (N2I046 to N2I049)",
)
