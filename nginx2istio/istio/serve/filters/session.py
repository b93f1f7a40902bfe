"""Envoy's stateful session: a cookie with the address of the pod."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.outcome import Outcome
from nginx2istio.istio.serve.headers.cookies import new_cookie
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream


class Session(AddedHttpFilter):
    """The filter; it acts where a route has a cookie for it."""

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The cookie for a client without one; which pod one names can't be told."""
        config = self.config(stream)
        if config is None or outcome.status is not None:
            return outcome
        state = config["stateful_session"]["session_state"]["typed_config"]
        cookie = state["cookie"]
        if f"{cookie['name']}=" in stream.arrived.headers.get("cookie", ""):
            return replace(outcome, unknown=outcome.unknown | {"cookies"})
        fields = (*outcome.response_headers, ("set-cookie", new_cookie(cookie)))
        return replace(outcome, response_headers=fields)
