"""Authorization at a gateway: what a service says, policies that deny, those that allow."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.outcome import ASPECTS, Outcome, TraceStep
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.gateway_config import GatewayConfig
from nginx2istio.istio.serve.matching import Arrived
from nginx2istio.istio.serve.policies import PolicyNotRead, policy_fits
from nginx2istio.istio.serve.stream import HttpFilter, Stream


class Authorization(HttpFilter):
    """The policies of all actions."""

    def request(self, stream: Stream) -> Outcome | None:
        """The refusal of a policy; None where all let the request pass."""
        try:
            return self._decided(stream)
        except PolicyNotRead:
            return Outcome(status=403, aspect="access", unknown=frozenset(ASPECTS))

    def _decided(self, stream: Stream) -> Outcome | None:
        arrived, policies = stream.arrived, stream.config.policies_of
        # Where there is no route nobody is asked (ext_authz's ``getPerRouteFlags``).
        asking = policies.get("CUSTOM") if stream.route is not None else None
        for policy in asking.about(arrived.host) if asking else ():
            if not policy_fits(policy, arrived):
                continue
            provider = _provider(stream.config, policy)
            denial = _asked(arrived, provider, policy)
            if denial is not None:
                return stream.local_reply(denial, "ext_authz_denied")
            passed = [p.lower() for p in provider.get("headersToUpstreamOnAllow", ())]
            answer = arrived.request.auth_headers
            stream.identity = tuple((n, v) for n, v in answer if n.lower() in passed)
            step = TraceStep("authorization", "the service lets it pass", _name(policy))
            stream.steps.append(step)
            shown = [p.lower() for p in provider.get("headersToDownstreamOnAllow", ())]
            stream.notes[_SHOWN] = tuple((n.lower(), v) for n, v in answer if n.lower() in shown)
        for policy in policies["DENY"].about(arrived.host) if "DENY" in policies else ():
            if policy_fits(policy, arrived):
                return stream.local_reply(_denied("denied", _name(policy)))
        if "ALLOW" in policies and not any(
            policy_fits(policy, arrived) for policy in policies["ALLOW"].about(arrived.host)
        ):
            return stream.local_reply(_denied("no policy allows it"))
        return None

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The answer with headers of the service that clients are to get."""
        shown = stream.notes.get(_SHOWN)
        if not shown:
            return outcome
        return replace(outcome, response_headers=(*outcome.response_headers, *shown))


_SHOWN = "headers of the service"


def _denied(text: str, by: str = "") -> Outcome:
    return Outcome(403, "access", trace=(TraceStep("authorization", text, by),))


def _provider(config: GatewayConfig, policy: Json) -> Json:
    name = policy["spec"]["provider"]["name"]
    for provider in config.mesh.get("extensionProviders", ()):
        if provider["name"] == name:
            settings: Json = provider.get("envoyExtAuthzHttp", {})
            return settings
    return {}


def _asked(arrived: Arrived, provider: Json, policy: Json) -> Outcome | None:
    """The denial of an external authorization; None where it allows. Without a provider: 403."""
    request = arrived.request
    step = TraceStep("authorization", f"the service answers {request.auth_status}", _name(policy))
    if not provider:
        return Outcome(status=403, aspect="auth", trace=(step,))
    if request.auth_status == 200:
        return None
    passed = ["location", *(h.lower() for h in provider.get("headersToDownstreamOnDeny", ()))]
    passed_on = tuple((n.lower(), v) for n, v in request.auth_headers if n.lower() in passed)
    location = next((v for n, v in passed_on if n == "location"), "")
    return Outcome(
        status=request.auth_status,
        aspect="redirect" if location else "auth",
        location=location,
        response_headers=passed_on,
        trace=(step,),
    )


def _name(policy: Json) -> str:
    return f"{policy['metadata']['namespace']}/{policy['metadata']['name']}"
