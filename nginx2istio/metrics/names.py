"""Which metric and which label stand for those of ingress-nginx, and what differs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LabelFamily = Literal["istio", "envoy", "container"]
"""Whose labels a metric has: a request's, those of the gateway's Envoy, or its container's."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What stands for a metric. ``note`` says what differs; ``form`` is written around it.

    ``seconds`` marks a metric in milliseconds that stands for one in seconds. ``only`` is what a
    matcher must say for the metric to stand for it; that matcher is left out. ``within`` are the
    functions that the metric can be an argument of; empty for any.
    """

    name: str
    family: LabelFamily = "istio"
    note: str = ""
    seconds: bool = False
    only: tuple[tuple[str, str], ...] = ()
    within: tuple[str, ...] = ()
    form: str = "{}"


_REQUEST_TIME = (
    "Istio measures the whole request at the gateway, and no metric by Service has the time of"
    " the backend alone"
)
OWN_ANSWERS = (
    "requests that Envoy answers itself, such as redirects and paths without a backend, are of no"
    " Service: their destination_service_name is unknown"
)
"""What differs in each query that asks for a Service."""

HISTOGRAMS = {
    "request_duration_seconds": Metric("istio_request_duration_milliseconds", seconds=True),
    "response_duration_seconds": Metric(
        "istio_request_duration_milliseconds", seconds=True, note=_REQUEST_TIME
    ),
    "response_size": Metric("istio_response_bytes"),
    "bytes_sent": Metric("istio_response_bytes"),
    "request_size": Metric("istio_request_bytes"),
}
"""By name without ``_bucket``, ``_sum`` and ``_count``, which both sides have."""

METRICS = {
    "requests": Metric("istio_requests_total"),
    "nginx_process_requests_total": Metric("istio_requests_total"),
    "config_hash": Metric("istio_requests_total", within=("label_values",)),
    "nginx_process_connections": Metric(
        "envoy_server_total_connections", "envoy", only=(("state", "active"),)
    ),
    "nginx_process_resident_memory_bytes": Metric("envoy_server_memory_physical_size", "envoy"),
    "nginx_process_cpu_seconds_total": Metric(
        "container_cpu_usage_seconds_total",
        "container",
        "the kubelet measures the gateway's container",
    ),
    "success": Metric(
        "envoy_listener_manager_lds_update_success",
        "envoy",
        "Envoy counts updates of listeners; routes change without one",
    ),
    "config_last_reload_successful": Metric(
        "envoy_listener_manager_lds_update_rejected",
        "envoy",
        "it is 0 where Envoy refused listeners within the last five minutes",
        form="(increase({}[5m]) == bool 0)",
    ),
    "config_last_reload_successful_timestamp_seconds": Metric(
        "envoy_listener_manager_lds_update_success",
        "envoy",
        "Envoy counts updates of listeners and does not note their time",
        within=("changes",),
    ),
}

NO_COUNTERPART = {
    "ssl_expire_time_seconds": "no metric of the gateway has the expiry by host; cert-manager has"
    " certmanager_certificate_expiration_timestamp_seconds",
    "ssl_certificate_info": "no metric of the gateway describes its certificates",
    "header_duration_seconds": "no metric of Envoy's has the time to the first header",
    "connect_duration_seconds": "Envoy has it by cluster, and Istio does not collect it by default:"
    " envoy_cluster_upstream_cx_connect_ms",
}
"""Why nothing stands for a metric, where something better than a general sentence can be said."""

NEW_LABELS = {
    "status": "response_code",
    "service": "destination_service_name",
    "exported_service": "destination_service_name",
    "exported_namespace": "destination_service_namespace",
    "ingress": "destination_service_name",
    "exported_ingress": "destination_service_name",
    "controller_namespace": "namespace",
    "controller_pod": "pod",
    "kubernetes_pod_name": "pod",
    "controller_class": "source_workload",
    "method": "request_method",
    "host": "request_host",
    "path": "route_name",
    "le": "le",
    "pod": "pod",
    "instance": "instance",
    "job": "job",
    "cluster": "cluster",
    "__name__": "__name__",
}
"""Labels of requests. What is not here is kept as it is: a label of the scrape or of a rule."""

TAGS = {
    "request_method": "request.method",
    "request_host": "request.host",
    "route_name": "xds.route_name",
}
"""Labels that Istio adds when a Telemetry says so, by what Envoy calls them."""

OF_THE_CONTROLLER = frozenset(
    {"controller_namespace", "controller_pod", "kubernetes_pod_name", "controller_class"}
)
"""Labels whose values are names of the old controller: none of them is one of the gateway."""
OF_REQUESTS = frozenset(
    {"status", "service", "ingress", "method", "host", "path", "canary", "state"}
) | frozenset({"exported_service", "exported_namespace", "exported_ingress"})
"""Labels that metrics of the gateway itself don't have."""

OF_A_SERVICE = frozenset({"destination_service_name", "destination_service_namespace"})
"""Labels of the Service that a request went to."""

_BOUNDS = (0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000)
_LARGE_BOUNDS = (300_000, 600_000, 1_800_000, 3_600_000)
BUCKETS = frozenset(_BOUNDS + _LARGE_BOUNDS)
"""The upper bounds of Istio's buckets, in milliseconds or bytes: Envoy's own."""
