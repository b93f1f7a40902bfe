"""The script that asks an error service for pages."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from nginx2istio.base.outcome import (
    PER_CONNECTION,
    SOME_REQUEST_ID,
    Aspect,
    Outcome,
    TraceStep,
)
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.matching import Arrived
from nginx2istio.istio.serve.router import destination_name
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream

_DATA = "error-pages"
_NOTE = "error pages"
_KEPT = frozenset({"www-authenticate", "server", "date", "connection"})
_SECURITY = "strict-transport-security"
_OF_PAGE: frozenset[Aspect] = frozenset({"response-headers", "cookies", "cors", "status"})
"""What of an answer only the error service knows."""


class ErrorPageFilter(AddedHttpFilter):
    """The filter; it acts on routes with data for it."""

    def request(self, stream: Stream) -> Outcome | None:
        """Notes that the request came by, without which the script does nothing."""
        if _DATA in stream.patch.metadata.get(self.name, {}):
            stream.notes[_NOTE] = stream.arrived
        return None

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The page of the error service for the codes of the route."""
        data = stream.patch.metadata.get(self.name, {}).get(_DATA)
        if data is None or not stream.notes.get(_NOTE):
            return outcome
        own = outcome.status is not None
        status = stream.status_of(outcome)
        unready = bool(outcome.trace) and outcome.trace[-1].text.startswith("no pod of")
        bodied = stream.arrived.request.method != "HEAD"  # the script looks at the body
        if data.get("fallback") and own and status == 503 and unready and bodied:
            more = _about_client(stream.notes[_NOTE])
            return self._page(stream, outcome, data, data["fallback"], {"x-code": "503", **more})
        if str(status) not in data["codes"].split(",") or (data.get("own-only") and not own):
            return outcome
        if data.get("pages"):
            sent: Arrived = stream.notes[_NOTE]
            more = {"x-code": str(status), "x-original-uri": sent.target}
            return self._page(stream, outcome, data, data["pages"], more)
        step = TraceStep("error page", f"{status} is answered with {data['status']}", "EnvoyFilter")
        fields = tuple((n, v) for n, v in outcome.response_headers if n in _KEPT)
        return Outcome(
            int(data["status"]),
            "status",
            response_headers=(*fields, ("content-type", "text/plain")),
            trace=(*outcome.trace, step),
        )

    def _page(
        self, stream: Stream, outcome: Outcome, data: Json, cluster: str, more: Mapping[str, str]
    ) -> Outcome:
        """The answer of a service to what the script asks it; ``more`` are headers of the question.

        The default backend is asked for the request's own path, and keeps the route's HSTS.
        """
        _, port, _, host = cluster.split("|")
        service = destination_name({"host": host, "port": {"number": int(port)}})
        text = f"{more['x-code']} is answered by {service}"
        trace = (*outcome.trace, TraceStep("error page", text, "EnvoyFilter"))
        if stream.world.backends.get(service, "ready") != "ready":
            return Outcome(503, "routing", unknown=_OF_PAGE, trace=trace)
        sent: Arrived = stream.notes[_NOTE]
        whole = "x-scheme" in more
        staying = _KEPT | {_SECURITY} if whole else _KEPT
        fields = [(n, v) for n, v in outcome.response_headers if n in staying]
        answer = [(n.lower(), v) for n, v in stream.arrived.request.backend_headers]
        fields += [(n, v) for n, v in answer if n not in _KEPT and n != _SECURITY]
        question = {**_question(sent, data), **more}
        return Outcome(
            backends={service: Fraction(1)},
            method=sent.request.method,
            target=sent.target if whole else "/" + "".join(sent.target.partition("?")[1:]),
            host=sent.authority,
            request_headers=tuple(sorted(question.items())),
            body=False,
            response_headers=tuple(fields),
            trace=trace,
        )


def _question(sent: Arrived, data: Json) -> dict[str, str]:
    """The headers by which the service is asked, besides those that differ by the question."""
    headers = {
        name: value
        for name, value in sent.headers.items()
        if not name.startswith((":", "x-envoy", "x-forwarded")) and name not in PER_CONNECTION
    }
    headers.setdefault("x-request-id", SOME_REQUEST_ID)
    headers["x-forwarded-for"] = sent.source
    if "accept" in headers:
        headers["x-format"] = headers["accept"]
    of_route = {"x-namespace": "namespace", "x-ingress-name": "ingress"}
    of_route |= {"x-service-name": "service", "x-service-port": "port"}
    return headers | {name: data[key] for name, key in of_route.items()}


def _about_client(sent: Arrived) -> dict[str, str]:
    """The headers that the default backend gets besides."""
    scheme = sent.request.scheme
    return {
        "x-real-ip": sent.source,
        **dict.fromkeys(("x-scheme", "x-forwarded-proto", "x-forwarded-scheme"), scheme),
        "x-forwarded-host": sent.authority,
        "x-forwarded-port": "443" if scheme == "https" else "80",
    }
