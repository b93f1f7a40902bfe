"""Credentials in URLs, which no report shows."""

from __future__ import annotations

import re
from operator import is_
from typing import TypeVar

V = TypeVar("V")
_USERINFO = re.compile(r"(?<=://)[^/\s\"'?<>]+@")
_USERINFO_IN_JSON = re.compile(r"(?<=://)(?:[^/\s\"'?<>\\]|\\\\)+@")
"""A line break is a backslash and a letter there."""
_PARAMETER = re.compile(
    r"""(?ix) (?<=[?&])
    ( (?: [\w.-]* (?: token | secret | passw(?:or)?d | api[_-]?key | signature ) | sig | pwd ) = )
    [^&\s"'\#<>\\$]+"""
)
"""The value of a query's parameter with a telling name; one of nginx's variables is none."""


def mask_credentials(text: str) -> str:
    """A text whose URLs have ``***`` for user and password, and for tokens of their queries.

    ``https://***@host/?token=***``
    """
    return _parameters(_USERINFO.sub("***@", text) if "@" in text else text)


def mask_json(text: str) -> str:
    """The same for the text of a JSON document."""
    return _parameters(_USERINFO_IN_JSON.sub("***@", text) if "@" in text else text)


def _parameters(text: str) -> str:
    return _PARAMETER.sub(r"\1***", text) if "?" in text or "&" in text else text


def mask_all(value: V) -> V:
    """The same for each string in lists and mappings; what has no credentials is no copy."""
    if isinstance(value, str):
        return mask_credentials(value)  # type: ignore[return-value]
    if isinstance(value, dict):
        masked = {key: mask_all(part) for key, part in value.items()}
        same = all(map(is_, masked.values(), value.values()))
        return value if same else masked  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        parts = [mask_all(part) for part in value]
        same = isinstance(value, list) and all(map(is_, parts, value))
        return value if same else parts  # type: ignore[return-value]
    return value
