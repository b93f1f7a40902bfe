"""Keys that older releases of ingress-nginx read, and 1.15 does not: they do nothing."""

from nginx2istio.rule import NoRule

BACKEND_TLS = NoRule(
    ("secure-backends", "grpc-backend", "secure-verify-ca-secret"),
    "ineffective",
    "ingress-nginx no longer reads it, and nginx speaks plain HTTP to the backend without "
    "backend-protocol",
    "Set backend-protocol (and proxy-ssl-secret, proxy-ssl-verify) if the backend speaks TLS or "
    "gRPC, and convert again.",
)
BASE_URL = NoRule(
    ("add-base-url", "base-url-scheme"),
    "ineffective",
    "ingress-nginx no longer reads it, and clients get pages as the backend writes them",
    "Let the backend write its own base address.",
)
INFLUXDB = NoRule(
    (
        "enable-influxdb",
        "influxdb-measurement",
        "influxdb-port",
        "influxdb-host",
        "influxdb-server-name",
    ),
    "ineffective",
    "ingress-nginx no longer reads it, and nothing is sent to InfluxDB",
    "Collect Istio's metrics with Prometheus.",
)
OPENTRACING = NoRule(
    (
        "enable-opentracing",
        "opentracing-trust-incoming-span",
        "jaeger-collector-host",
        "jaeger-collector-port",
        "jaeger-endpoint",
        "jaeger-service-name",
        "jaeger-propagation-format",
        "jaeger-sampler-type",
        "jaeger-sampler-param",
        "jaeger-sampler-host",
        "jaeger-sampler-port",
        "jaeger-trace-context-header-name",
        "jaeger-debug-header",
        "jaeger-baggage-header",
        "jaeger-trace-baggage-header-prefix",
    ),
    "ineffective",
    "ingress-nginx no longer reads it, and OpenTelemetry replaces OpenTracing",
    "Configure tracing in the mesh configuration and with a Telemetry.",
)
GLOBAL_LIMIT = NoRule(
    (
        "global-rate-limit",
        "global-rate-limit-window",
        "global-rate-limit-key",
        "global-rate-limit-ignored-cidrs",
    ),
    "ineffective",
    "ingress-nginx no longer reads it, and nothing limits requests across the controller's pods "
    "today",
    "If you want the limit, run Envoy's rate limit service, or use limit-rps.",
)
COOKIE_HASH = NoRule(
    ("session-cookie-hash",),
    "ineffective",
    "ingress-nginx no longer reads it, and the cookie's value is hashed in one way only",
    "Delete it.",
)
PASSIVE_CHECKS = NoRule(
    ("upstream-fail-timeout", "upstream-max-fails"),
    "ineffective",
    "ingress-nginx no longer reads it, and nginx leaves pods out only when Kubernetes says that "
    "they are not ready",
    "Use outlierDetection of a DestinationRule if failing pods should get no requests.",
)
LUA_WAF = NoRule(
    (
        "lua-resty-waf",
        "lua-resty-waf-debug",
        "lua-resty-waf-ignore-rulesets",
        "lua-resty-waf-extra-rules",
    ),
    "ineffective",
    "ingress-nginx no longer reads it, and this firewall protects nothing today",
    "If you want the protection, run Coraza as a WasmPlugin of the gateway.",
)
GEOIP = NoRule(
    ("use-geoip",),
    "ineffective",
    "ingress-nginx no longer reads it, and use-geoip2 replaces it",
    "Delete it.",
)
