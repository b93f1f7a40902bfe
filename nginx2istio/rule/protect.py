"""What the rules for address lists and for credentials share: the policy and what it changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.protection import ProtectionPlan, authorization, unavailable
from nginx2istio.istio.edits import Edit
from nginx2istio.rule.message import Aspect, Finding, Message
from nginx2istio.rule.requests import requests_beyond

CHECK_NAMES: Mapping[str, str] = {
    "addresses": "address list",
    "credentials": "check of credentials",
}


@dataclass(frozen=True, slots=True)
class PolicyMessages:
    """The messages about differences between a policy and nginx; see ``PolicyDifference.kind``."""

    wider: Message
    spelling: Message
    loose: Message
    port: Message
    early: Message
    origin: Message


def policy_messages(
    check: Literal["addresses", "credentials"],
    wider: str,
    spelling: str,
    loose: str,
    port: str,
    early: str,
    origin: str,
) -> PolicyMessages:
    """The messages for one protection, by their codes; a rule keeps each under a name of its own.

    The facts of the texts: ``path`` and ``protected`` are declared paths, ``start`` is the
    beginning of paths, ``host`` the host.
    """
    name = CHECK_NAMES[check]
    aspects: tuple[Aspect, ...] = ("access",) if check == "addresses" else ("access", "auth")
    # A service that fails answers 500.
    fails: tuple[Aspect, ...] = () if check == "addresses" else ("status",)

    def message(
        code: str,
        severity: Literal["error", "warning", "info"],
        title: str,
        text: str,
        to_do: str = "",
        more: Sequence[Aspect] = (),
    ) -> Message:
        every = frozenset((*aspects, *more))
        return Message(code, "approximated", severity, title, text, to_do, every)

    return PolicyMessages(
        message(
            wider,
            "error",
            f"The {name} covers another path",
            f"Istio applies the {name} of {{protected}} to {{path}}, too. "
            "No AuthorizationPolicy can leave this pattern out.",
            "Write {path} as a plain path (Prefix or Exact), or give it a host of its own.",
            fails,
        ),
        message(
            spelling,
            "info",
            "Paths in another letter case are denied"
            if check == "addresses"
            else "Other letter cases are denied before credentials",
            "nginx matches {path} in any letter case, an AuthorizationPolicy in one. "
            "Istio denies requests for another letter case (403).",
            "Convert with --envoy-filters if clients use several spellings.",
        ),
        message(
            loose,
            "warning",
            f"The {name} covers similar paths",
            f"Istio applies the {name} of {{protected}} to all paths that begin with {{start}}. "
            "nginx gives some of them to other paths of the host.",
            "Write the pattern as plain paths (Prefix or Exact), or convert with --envoy-filters.",
            fails,
        ),
        Message(
            port,
            "approximated",
            "info",
            f"Unusual Host ports are denied ({name})",
            "Istio denies requests under {host} whose Host header names a port other than 80 and "
            "443. No AuthorizationPolicy can match such a port.",
            "",
            frozenset({"access"}),
        ),
        Message(
            early,
            "approximated",
            "info",
            f"The {name} precedes nginx's own answer",
            f"nginx answers {{path}} itself (a redirect, for example) before it uses the {name}. "
            f"Istio applies the {name} of {{protected}} first.",
            "",
            frozenset({aspects[-1], "redirect"}),
        ),
        message(
            origin,
            "info",
            f"Similar origins and the {name}",
            "Istio denies OPTIONS requests for {path} from origins that only share the ending of "
            "an allowed origin.",
            more=("cors",),
        ),
    )


def protect(
    place: Place,
    plan: ProtectionPlan,
    key: str,
    action: Literal["DENY", "CUSTOM"],
    sources: Sequence[Mapping[str, object]],
    messages: PolicyMessages,
    provider: str = "",
) -> Iterator[Edit | Finding]:
    """The policy of a location, the routes behind it, and how the two differ from nginx.

    ``sources`` are Istio's, ``provider`` names the extension provider of a CUSTOM policy.
    """
    location = place.location
    yield authorization(plan, location, place.options, action, sources, provider)
    yield from plan.refusal_routes(location)
    for difference in plan.differences(location):
        message: Message = getattr(messages, difference.kind)
        finding = message(
            key,
            protected=location.declared,
            path=difference.path,
            start=difference.start,
            host=", ".join(difference.hosts) or place.server.host,
        )
        if difference.moved:  # nginx redirects everybody there
            finding = replace(finding, severity="warning")
        if difference.hosts:
            yield finding.for_hosts(difference.hosts)
        elif difference.kind == "loose":
            begun = requests_beyond(location, difference.start)
            yield finding.for_requests(*begun).for_host()
        elif difference.path == "*":
            yield finding.for_host()
        else:
            yield replace(finding, path=difference.path)


def withhold(place: Place, message: Message, key: str, **facts: Any) -> Iterator[Edit | Finding]:
    """A location whose protection can't be had answers 503, or is open if the user wants it so.

    The message's text says which by ``{result}``.
    """
    if place.options.allow_unprotected:
        yield message(key, result="the path is served to everybody", **facts)
    else:
        yield message(key, result="the path answers 503", **facts)
        yield unavailable()
