"""Findings with the place that they are about."""

from __future__ import annotations

from dataclasses import replace

from nginx2istio.base.records import record
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.model import Assumed, Origin, Setting
from nginx2istio.rule import Finding, Message, Place, Requests, Severity


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


def placed_at(
    finding: Finding, place: Place, setting: Setting | None, of_host: bool
) -> PlacedFinding:
    """A finding of a rule with its place; ``setting`` is what it is about.

    ``of_host``: the rule ran for the host as a whole.
    """
    origin = finding.origin or (setting.origin if setting else place.location.ingress)
    everywhere = finding.everywhere or ("host" if of_host else "")
    if everywhere == "all":
        hosts = finding.hosts or ("*",)
        path = finding.path or "*"
        if origin == place.location.ingress:
            origin = Origin("default", field=finding.key)
    else:
        hosts = finding.hosts or place.hosts
        path = finding.path or ("*" if everywhere == "host" else place.path)
    return PlacedFinding(
        finding.message,
        finding.severity or finding.message.severity,
        finding.text,
        finding.to_do,
        setting.origin.written if setting else finding.key,
        (setting.text if setting else "") if finding.value is None else finding.value,
        origin,
        tuple(["*" if host == "_" else host for host in hosts if not host.startswith("~")]),
        path,
        finding.requests,
        tuple([name for name in finding.assumed if name in place.config.assumed]),
    )


def placed_again(
    finding: Finding, placed: PlacedFinding, first: Origin, here: Origin, path: str
) -> PlacedFinding:
    """The same at another location, declared by the Ingress ``here`` as the first by ``first``."""
    if finding.everywhere and placed.origin is not first:
        return placed
    return PlacedFinding(
        placed.message,
        placed.severity,
        placed.text,
        placed.to_do,
        placed.key,
        placed.value,
        here if placed.origin is first else placed.origin,
        placed.hosts,
        placed.path if finding.path or finding.everywhere else path,
        placed.requests,
        placed.assumed,
    )


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
