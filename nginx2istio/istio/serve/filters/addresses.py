"""RBAC on single routes: who may ask, by address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.base.addresses import in_networks
from nginx2istio.base.outcome import Outcome, TraceStep
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream


class AddressFilter(AddedHttpFilter):
    """The filter; it does nothing but where a route has rules for it."""

    def request(self, stream: Stream) -> Outcome | None:
        """403 where a policy of the route fits."""
        config = self.config(stream)
        if config is None:
            return None
        for name, policy in config["rbac"]["rules"]["policies"].items():
            if any(_fits(p, stream.arrived.source) for p in policy.get("principals", ())):
                step = TraceStep("authorization", "denied by an EnvoyFilter", name)
                return stream.local_reply(Outcome(403, "access", trace=(step,)))
        return None


def _fits(principal: Mapping[str, Any], address: str) -> bool:
    if "not_id" in principal:
        return not _fits(principal["not_id"], address)
    if "or_ids" in principal:
        return any(_fits(each, address) for each in principal["or_ids"]["ids"])
    network = principal["remote_ip"]
    return in_networks(address, (f"{network['address_prefix']}/{network['prefix_len']}",))
