"""AuthorizationPolicies at a gateway: CUSTOM first, then DENY, then ALLOW."""

from __future__ import annotations

from collections.abc import Sequence

from nginx2istio.base.addresses import in_networks
from nginx2istio.istio.serve.filters.shapes import Json
from nginx2istio.istio.serve.matching import Arrived


class PolicyNotRead(ValueError):
    """A field of a policy that this reading does not know."""


def policy_fits(policy: Json, arrived: Arrived) -> bool:
    """Whether a rule of a policy fits a request. Raises PolicyNotRead."""
    return any(_rule_fits(rule, arrived) for rule in policy["spec"].get("rules", ()))


def _rule_fits(rule: Json, arrived: Arrived) -> bool:
    sources, operations = rule.get("from"), rule.get("to")
    if sources is not None and not any(source_fits(s["source"], arrived) for s in sources):
        return False
    if operations is not None and not any(
        operation_fits(o["operation"], arrived) for o in operations
    ):
        return False
    return all(condition_fits(c, arrived) for c in rule.get("when", ()))


OF_ADDRESSES = frozenset({"remoteIpBlocks", "ipBlocks", "notRemoteIpBlocks", "notIpBlocks"})
"""What of a source is about the address."""


def source_fits(source: Json, arrived: Arrived) -> bool:
    """Whether a source is the one of a request. Raises PolicyNotRead."""
    for key, values in source.items():
        if key not in OF_ADDRESSES:
            raise PolicyNotRead(key)
        if in_networks(arrived.source, tuple(values)) == key.startswith("not"):
            return False
    return True


def operation_fits(operation: Json, arrived: Arrived) -> bool:
    """Whether an operation is the one of a request. Raises PolicyNotRead."""
    for key, values in operation.items():
        if key in ("hosts", "notHosts"):
            fits = any(pattern_fits(v.lower(), arrived.authority.lower()) for v in values)
        elif key in ("paths", "notPaths"):
            fits = any(path_fits(v, arrived.path) for v in values)
        elif key in ("methods", "notMethods"):
            fits = any(pattern_fits(v, arrived.request.method) for v in values)
        elif key in ("ports", "notPorts"):
            fits = str(arrived.port) in values
        else:
            raise PolicyNotRead(key)
        if fits == key.startswith("not"):
            return False
    return True


def condition_fits(condition: Json, arrived: Arrived) -> bool:
    """Whether a condition is true of a request. Raises PolicyNotRead."""
    key = condition["key"]
    present: tuple[str, ...]
    if key.startswith("request.headers["):
        present = arrived.values(key[16:-1].lower())
    elif key == "connection.sni":
        sni = arrived.request.sni if arrived.request.scheme == "https" else None
        present = () if sni is None else (sni,)
    elif key == "remote.ip":
        inside = tuple(condition.get("values", ()))
        outside = tuple(condition.get("notValues", ()))
        return (not inside or in_networks(arrived.source, inside)) and not in_networks(
            arrived.source, outside
        )
    else:
        raise PolicyNotRead(key)
    values: Sequence[str] = condition.get("values", ())
    excluded: Sequence[str] = condition.get("notValues", ())
    if values and not any(pattern_fits(v, value) for v in values for value in present):
        return False
    return not any(pattern_fits(v, value) for v in excluded for value in present)


def pattern_fits(pattern: str, value: str) -> bool:
    """A whole text, one with a star at an end, or any that is not empty (``*``)."""
    if pattern == "*":
        return value != ""
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    if pattern.endswith("*"):
        return value.startswith(pattern[:-1])
    return value == pattern


def path_fits(pattern: str, path: str) -> bool:
    """Whether a path fits a pattern of a policy. Raises PolicyNotRead."""
    if "{*}" in pattern or "{**}" in pattern:
        raise PolicyNotRead(pattern)
    return pattern_fits(pattern, path)
