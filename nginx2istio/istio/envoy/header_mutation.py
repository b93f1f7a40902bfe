"""Changes of request headers in the connection manager, before routes are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from nginx2istio.istio.envoy.filters import typed
from nginx2istio.istio.objects import Object

_EXTENSION = "envoy.http.early_header_mutation.header_mutation"
_MESSAGE = "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"
AppendAction = Literal["OVERWRITE_IF_EXISTS", "OVERWRITE_IF_EXISTS_OR_ADD"]


def early_header_mutation(mutations: Sequence[Object]) -> Object:
    """An entry of the manager's ``early_header_mutation_extensions``."""
    return {"name": _EXTENSION, "typed_config": typed(_MESSAGE, mutations=list(mutations))}


def remove_request_header(header: str) -> Object:
    """Removes a header."""
    return {"remove": header}


def set_request_header(header: str, value: str, action: AppendAction) -> Object:
    """Sets a header to a value with Envoy's operators."""
    return {"append": {"header": {"key": header, "value": value}, "append_action": action}}


def remove_request_headers(pattern: str) -> Object:
    """Removes the headers whose whole name, in lower case, matches a pattern of RE2."""
    return {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": pattern}}}}
