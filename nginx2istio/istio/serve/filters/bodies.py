"""Limits for bodies: those of unknown length are held and counted, then all are by their length."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.outcome import Outcome, TraceStep
from nginx2istio.istio.serve.filters.shapes import LENGTH_SCRIPT, AddedFilter
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream


class BodyHeld(AddedHttpFilter):
    """Envoy's buffer filter: it ends a request that holds too much, and states the length."""

    def request(self, stream: Stream) -> Outcome | None:
        """413 for too long a body of unknown length; a shorter one gets its length."""
        config, arrived = self.config(stream), stream.arrived
        request = arrived.request
        websocket = request.method == "GET" and "upgrade" in arrived.headers
        if config is None or "content-length" in arrived.headers or websocket:
            return None
        if not request.chunked or (request.http == "2" and not request.body_bytes):
            return None  # without a body
        if request.body_bytes > config["buffer"]["max_request_bytes"]:
            step = TraceStep("body", "it is longer than the gateway holds", "EnvoyFilter")
            return stream.local_reply(Outcome(413, "body-limit", trace=(step,)))
        stream.arrived = replace(arrived, request=replace(request, chunked=False))
        stream.arrived.headers["content-length"] = str(request.body_bytes)
        return None


class BodyLength(AddedHttpFilter):
    """A script that looks for the route anew where the stated length is over the limit."""

    def __init__(self, added: AddedFilter):
        super().__init__(added)
        self.limits = {
            name: int(match[1])
            for name, source in added.config["source_codes"].items()
            if (match := LENGTH_SCRIPT.fullmatch(source["inline_string"]))
        }

    def request(self, stream: Stream) -> Outcome | None:
        """Chooses the route again, which then is the one for bodies of this length."""
        config = self.config(stream)
        length = stream.arrived.headers.get("content-length", "")
        if config is not None and length.isdigit() and int(length) > self.limits[config["name"]]:
            stream.choose_route()
        return None
