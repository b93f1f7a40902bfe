"""Faults that a route injects."""

from __future__ import annotations

from nginx2istio.base.outcome import Outcome, TraceStep
from nginx2istio.istio.serve.stream import HttpFilter, Stream


class InjectedFault(HttpFilter):
    """Ends all requests of a route; a share of less is a setting, for chance decides."""

    def request(self, stream: Stream) -> Outcome | None:
        """The answer of an abort that nobody is spared."""
        route = stream.route or {}
        abort = route.get("fault", {}).get("abort", {}) if "route" in route else {}
        # Without a percentage it is 0 (``TranslateFault``).
        if "httpStatus" not in abort or abort.get("percentage", {}).get("value", 0) < 100:
            return None
        status = int(abort["httpStatus"])
        step = TraceStep("fault", f"answers {status}", str(route.get("name", "")))
        return stream.local_reply(Outcome(status, "status", trace=(step,)), "fault_filter_abort")
