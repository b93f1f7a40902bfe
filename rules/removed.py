"""Keys that older releases of ingress-nginx read, and 1.15 does not: they do nothing today."""

from nginx2istio.rule import Entry

BACKEND_TLS = Entry(
    ("secure-backends", "grpc-backend", "secure-verify-ca-secret"),
    "ineffective",
    "no longer read: nginx speaks plain HTTP to the back end unless backend-protocol says more",
    "set backend-protocol (and proxy-ssl-secret, proxy-ssl-verify) if the back end speaks TLS or "
    "gRPC, and convert again",
)
BASE_URL = Entry(
    ("add-base-url", "base-url-scheme"),
    "ineffective",
    "no longer read: pages reach clients as the back end made them",
    "let the application write its own base address",
)
INFLUXDB = Entry(
    (
        "enable-influxdb",
        "influxdb-measurement",
        "influxdb-port",
        "influxdb-host",
        "influxdb-server-name",
    ),
    "ineffective",
    "no longer read: nothing is sent to InfluxDB",
    "collect Istio's metrics by Prometheus",
)
OPENTRACING = Entry(
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
    "no longer read: OpenTelemetry took OpenTracing's place",
    "configure tracing in the mesh configuration and by a Telemetry",
)
GLOBAL_LIMIT = Entry(
    (
        "global-rate-limit",
        "global-rate-limit-window",
        "global-rate-limit-key",
        "global-rate-limit-ignored-cidrs",
    ),
    "ineffective",
    "no longer read: nothing limits requests across the controller's pods today",
    "if the limit is wanted, run Envoy's rate limit service, or use limit-rps",
)
COOKIE_HASH = Entry(
    ("session-cookie-hash",),
    "ineffective",
    "no longer read: the cookie's value is hashed in one way only",
    "delete it",
)
PASSIVE_CHECKS = Entry(
    ("upstream-fail-timeout", "upstream-max-fails"),
    "ineffective",
    "no longer read: nginx leaves pods out only when Kubernetes says that they are not ready",
    "use outlierDetection of a DestinationRule if pods that fail should be left out",
)
LUA_WAF = Entry(
    (
        "lua-resty-waf",
        "lua-resty-waf-debug",
        "lua-resty-waf-ignore-rulesets",
        "lua-resty-waf-extra-rules",
    ),
    "ineffective",
    "no longer read: this firewall protects nothing today",
    "if the protection is wanted, run Coraza as a WasmPlugin of the gateway",
)
GEOIP = Entry(
    ("use-geoip",),
    "ineffective",
    "no longer read: use-geoip2 took its place",
    "delete it",
)
