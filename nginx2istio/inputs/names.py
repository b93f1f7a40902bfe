"""Names as the API server validates them.

The rules are those of k8s.io/apimachinery ``util/validation`` and of ``pkg/apis/networking``,
``pkg/apis/core`` and ``pkg/api/validation`` in k8s.io/kubernetes. None lets a control character in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nginx2istio.base.printable import UNPRINTABLE

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*")
_IPV4 = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
_QUALIFIED = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_PORT_NAME = re.compile(r"(?=[0-9-]*[a-z])[a-z0-9](?:-?[a-z0-9]){0,14}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]+(?:[Zz]|[-+][0-9]{2}:[0-9]{2})")
_PLACEHOLDER = re.compile(r"[<>{}$\[\]]|[A-Za-z] [A-Za-z]|^[A-Z_]+$")


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a name must be: ``must`` goes on "metadata.name must ..."."""

    must: str
    valid: Callable[[str], bool]


def is_label(text: str) -> bool:
    """Whether a text is a DNS label (``IsDNS1123Label``)."""
    return len(text) <= 63 and _LABEL.fullmatch(text) is not None


def is_subdomain(text: str) -> bool:
    """Whether a text is a DNS name in lower case (``IsDNS1123Subdomain``)."""
    return len(text) <= 253 and _SUBDOMAIN.fullmatch(text) is not None


def is_ingress_host(text: str) -> bool:
    """Whether a text is a host of a rule (``validateIngressRules``).

    The API server takes labels of more than 63 characters; DNS and Istio do not.
    """
    if len(text) > 253 or _IPV4.fullmatch(text):
        return False
    return is_subdomain(text.removeprefix("*.")) and all(len(x) <= 63 for x in text.split("."))


def is_tls_host(text: str) -> bool:
    """Whether a text is a host of a ``tls`` entry (``validateIngressTLS``): an address is one."""
    return len(text) <= 253 and is_subdomain(text.removeprefix("*."))


def is_port_name(text: str) -> bool:
    """Whether a text is a port's name (``IsValidPortName``)."""
    return len(text) <= 15 and _PORT_NAME.fullmatch(text) is not None


def is_annotation(text: str) -> bool:
    """Whether a text is the key of an annotation (``ValidateAnnotations``)."""
    prefix, slash, name = text.rpartition("/")
    return (is_subdomain(prefix.lower()) or not slash) and _QUALIFIED.fullmatch(name) is not None


def is_data_key(text: str) -> bool:
    """Whether a text is a key of a ConfigMap or a Secret (``IsConfigMapKey``)."""
    return _DATA_KEY.fullmatch(text) is not None and text != "." and not text.startswith("..")


def is_path_segment(text: str) -> bool:
    """Whether a text is the name of some object (``IsPathSegmentName``), and is printable."""
    return text not in ("", ".", "..") and not {"/", "%"} & set(text) and is_printable(text)


def is_printable(text: str) -> bool:
    """Whether a text is one line without control characters."""
    return UNPRINTABLE.search(text) is None


def placeholder(text: str) -> str:
    """What to say of a name that documentation leaves to its reader to fill in, "" for others."""
    return "; replace this placeholder" if _PLACEHOLDER.search(text) else ""


_ENDS = "and begin and end with a letter or digit"
LABEL = NameRule(
    f"have at most 63 lower-case letters, digits and -, {_ENDS}",
    is_label,
)
SUBDOMAIN = NameRule(
    f"have at most 253 lower-case letters, digits, - and ., {_ENDS}",
    is_subdomain,
)
HOST = NameRule(
    "be a DNS name in lower case such as shop.example.com or *.example.com, and no IP address",
    is_ingress_host,
)
TLS_HOST = NameRule(
    "be a DNS name in lower case such as shop.example.com or *.example.com", is_tls_host
)
EXTERNAL_NAME = NameRule(
    "be a DNS name in lower case such as db.example.com",
    lambda text: is_subdomain(text.removesuffix(".")),
)
PORT_NAME = NameRule(
    "have at most 15 lower-case letters, digits and single -, with at least one letter",
    is_port_name,
)
ANNOTATION = NameRule(
    "have at most 63 letters, digits, -, _ and ., after a DNS name and / if it has a prefix",
    is_annotation,
)
DATA_KEY = NameRule("have at most 253 letters, digits, -, _ and .", is_data_key)
PATH_SEGMENT = NameRule("have no /, % or control character", is_path_segment)
PRINTABLE = NameRule("have no control characters", is_printable)
TIME = NameRule(
    "be a time such as 2024-05-01T12:00:00Z", lambda text: _TIME.fullmatch(text) is not None
)
