"""Findings about hosts of more labels than a wildcard has, which Istio's star takes as well."""

from nginx2istio.rule import Message

BEYOND_CLOSED = Message(
    "N2I050",
    "unsupported",
    "error",
    "Protected server beyond a wildcard",
    "nginx gives hosts of more labels than {key} to {other}. No policy can tell them from {key}, "
    "so the gateway answers 503 on the paths of {other} that a policy protects.",
    "Declare the hosts of more labels that are in use one by one.",
    frozenset({"routing", "status", "auth", "access"}),
)

BEYOND_REFUSED = Message(
    "N2I051",
    "approximated",
    "warning",
    "Protection that reaches beyond a wildcard",
    "nginx gives hosts of more labels than {key} to {other}. The policies that protect {key} hold "
    "for them, too.",
    "Declare the hosts of more labels that are in use one by one.",
    frozenset({"auth", "access"}),
)

MESSAGES = (BEYOND_CLOSED, BEYOND_REFUSED)
