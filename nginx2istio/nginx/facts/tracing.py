"""Where nginx's traces go, and how many of them."""

from __future__ import annotations

from nginx2istio.nginx.config import NginxConfig


def collector(config: NginxConfig) -> dict[str, str]:
    """The ``collector`` of the traces (host and port), and the ``percent`` of requests traced."""
    values = config.controller.config
    host, port = values["otlp-collector-host"], values["otlp-collector-port"]
    ratio, sampler = values["otel-sampler-ratio"], str(values["otel-sampler"])
    share = float(ratio) * 100 if isinstance(ratio, int | float | str) else 100.0
    percent = share if "Ratio" in sampler else 100.0
    if sampler == "AlwaysOff":
        percent = 0.0
    return {"collector": f"{host or 'none is set'}:{port}", "percent": f"{percent:g}"}
