"""Whether Istio's webhook and Envoy take a value: each check returns why not, "" when they do.

The names in the comments are functions of istio/pkg/config/validation, and messages of Envoy's API
with the limits that it checks (protoc-gen-validate).
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address, ip_network

from nginx2istio.base.printable import printable
from nginx2istio.istio import re2

LONGEST_HEADER = 16_384
"""Bytes of a header's value: HeaderValue, HeaderValueOption."""
LONGEST_KEY = 1_000
"""Bytes of a name in front of a colon: libyaml takes 1,024 with the quotes. Envoy takes 1,024 of a
query parameter (QueryParameterMatcher), 16,384 of a header."""
LONGEST_SECONDS = 2**63 / 10**9
"""The longest time that Go and Envoy can hold, in seconds."""
REMEMBERED = 65_536
"""How many answers of each check are kept."""

# What may stand between percent signs in a header's value (Envoy's access log operators).
ENVOY_OPERATORS = frozenset(
    [
        "BYTES_RECEIVED",
        "BYTES_SENT",
        "CEL",
        "CONNECTION_ID",
        "DOWNSTREAM_DETECTED_CLOSE_TYPE",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS",
        "DOWNSTREAM_DIRECT_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_DIRECT_LOCAL_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS",
        "DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_DIRECT_REMOTE_PORT",
        "DOWNSTREAM_LOCAL_ADDRESS",
        "DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_LOCAL_PORT",
        "DOWNSTREAM_LOCAL_SUBJECT",
        "DOWNSTREAM_LOCAL_URI_SAN",
        "DOWNSTREAM_PEER_CERT",
        "DOWNSTREAM_PEER_CERT_V_END",
        "DOWNSTREAM_PEER_CERT_V_START",
        "DOWNSTREAM_PEER_FINGERPRINT_1",
        "DOWNSTREAM_PEER_FINGERPRINT_256",
        "DOWNSTREAM_PEER_ISSUER",
        "DOWNSTREAM_PEER_SERIAL",
        "DOWNSTREAM_PEER_SUBJECT",
        "DOWNSTREAM_PEER_URI_SAN",
        "DOWNSTREAM_REMOTE_ADDRESS",
        "DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "DOWNSTREAM_REMOTE_PORT",
        "DOWNSTREAM_TLS_CIPHER",
        "DOWNSTREAM_TLS_SESSION_ID",
        "DOWNSTREAM_TLS_VERSION",
        "DURATION",
        "DYNAMIC_METADATA",
        "EMIT_TIME",
        "ENVIRONMENT",
        "FILTER_CHAIN_NAME",
        "FILTER_STATE",
        "GRPC_STATUS",
        "GRPC_STATUS_NUMBER",
        "HOSTNAME",
        "METADATA",
        "PATH",
        "PROTOCOL",
        "QUERY_PARAM",
        "QUERY_PARAMS",
        "REQ",
        "REQUESTED_SERVER_NAME",
        "REQUEST_DURATION",
        "RESP",
        "RESPONSE_CODE",
        "RESPONSE_CODE_DETAILS",
        "RESPONSE_DURATION",
        "RESPONSE_FLAGS",
        "RESPONSE_FLAGS_LONG",
        "RESPONSE_TX_DURATION",
        "ROUTE_NAME",
        "START_TIME",
        "START_TIME_LOCAL",
        "STREAM_ID",
        "TRACE_ID",
        "TRAILER",
        "UNIQUE_ID",
        "UPSTREAM_CLUSTER",
        "UPSTREAM_CLUSTER_RAW",
        "UPSTREAM_HOST",
        "UPSTREAM_HOST_NAME",
        "UPSTREAM_LOCAL_ADDRESS",
        "UPSTREAM_METADATA",
        "UPSTREAM_PROTOCOL",
        "UPSTREAM_REMOTE_ADDRESS",
        "UPSTREAM_REMOTE_ADDRESS_WITHOUT_PORT",
        "UPSTREAM_REQUEST_ATTEMPT_COUNT",
        "VIRTUAL_CLUSTER_NAME",
    ]
)
OF_A_HEADER = frozenset({"REQ", "RESP", "TRAILER"})
WITH_AN_ARGUMENT = frozenset(
    {
        *("CEL", "DOWNSTREAM_PEER_CERT_V_END", "DOWNSTREAM_PEER_CERT_V_START", "DYNAMIC_METADATA"),
        *("EMIT_TIME", "ENVIRONMENT", "FILTER_STATE", "METADATA", "PATH", "QUERY_PARAM"),
        *("QUERY_PARAMS", "REQUESTED_SERVER_NAME", "START_TIME", "START_TIME_LOCAL"),
        "UPSTREAM_METADATA",
    }
)
_HEADERS = re.compile(r":?[-!#$&'*+.^_`|~A-Za-z0-9]+(\?:?[-!#$&'*+.^_`|~A-Za-z0-9]+)?")
"""The name of a header, perhaps with that of another one for when it is absent."""
_OPERATOR = re.compile(r"%%|%([A-Z_0-9]+)(\(.*?\))?(?::[0-9]+)?%", re.DOTALL)
_FOR_ENVOY = re.compile(rf"(?:[^%]++|{_OPERATOR.pattern})*", re.DOTALL)
_FOR_ISTIO = re.compile(r'(?:[^%]++|%%|%[^%(]*(?:\( *[^\[ ](?:\\.|[^\\)"])*\) *)?%)*', re.DOTALL)
"""An operator (or an escaped sign), and a whole value: as Envoy and as the webhook reads them."""
_TOKEN = re.compile(r"[-!#$%&'*+.^_`|~A-Za-z0-9]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_LABEL = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PSEUDO = frozenset({":method", ":scheme", ":authority", ":path", ":status"})


def shown(text: object) -> str:
    """The beginning of a value, for a sentence."""
    line = printable(str(text))
    return f"{line[:40]}..." if len(line) > 40 else line


def octets(text: str) -> int:
    """The length of a text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


@lru_cache(maxsize=REMEMBERED)
def regex(pattern: str) -> str:
    """validateStringRegexp; Envoy's limit for a program of RE2."""
    if not pattern:
        return "an empty regular expression"
    try:
        re2.compiled(pattern)
    except re2.Untranslatable as reason:
        return f"the regular expression {shown(pattern)}: {reason}"
    return ""


@lru_cache(maxsize=REMEMBERED)
def header_value(value: str, webhook: bool = True) -> str:
    """ValidateHTTPHeaderValue; HeaderValue; Envoy's operators.

    An EnvoyFilter's values meet no ``webhook``.
    """
    if octets(value) > LONGEST_HEADER:
        return f"a header value of {octets(value)} bytes, Envoy takes {LONGEST_HEADER}"
    if _CONTROL.search(value):
        return f"a control character in the header value {shown(value)}"
    if "%" not in value:
        return ""
    if not _FOR_ENVOY.fullmatch(value) or (webhook and not _FOR_ISTIO.fullmatch(value)):
        return f"the header value {shown(value)}: a percent sign begins no operator of Envoy"
    for name, argument in _OPERATOR.findall(value):
        if name and name not in ENVOY_OPERATORS:
            return f"the header value {shown(value)}: Envoy has no operator {shown(name)}"
        if name and not _argument(name, argument.strip(" ()")):
            return f"the header value {shown(value)}: {name} takes no {shown(argument)}"
    return ""


def _argument(name: str, argument: str) -> bool:
    """Whether an operator takes an argument, "" for none (CommandSyntaxChecker)."""
    if name in OF_A_HEADER:
        return bool(_HEADERS.fullmatch(argument))
    return name in WITH_AN_ARGUMENT or not argument


@lru_cache(maxsize=REMEMBERED)
def header_name(name: str) -> str:
    """ValidateHTTPHeaderOperationName; HeaderValue. What is no token makes broken answers."""
    if octets(name) > LONGEST_KEY:
        return f"a header name of {octets(name)} bytes, YAML takes {LONGEST_KEY} for a key"
    if name.lower() == "host" or not _TOKEN.fullmatch(name):
        return f"{shown(name)} is no name of a header to change"
    return ""


def authority_or_header_name(name: str) -> str:
    """ValidateHTTPHeaderWithAuthorityOperationName: request headers may be Host, too."""
    return "" if name.lower() in ("host", ":authority") else header_name(name)


@lru_cache(maxsize=REMEMBERED)
def matched_header(name: str) -> str:
    """ValidateHTTPHeaderNameOrJwtClaimRoute."""
    if octets(name) > LONGEST_KEY:
        return f"a header name of {octets(name)} bytes, YAML takes {LONGEST_KEY} for a key"
    if name in _PSEUDO or name.startswith("@request.auth.claims") or _TOKEN.fullmatch(name):
        return ""
    return f"{shown(name)} is no name of a header to match"


@lru_cache(maxsize=REMEMBERED)
def domain(name: str, star: bool = True) -> str:
    """ValidateWildcardDomain, or ValidateFQDN without ``star``."""
    first, *others = name.split(".")
    if len(name) > 255 or not name:
        return f"the domain name {shown(name)} has {len(name)} characters"
    if others and not others[-1]:
        others.pop()
    if (others or [first])[-1].isdigit() and (others or not star):
        return f"the domain name {shown(name)} ends in a number"
    if not (_LABEL.fullmatch(first) or (star and first == "*")) or not all(
        map(_LABEL.fullmatch, others)
    ):
        return f"{shown(name)} is no domain name"
    return ""


def address(text: str) -> bool:
    """Whether a text is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=REMEMBERED)
def network(text: str) -> str:
    """security.ValidateIPs: an address, or a prefix, whose bits behind the mask do not matter."""
    try:
        ip_network(text, strict=False)
    except ValueError:
        return f"{shown(text)} is no network"
    before, _, bits = text.partition("/")
    if ("/" in text and not bits.isdigit()) or "%" in before:
        return f"{shown(text)} is no network"
    return ""


@lru_cache(maxsize=REMEMBERED)
def label(text: str) -> str:
    """A DNS label: names of Gateways, namespaces, subsets."""
    return "" if _LABEL.fullmatch(text) else f"{shown(text)} is no name of one label"


@lru_cache(maxsize=REMEMBERED)
def seconds(text: str) -> float | None:
    """The value of a duration in Go's notation, None for what is none."""
    parts = _DURATION.findall(text)
    if not parts or "".join(parts) != text:
        return None
    return sum(float(p.rstrip("nuµmsh")) * _SECONDS[p.lstrip("0123456789.")] for p in parts)


@lru_cache(maxsize=REMEMBERED)
def duration(text: str) -> str:
    """ValidateDuration: whole milliseconds, at least one."""
    value = seconds(text)
    if value is None or not 0.001 <= value < LONGEST_SECONDS:
        return f"{shown(text)} is no time that Envoy can hold"
    if abs(value * 1000 - round(value * 1000)) > 1e-6 * max(1.0, value):
        return f"the time {shown(text)} has parts of a millisecond"
    return ""


def port(number: int) -> str:
    """ValidatePort."""
    return "" if 1 <= number <= 65_535 else f"{shown(number)} is no port"


@lru_cache(maxsize=REMEMBERED)
def path_template(path: str) -> str:
    """CheckValidPathTemplate: in a policy's path, braces are templates."""
    if "{" not in path and "}" not in path:
        return ""
    *globs, last = path.strip("/").split("/")
    if all(g == "{*}" or not {*"{}"} & {*g} for g in globs) and (
        last in ("{*}", "{**}") or not {*"{}"} & {*last}
    ):
        return ""
    return f"braces in the path {shown(path)} of a policy are templates"
