"""Findings with the place that they are about."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.memo import memo
from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import DEFAULT_SERVER, Assumed, Origin, Server
from nginx2istio.rule import Finding, Message, Place, Requests, Severity
from nginx2istio.rule.requests import of_other_hosts

_ANSWERED_BY_OTHERS = frozenset({"routing", "access", "auth", "status", "redirect"})
"""Aspects of a finding that tell of another answerer."""


@record(frozen=True, slots=True)
class PlacedFinding:
    """A finding with its place: an origin, hosts (``*`` for all) and a path (``*`` for all)."""

    message: Message
    severity: Severity
    text: str
    to_do: str
    key: str
    value: str
    origin: Origin
    hosts: tuple[str, ...]
    path: str
    requests: tuple[Requests, ...] = ()
    """Of which requests it speaks, when the message does not say that."""
    assumed: tuple[Assumed, ...] = ()
    """What it takes for granted, as the input does not tell it."""


BROKEN_RULE = Message(
    "N2I010",
    "unsupported",
    "error",
    "Rule that failed",
    "The rule {rule} failed: {error}. The conversion lacks everything that it says about "
    "these paths.",
    "Correct the rule if it is yours, or report the failure with the Ingress. "
    "Check these paths by hand.",
    frozenset({"routing", "path", "status", "auth", "access", "response-headers"}),
)

BROKEN_PROTECTION = Message(
    "N2I023",
    "unsupported",
    "error",
    "A protection can't be worked out",
    "The rule {rule} failed: {error}. It enforces a protection, so these paths answer 503.",
    "Correct the rule if it is yours, or report the failure with the Ingress. "
    "Check these paths by hand.",
    frozenset({"routing", "status", "auth", "access"}),
)

UNENFORCED = Message(
    "N2I024",
    "unsupported",
    "error",
    "A protection has no counterpart",
    "Nothing in the conversion enforces {protection} here, so {result}.",
    "Say the protection in annotations, or protect these paths by hand.",
    frozenset({"routing", "status", "auth", "access"}),
)
BARE_REFUSAL = Message(
    "N2I209",
    "approximated",
    "info",
    "Refusals without response headers",
    "nginx sends {what} with a refusal, too. Envoy answers {path} by itself, and its refusals "
    "there lack them.",
    aspects=frozenset({"response-headers", "cors"}),
)
SERVED, CLOSED = "everybody gets in", "these paths answer 503"
"""What becomes of a path whose protection can't be had, with and without allow_unprotected."""


def placed(
    message: Message,
    origin: Origin,
    hosts: tuple[str, ...],
    path: str = "*",
    key: str = "",
    value: str = "",
    **facts: object,
) -> PlacedFinding:
    """A finding that belongs to no rule. ``facts`` are the values that the templates name."""
    facts = {"key": key, "value": value, **facts}
    return PlacedFinding(
        message,
        message.severity,
        message.text.format(**facts),
        message.to_do.format(**facts),
        key,
        value,
        origin,
        tuple("*" if host == "_" else host for host in hosts),
        path,
    )


def assuming(finding: PlacedFinding, config: NginxConfig, *assumed: Assumed) -> PlacedFinding:
    """The finding, with what of ``assumed`` the input does not tell."""
    unknown = tuple(name for name in assumed if name in config.assumed)
    return replace(finding, assumed=unknown) if unknown else finding


def requests_at_catch_all(place: Place, finding: Finding, everywhere: str) -> tuple[Requests, ...]:
    """Of which requests a finding at the catch-all speaks: its host ``*`` is all hosts, too."""
    if place.server.host != DEFAULT_SERVER or everywhere == "all":
        return ()
    if not finding.message.aspects & _ANSWERED_BY_OTHERS:
        return ()
    return finding.message.requests or (_to_other_hosts(place.config, place.server),)


@memo
def _to_other_hosts(config: NginxConfig, server: Server) -> Requests:
    """The requests for hosts that the configuration does not name, but at this server."""
    return of_other_hosts(config, {server.host, *server.aliases})
