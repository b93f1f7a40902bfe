"""Credentials in URLs, which no report shows."""

from __future__ import annotations

import re
from typing import TypeVar

V = TypeVar("V")
_USERINFO = re.compile(r"(?<=://)[^/\s\"'?<>]+@")
_USERINFO_IN_JSON = re.compile(r"(?<=://)(?:[^/\s\"'?<>\\]|\\\\)+@")
"""A line break is a backslash and a letter there."""


def mask_credentials(text: str) -> str:
    """A text whose URLs have ``***`` for user and password: ``https://***@host/``."""
    return _USERINFO.sub("***@", text) if "@" in text else text


def mask_json(text: str) -> str:
    """The same for the text of a JSON document."""
    return _USERINFO_IN_JSON.sub("***@", text) if "@" in text else text


def mask_all(value: V) -> V:
    """The same for each string in lists and mappings."""
    if isinstance(value, str):
        return mask_credentials(value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {key: mask_all(part) for key, part in value.items()}  # type: ignore[return-value]
    if isinstance(value, list | tuple):
        return [mask_all(part) for part in value]  # type: ignore[return-value]
    return value
