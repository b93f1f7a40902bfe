"""Limits for each client (``limit_req``) in an nginx.conf of ours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from nginx2istio.bridge.checks.check import Check
from nginx2istio.bridge.checks.nginx_text import block, variable_map, variable_part
from nginx2istio.istio.objects import short_hash
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.facts.checks.rate_limits import RateLimit, unlimited_networks


def counters(config: NginxConfig, checks: Iterable[Check]) -> Iterator[str]:
    """The counters of all Ingresses with limits, for the http level."""
    ingresses = {check.limits[0].ingress: check for check in checks if check.limits}
    if ingresses:
        yield f"limit_req_status {config.default('limit-req-status-code')};"
        yield "limit_req_log_level warn;"
    for ingress, check in ingresses.items():
        name = _name(ingress)
        some = [f"{network} 0;" for network in unlimited_networks(config, check.location)]
        yield from block(f"geo $counted_{name}", ["default 1;", *some])
        yield from variable_map(
            f"$counted_{name}", f"$client_{name}", ['0 ""', "1 $binary_remote_addr"]
        )
        for limit in check.limits:
            rate = f"{limit.rate}r/{'s' if limit.seconds == 1 else 'm'}"
            yield f"limit_req_zone $client_{name} zone={_zone(limit)}:5m rate={rate};"


def limit_directive(limit: RateLimit) -> str:
    """The directive of a location that counts its requests."""
    burst = f" burst={limit.burst} nodelay" if limit.burst else ""
    return f"limit_req zone={_zone(limit)}{burst};"


def _name(ingress: str) -> str:
    return f"{variable_part(ingress)}_{short_hash(ingress)}"


def _zone(limit: RateLimit) -> str:
    return f"{limit.key.removeprefix('limit-')}_{_name(limit.ingress)}"
