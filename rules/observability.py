"""Access logs, error logs and traces: Istio has others, in other places."""

from collections.abc import Iterator

from nginx2istio.rule import Edit, Finding, Message, Place, collector, rule

ACCESS_LOG = Message(
    "N2I570",
    "approximated",
    "info",
    "Access logs are off by default",
    "nginx logs every request to its standard output. Istio does so only where access logs are on.",
    "Enable them by a Telemetry with accessLogging in the gateway's namespace.",
    frozenset({"logging"}),
)
NO_LOG = Message(
    "N2I571",
    "approximated",
    "info",
    "Path without access logs",
    "nginx logs no requests to this path. Istio's access logs, where they are on, hold them, too.",
    "Filter them in the Telemetry of the gateway (accessLogging.filter), by request.host and "
    "request.url_path.",
    frozenset({"logging"}),
)
FORMAT = Message(
    "N2I572",
    "approximated",
    "info",
    "Settings of nginx's logs",
    "{name} sets up nginx's logs. Istio's logs have a destination and a format of their own.",
    "Set accessLogFormat and accessLogEncoding in the mesh configuration.",
    frozenset({"logging"}),
)
REWRITE_LOG = Message(
    "N2I573",
    "neutral",
    "info",
    "Log of rewrites",
    "With enable-rewrite-log, nginx writes its rewrites to its error log. Envoy has no such log.",
    "Use istioctl proxy-config log --level http:debug to see what Envoy does.",
    frozenset({"logging"}),
)
TRACES = Message(
    "N2I574",
    "unsupported",
    "info",
    "Traces of OpenTelemetry",
    "nginx reports traces by OpenTelemetry and sends traceparent to backends. Istio does "
    "neither until you configure tracing.",
    "Name the collector ({collector}) as an extension provider in the mesh configuration. "
    "Create a Telemetry for the gateway with tracing and a sampling of {percent} %.",
    frozenset({"logging"}),
)
NO_TRACES = Message(
    "N2I575",
    "approximated",
    "info",
    "Path without traces",
    "nginx reports no traces of this path. Istio's tracing, where it is on, does.",
    "Set tracing.disableSpanReporting in a Telemetry of the gateway if the traces disturb.",
    frozenset({"logging"}),
)
OPERATION = Message(
    "N2I576",
    "approximated",
    "info",
    "Settings of nginx's traces",
    "{name} sets up nginx's traces. Istio's traces have the name of the route.",
    "Set tracing.customTags in a Telemetry.",
    frozenset({"logging"}),
)
LOGS = (
    "access-log-params",
    "access-log-path",
    "http-access-log-path",
    "stream-access-log-path",
    "enable-access-log-for-default-backend",
    "enable-auth-access-log",
    "error-log-path",
    "error-log-level",
    "log-format-escape-none",
    "log-format-escape-json",
    "log-format-upstream",
    "log-format-stream",
    "skip-access-log-urls",
    "enable-syslog",
    "syslog-host",
    "syslog-port",
    "disable-stream-access-log",
)
OFF = ("disable-access-log", "disable-http-access-log")
OTEL = (
    "opentelemetry-config",
    "otel-max-queuesize",
    "otel-schedule-delay-millis",
    "otel-max-export-batch-size",
    "otel-service-name",
    "otel-sampler-parent-based",
    "opentelemetry-operation-name",
    "opentelemetry-trust-incoming-span",
)
COLLECTOR = ("otlp-collector-host", "otlp-collector-port", "otel-sampler", "otel-sampler-ratio")


@rule("enable-access-log", "enable-rewrite-log")
def access_log(place: Place) -> Iterator[Edit | Finding]:
    """Nginx's logs are not Envoy's, and no answer depends on them."""
    if "enable-access-log" in place and not place["enable-access-log"]:
        yield NO_LOG("enable-access-log")
    if "enable-rewrite-log" in place:
        yield REWRITE_LOG("enable-rewrite-log")


@rule("enable-opentelemetry", *OTEL[-2:])
def opentelemetry(place: Place) -> Iterator[Edit | Finding]:
    """nginx traces by Ingress; Istio's tracing is configured for the mesh and the gateway."""
    key, traced = "enable-opentelemetry", place["enable-opentelemetry"]
    if key in place:
        yield TRACES(key, **collector(place.config)) if traced else NO_TRACES(key)
    for key in OTEL[-2:]:
        if traced and key in place:
            yield OPERATION(key, name=key)


@rule(
    *LOGS,
    *OFF,
    *OTEL[:-2],
    *COLLECTOR,
    at="conversion",
    when="always",
    reads=("enable-opentelemetry", *OTEL[-2:]),
)
def global_logs(place: Place) -> Iterator[Edit | Finding]:
    """What the ConfigMap says of logs and traces."""
    if not any(place[key] for key in OFF):
        yield ACCESS_LOG("").for_every_host()
    for key in (*LOGS, *OFF):
        if place.global_setting(key):
            yield FORMAT(key, name=key).for_every_host()
    if place.config.controller.on("enable-opentelemetry"):
        yield TRACES("enable-opentelemetry", **collector(place.config)).for_every_host()
        for key in OTEL:
            if place.global_setting(key):
                yield OPERATION(key, name=key).for_every_host()
