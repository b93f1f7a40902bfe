"""The controller's flags: which of them matter to clients, and what becomes of those."""

from collections.abc import Iterator

from nginx2istio.nginx.keys import catalogue
from nginx2istio.rule import Edit, Entry, Finding, Message, Place, rule

STREAMS = Message(
    "N2I600",
    "unsupported",
    "error",
    "",
    "--{name} has nginx serve {protocol} ports beside those of HTTP ({what}); they are no "
    "Ingresses and are not converted",
    "write a Gateway server of protocol TCP and a VirtualService with tcp routes for each TCP "
    "port, and open the port in the gateway's Service; UDP needs a Service of type LoadBalancer "
    "of its own",
)
SELECTOR = Message(
    "N2I601",
    "approximated",
    "warning",
    "",
    "the controller serves Ingresses of namespaces with the labels {labels} only "
    "(--watch-namespace-selector); which these are can't be seen here, and all were converted",
    "give only those Ingresses as input",
    frozenset({"routing"}),
)
METRICS = Message(
    "N2I602",
    "approximated",
    "info",
    "",
    "--enable-metrics has the controller count requests for Prometheus (nginx_ingress_*); Istio "
    "counts them under other names (istio_requests_total)",
    "rewrite dashboards and alerts before switching over",
    frozenset({"logging"}),
)
WEBHOOK = Message(
    "N2I603",
    "neutral",
    "info",
    "",
    "--validating-webhook has the API server ask the controller about each Ingress; when the "
    "controller is gone, nobody answers",
    "delete the controller's ValidatingWebhookConfiguration with the controller, or changes of "
    "Ingresses are refused",
)
CHOOSING = Entry(
    (
        "--ingress-class",
        "--controller-class",
        "--watch-ingress-without-class",
        "--ingress-class-by-name",
        "--watch-namespace",
        "--disable-catch-all",
        "--deep-inspect",
    ),
    "translated",
    "the conversion takes the Ingresses that the controller takes",
)
READING = Entry(
    (
        "--annotations-prefix",
        "--enable-annotation-validation",
        "--configmap",
        "--disable-svc-external-name",
        "--enable-ssl-passthrough",
        "--default-backend-service",
        "--default-ssl-certificate",
        "--health-check-path",
        "--http-port",
        "--https-port",
        "--enable-topology-aware-routing",
    ),
    "translated",
    "heeded when the controller's Deployment or DaemonSet is among the input; what it changes is "
    "said at the annotations and paths concerned",
    "give the controller's Deployment as input",
)
ADDRESS = Entry(
    (
        "--publish-service",
        "--publish-status-address",
        "--update-status",
        "--update-status-on-shutdown",
        "--report-node-internal-ip-address",
        "--status-update-interval",
    ),
    "unsupported",
    "the controller writes its address into the status of Ingresses, from which external-dns "
    "makes DNS records; Istio writes into no Ingress",
    "take the address from the gateway's Service, and external-dns' sources for Istio",
)
OF_METRICS = Entry(
    (
        "--metrics-per-host",
        "--metrics-per-undefined-host",
        "--report-status-classes",
        "--time-buckets",
        "--length-buckets",
        "--size-buckets",
        "--bucket-factor",
        "--max-buckets",
        "--exclude-socket-metrics",
        "--monitor-max-batch-size",
    ),
    "unsupported",
    "how the controller counts requests for Prometheus; Istio has metrics of its own",
    "shape Istio's by a Telemetry with metrics.overrides",
)
CHAIN = Entry(
    ("--enable-ssl-chain-completion",),
    "unsupported",
    "the controller fetches missing intermediate certificates; Istio serves a Secret as it is",
    "put the whole chain into tls.crt",
)
OF_WEBHOOK = Entry(
    ("--validating-webhook-certificate", "--validating-webhook-key", "--disable-full-test"),
    "neutral",
    "about the controller's admission webhook, which goes with the controller",
    "delete its ValidatingWebhookConfiguration with it",
)
GEOIP = Entry(
    (
        "--maxmind-mirror",
        "--maxmind-license-key",
        "--maxmind-edition-ids",
        "--maxmind-retries-count",
        "--maxmind-retries-timeout",
    ),
    "unsupported",
    "where nginx gets its database of addresses and countries; Istio's gateway looks nobody up",
    "where a snippet uses $geoip2_... the report says so; otherwise nothing",
)
ENDING = Entry(
    ("--shutdown-grace-period", "--post-shutdown-grace-period"),
    "neutral",
    "how long the controller's pods go on when they are told to end; the gateway's have "
    "terminationDrainDuration for that",
)
INSIDE = Entry(
    (
        "--apiserver-host",
        "--certificate-authority",
        "--kubeconfig",
        "--sync-period",
        "--sync-rate-limit",
        "--profiling",
        "--profiler-port",
        "--profiler-address",
        "--health-check-timeout",
        "--healthz-port",
        "--healthz-host",
        "--election-id",
        "--election-ttl",
        "--disable-leader-election",
        "--version",
        "--ssl-passthrough-proxy-port",
        "--default-server-port",
        "--status-port",
        "--stream-port",
        "--internal-logger-address",
        "--dynamic-configuration-retries",
        "--disable-sync-events",
    ),
    "neutral",
    "about the controller as a program: no client notices it",
)


@rule(
    "--tcp-services-configmap",
    "--udp-services-configmap",
    "--watch-namespace-selector",
    "--enable-metrics",
    "--validating-webhook",
    at="conversion",
    when="always",
)
def flags(place: Place) -> Iterator[Edit | Finding]:
    """Flags that add something to what Ingresses say, or take something away."""
    flags = place.config.controller.flags
    for protocol in ("TCP", "UDP"):
        name = f"{protocol.lower()}-services-configmap"
        listed = str(flags[name] or "")
        known = place.config.configmaps.get(listed)
        if listed and (known is None or known.data):
            ports = ", ".join(sorted(known.data, key=lambda p: (len(p), p))) if known else ""
            what = f"ports {ports}" if ports else f"listed in ConfigMap {listed}"
            said = STREAMS("", name=name, protocol=protocol, what=what)
            yield said.for_directive("", known.origin if known else None).for_every_host()
    if flags["watch-namespace-selector"]:
        yield SELECTOR("", labels=flags["watch-namespace-selector"]).for_every_host()
    if flags["enable-metrics"] != catalogue.FLAGS["enable-metrics"].builtin:
        yield METRICS("").for_every_host()
    if flags["validating-webhook"]:
        yield WEBHOOK("").for_every_host()
