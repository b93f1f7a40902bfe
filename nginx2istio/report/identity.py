"""What a finding is known by. No text is part of it: a reworded message stays the same finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nginx2istio.nginx.keys.catalogue import canonical

Identity = tuple[str, str, str, str]
"""Code, object, annotation key, value. Hosts and paths are looked at beside it."""
_QUOTES = str.maketrans("", "", "\"'")


def finding_identity(code: str, named: str, key: str, value: str) -> Identity:
    """The identity of what a code says of an object (``Kind namespace/name``), a key and a value.

    The key is the canonical one, whichever of its names the user wrote. A value counts without its
    quotes, its white space and the semicolon at its end, as a snippet may be quoted in many ways.
    """
    plain = " ".join(value.translate(_QUOTES).split()).rstrip("; ")
    return code, named, canonical(key) or key, plain


def identity_of(finding: Mapping[str, Any]) -> Identity:
    """The identity of a finding of the report."""
    code, key, value = (str(finding[field]) for field in ("code", "key", "value"))
    return finding_identity(code, object_name(finding), key, value)


def object_name(finding: Mapping[str, Any]) -> str:
    """``Kind namespace/name`` of the object that a finding is about; "" for none."""
    obj = finding["object"]
    return f"{obj['kind']} {obj['namespace']}/{obj['name']}" if obj["name"] else ""
