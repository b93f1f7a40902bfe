"""The controller's flags: which of them matter to clients, and what becomes of those."""

from collections.abc import Iterator

from nginx2istio.rule import FLAGS, Edit, Finding, Message, NoRule, Place, rule

STREAMS = Message(
    "N2I600",
    "unsupported",
    "error",
    "TCP and UDP ports of the controller",
    "With --{name}, nginx serves {protocol} ports beside HTTP ({what}). They are no Ingresses"
    " and are not converted.",
    "Write a Gateway server of protocol TCP and a VirtualService with tcp routes for each TCP"
    " port, and open the port in the gateway's Service. UDP needs a Service of type "
    "LoadBalancer.",
)
SELECTOR = Message(
    "N2I601",
    "approximated",
    "warning",
    "Namespaces chosen by labels",
    "The controller serves namespaces with the labels {labels} only (--watch-namespace-selector). "
    "The input does not have Namespace {namespaces}, so the Ingresses there are converted.",
    "Add the Namespaces to the input (kubectl get namespace -o yaml).",
    frozenset({"routing"}),
)
METRICS = Message(
    "N2I602",
    "approximated",
    "info",
    "Metrics of the controller",
    "The controller counts requests for Prometheus as nginx_ingress_* (--enable-metrics). "
    "Istio counts them as istio_requests_total.",
    "Rewrite dashboards and alerts before the cut-over.",
    frozenset({"logging"}),
)
WEBHOOK = Message(
    "N2I603",
    "neutral",
    "info",
    "Admission webhook of the controller",
    "The API server asks the controller about each Ingress (--validating-webhook). When the "
    "controller is gone, the API server refuses changes of Ingresses.",
    "Delete the controller's ValidatingWebhookConfiguration together with the controller.",
)
CHOOSING = NoRule(
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
READING = NoRule(
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
    "the conversion follows it when the controller's Deployment or DaemonSet is among the input; "
    "the findings about annotations and paths say what it changes",
    "Add the controller's Deployment to the input.",
)
ADDRESS = NoRule(
    (
        "--publish-service",
        "--publish-status-address",
        "--update-status",
        "--update-status-on-shutdown",
        "--report-node-internal-ip-address",
        "--status-update-interval",
    ),
    "unsupported",
    "the controller writes its address into the status of Ingresses, and external-dns makes DNS "
    "records from it; Istio does not write into Ingresses",
    "Take the address from the gateway's Service, and use external-dns' sources for Istio.",
)
OF_METRICS = NoRule(
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
    "it shapes the controller's metrics for Prometheus; Istio has metrics of its own",
    "Shape Istio's metrics by a Telemetry with metrics.overrides.",
)
CHAIN = NoRule(
    ("--enable-ssl-chain-completion",),
    "unsupported",
    "the controller fetches missing intermediate certificates; Istio serves a Secret as it is",
    "Put the whole chain into tls.crt.",
)
OF_WEBHOOK = NoRule(
    ("--validating-webhook-certificate", "--validating-webhook-key", "--disable-full-test"),
    "neutral",
    "it sets up the controller's admission webhook, which ends with the controller",
    "Delete its ValidatingWebhookConfiguration together with it.",
)
GEOIP = NoRule(
    (
        "--maxmind-mirror",
        "--maxmind-license-key",
        "--maxmind-edition-ids",
        "--maxmind-retries-count",
        "--maxmind-retries-timeout",
    ),
    "unsupported",
    "it names nginx's database of addresses and countries; Istio's gateway has none, and the "
    "report names each snippet that uses $geoip2_...",
)
ENDING = NoRule(
    ("--shutdown-grace-period", "--post-shutdown-grace-period"),
    "neutral",
    "it says how long the controller's pods go on when they are stopped; the gateway's pods have "
    "terminationDrainDuration for that",
)
INSIDE = NoRule(
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
    "it sets up the controller as a program; no client notices it",
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
        services = place.config.configmaps.get(listed)
        if listed and (services is None or services.data):
            ports = ", ".join(sorted(services.data, key=lambda p: (len(p), p))) if services else ""
            what = f"ports {ports}" if ports else f"listed in ConfigMap {listed}"
            finding = STREAMS("", name=name, protocol=protocol, what=what)
            finding = finding.for_directive("", services.origin if services else None)
            yield finding.for_every_host()
    if unlabelled := place.config.unlabelled_namespaces:
        labels, names = flags["watch-namespace-selector"], ", ".join(unlabelled)
        hosts = place.config.hosts_where(lambda _, x: x.ingress.namespace in unlabelled)
        chosen = SELECTOR("", labels=labels, namespaces=names).assuming("namespaces")
        yield chosen.for_hosts(hosts)
    if flags["enable-metrics"] != FLAGS["enable-metrics"].builtin:
        yield METRICS("").for_every_host()
    if flags["validating-webhook"]:
        yield WEBHOOK("").for_every_host()
