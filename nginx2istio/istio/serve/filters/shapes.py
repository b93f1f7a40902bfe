"""The parts of Envoy's configuration that are followed, known by their types and shapes.

What has a field more, or another script, is not known: it is never guessed at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nginx2istio.base.addresses import is_network
from nginx2istio.istio.serve.filters.scripts import script_steps

Json = Mapping[str, Any]
_TYPE = "type.googleapis.com/envoy.extensions."
_HTTP = _TYPE + "filters.http."
FAULT_FILTER = "envoy.filters.http.fault"
Behavior = Literal[
    "addresses",
    "auth",
    "body-held",
    "body-length",
    "compressor",
    "error-pages",
    "limits",
    "route-script",
    "session",
]
"""What an HTTP filter does."""


@dataclass(frozen=True, slots=True)
class AddedFilter:
    """An HTTP filter: its name, what it does, its configuration."""

    name: str
    kind: Behavior
    config: Json


KNOWN_SCRIPTS: Mapping[str, Behavior] = {
    "0f09bd0ed625a5e4": "auth",
    "b2c32bc0d57c90e8": "error-pages",
}
"""The scripts that are followed, by the beginning of their SHA-256."""
LENGTH_SCRIPT = re.compile(
    r"""function envoy_on_request\(handle\)
  local length = tonumber\(handle:headers\(\):get\("content-length"\)\)
  if length and length > (\d+) then handle:clearRouteCache\(\) end
end
"""
)
_POSITIVE = ("max_tokens", "tokens_per_fill")


def http_filter_kind(config: Json) -> Behavior | None:
    """What a filter of this configuration does; None for one that is not followed."""
    kind = config.get("@type", "")
    fields = set(config) - {"@type"}
    if kind == _HTTP + "lua.v3.Lua":
        return _script_kind(config, fields)
    if kind == _HTTP + "rbac.v3.RBAC" and not fields:
        return "addresses"
    if kind == _HTTP + "stateful_session.v3.StatefulSession" and not fields:
        return "session"
    if kind == _HTTP + "local_ratelimit.v3.LocalRateLimit" and _has_tokens(config):
        return "limits"
    if kind == _HTTP + "compressor.v3.Compressor":
        return "compressor" if fields <= _COMPRESSOR else None
    if kind == _TYPE + "common.matching.v3.ExtensionWithMatcher":
        inner = config.get("extension_config", {}).get("typed_config", {})
        if inner.get("@type") == _HTTP + "buffer.v3.Buffer":
            return "body-held" if config.get("xds_matcher") == _PASSED_BY else None
        if inner.get("@type") == _HTTP + "local_ratelimit.v3.LocalRateLimit":
            return "limits" if _has_tokens(inner) else None
    return None


_COMPRESSOR = frozenset({"response_direction_config", "compressor_library"})


def _script_kind(config: Json, fields: set[str]) -> Behavior | None:
    if not fields:
        return "route-script"
    if fields == {"source_codes"}:
        scripts = [source.get("inline_string", "") for source in config["source_codes"].values()]
        return "body-length" if all(map(LENGTH_SCRIPT.fullmatch, scripts)) else None
    if fields == {"default_source_code"}:
        return KNOWN_SCRIPTS.get(digest(config["default_source_code"].get("inline_string", "")))
    return None


def digest(script: str) -> str:
    """By what a script is known."""
    return hashlib.sha256(script.encode()).hexdigest()[:16]


def _has_tokens(config: Json) -> bool:
    """Whether each bucket lets a first request pass: then no single request is refused."""
    buckets = [config.get("token_bucket", {})]
    buckets += [each.get("token_bucket", {}) for each in config.get("descriptors", ())]
    return all(int(bucket.get(key, 0)) > 0 for bucket in buckets for key in _POSITIVE)


def _header(name: str, pattern: str = ".*") -> Json:
    message = "type.googleapis.com/envoy.type.matcher.v3.HttpRequestHeaderMatchInput"
    return {
        "single_predicate": {
            "input": {"name": name, "typed_config": {"@type": message, "header_name": name}},
            "value_match": {"safe_regex": {"google_re2": {}, "regex": pattern}},
        }
    }


_SKIP = {
    "action": {
        "name": "skip",
        "typed_config": {"@type": _TYPE + "filters.common.matcher.action.v3.SkipFilter"},
    }
}
_WEBSOCKET = {"and_matcher": {"predicate": [_header(":method", "GET"), _header("upgrade")]}}
_PASSED_BY: Json = {
    "matcher_list": {
        "matchers": [
            {
                "predicate": {"or_matcher": {"predicate": [_header("content-length"), _WEBSOCKET]}},
                "on_match": _SKIP,
            }
        ]
    }
}
"""The buffer filter leaves out bodies of a stated length, and WebSockets."""


def route_config_known(name: str, added: AddedFilter | None, config: Json) -> bool:
    """Whether a route's configuration for a filter is followed.

    ``added`` is the filter itself, None where there is none of this name.
    """
    message, fields = config.get("@type", ""), set(config) - {"@type"}
    if name == FAULT_FILTER:
        return bool(message == _HTTP + "fault.v3.HTTPFault" and fields == {"response_rate_limit"})
    if added is None:  # Envoy reads it for nobody; of another filter's type it can't be told
        return message.removeprefix(_HTTP) in _OF_ROUTE
    match added.kind, message.removeprefix(_HTTP):
        case "addresses", "rbac.v3.RBACPerRoute":
            return fields == {"rbac"} and _addresses_known(config["rbac"])
        case "session", "stateful_session.v3.StatefulSessionPerRoute":
            state = config.get("stateful_session", {}).get("session_state", {})
            typed = state.get("typed_config", {})
            return typed.get("@type") == _SESSION_COOKIE and bool(typed["cookie"].get("name"))
        case "body-held", "buffer.v3.BufferPerRoute":
            return fields == {"buffer"} and set(config["buffer"]) == {"max_request_bytes"}
        case "body-length", "lua.v3.LuaPerRoute":
            return fields == {"name"} and config["name"] in added.config["source_codes"]
        case "route-script", "lua.v3.LuaPerRoute":
            script = config.get("source_code", {}).get("inline_string", "")
            return fields == {"source_code"} and script_steps(script) is not None
    return False


_SESSION_COOKIE = _TYPE + "http.stateful_session.cookie.v3.CookieBasedSessionState"


_OF_ROUTE = frozenset(
    {
        "rbac.v3.RBACPerRoute",
        "stateful_session.v3.StatefulSessionPerRoute",
        "buffer.v3.BufferPerRoute",
        "lua.v3.LuaPerRoute",
    }
)


def _addresses_known(config: Json) -> bool:
    """Whether an RBAC configuration denies by addresses only."""
    rules = config.get("rules", {})
    return (
        set(config) == {"rules"}
        and rules.get("action") == "DENY"
        and all(
            policy.get("permissions") == [{"any": True}]
            and all(_principal_known(p) for p in policy.get("principals", ()))
            for policy in rules.get("policies", {}).values()
        )
    )


def _principal_known(principal: Json) -> bool:
    if set(principal) == {"remote_ip"}:
        network = principal["remote_ip"]
        return is_network(f"{network.get('address_prefix')}/{network.get('prefix_len')}")
    if set(principal) == {"not_id"}:
        return _principal_known(principal["not_id"])
    return set(principal) == {"or_ids"} and all(map(_principal_known, principal["or_ids"]["ids"]))


_HTTP1 = frozenset({"accept_http_10", "allow_custom_methods"})
_MUTATIONS = _TYPE + "http.early_header_mutation.header_mutation.v3.HeaderMutation"


def manager_field_known(name: str, value: Any) -> bool:
    """Whether a field of the HTTP connection manager is followed."""
    match name:
        case "max_request_headers_kb" | "preserve_external_request_id" | "strip_trailing_host_dot":
            return True
        case "http_protocol_options":
            return set(value) <= _HTTP1
        case "common_http_protocol_options":
            return set(value) == {"max_headers_count"}
        case "early_header_mutation_extensions":
            return all(_mutations_known(each.get("typed_config", {})) for each in value)
        case "local_reply_config":
            return bool(value == FAILED_BACKENDS)
    return False


def _mutations_known(config: Json) -> bool:
    """Whether changes of headers are removals, or values in place of others."""
    if config.get("@type") != _MUTATIONS or set(config) - {"@type", "mutations"}:
        return False
    for mutation in config.get("mutations", ()):
        match dict(mutation):
            case {"remove": str(), **others} if not others:
                pass
            case {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": str()}}}}:
                pass
            case {"append": {"header": {"key": str(), "value": str()}, "append_action": action}}:
                if action not in ("OVERWRITE_IF_EXISTS", "OVERWRITE_IF_EXISTS_OR_ADD"):
                    return False
            case _:
                return False
    return True


_FAILED = {"response_flag_filter": {"flags": ["UF", "UC", "UR"]}}
_LATE = {
    "extension_filter": {
        "name": "cel",
        "typed_config": {
            "@type": _TYPE + "access_loggers.filters.cel.v3.ExpressionFilter",
            "expression": "response.code_details.contains('connection_timeout')",
        },
    }
}
FAILED_BACKENDS: Json = {
    "mappers": [
        {"filter": {"and_filter": {"filters": [_FAILED, _LATE]}}, "status_code": 504},
        {"filter": _FAILED, "status_code": 502},
    ]
}
"""Failed connections to backends are answered with nginx's statuses."""


_QUESTION = frozenset({"cluster", "method", "host", "path", "headers", "identity"})
_PAGES = frozenset({"codes", "namespace", "ingress", "service", "port", "status"})
_DATA: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "nginx2istio.auth": (
        _QUESTION,
        frozenset({"signin", "always", "strict", "cache", "bare", "intercepts"}),
    ),
    "error-pages": (_PAGES, frozenset({"pages", "fallback", "own-only"})),
}
"""What scripts read of a route: by key, the fields that are there and those that may be."""


def metadata_known(data: Json) -> bool:
    """Whether what a route has for scripts is followed."""
    for key, value in data.items():
        if key in _DATA:
            needed, possible = _DATA[key]
            if not needed <= set(value) <= needed | possible:
                return False
            clusters = (value.get(name) for name in ("cluster", "pages", "fallback"))
            if any(c is not None and not _CLUSTER.fullmatch(c) for c in clusters):
                return False
            if "status" in value and not str(value["status"]).isdigit():
                return False
    return True


_CLUSTER = re.compile(r"outbound\|\d+\|[^|]*\|[^|]+")
