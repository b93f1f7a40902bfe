"""Two exchanges, one recorded from nginx and one observed at Istio, compared aspect by aspect.

Both are in the record format. What no client can rely on is left out; what a proxy made itself
(pages, dates, request ids) is compared by presence only.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from nginx2istio.nginx.facts.checks.rate_limits import LIMIT_STATUS
from nginx2istio.nginx.uri import BadTarget, normalized
from nginx2istio.verify.judged import chance
from nginx2istio.verify.judged.difference import Difference, difference
from nginx2istio.verify.judged.exchange import Exchange, RequestRecord
from nginx2istio.verify.judged.headers import (
    ALWAYS,
    BY_PRESENCE,
    ENVOY,
    PAGE,
    REQUEST_ID,
    REQUEST_IGNORED,
    RESPONSE_IGNORED,
    HeaderFields,
    canonical_value,
    cors_effect,
    is_preflight,
    location_of,
    values,
)
from nginx2istio.verify.judged.subrequests import subrequests

FAKE = ["ingress.local"]  # the names in the controller's own certificate
NO_LISTENER = "no listener for http"

# The aspect that an answer made by the proxy itself stands for, by its status.
MADE_BY_STATUS = {
    **{401: "auth", 403: "access", 404: "routing", 413: "body-limit", 429: "rate-limit"},
    **{408: "timeout", 504: "timeout", 502: "protocol"},
}
# Aspects that are announced as well by a finding about a neighbouring one.
ALSO = {
    "auth": {"access"},
    "access": {"auth"},
    "redirect": {"tls", "auth"},
    "rate-limit": {"access"},
    "tls": {"auth"},
    "protocol": {"tls", "retries", "timeout"},
    "timeout": {"retries"},
}


def compare(
    recorded: Exchange, observed: Exchange, keys: Set[str] = frozenset()
) -> list[Difference]:
    """What differs between a recorded exchange and the observed one.

    `keys` are the annotations in use, by short name: they say what a 503 or a 400 stands for.
    """
    request, e, o = recorded["request"], recorded["response"], observed["response"]
    if e["status"] == o["status"] == 0:
        return []
    e_made, o_made = maker(request, e, keys), maker(request, o, keys)
    if is_preflight(request) and e_made == o_made == "cors":  # 200 or 204: no browser minds
        o = o | {"status": e["status"]}
    if e_made == "routing" and e["status"] == 404 and o.get("error") == NO_LISTENER:
        # A gateway without any server has no port 80; with another host's it would answer 404.
        return []
    if _answered_otherwise(e, o, e_made, o_made):
        differences = [_other_answer(recorded, observed, e_made, o_made, keys)]
    elif e["status"] != o["status"]:
        aspect = e_made or "status"
        also = ("status", *ALSO.get(aspect, ()))
        differences = [difference(aspect, "status", e["status"], o["status"], *also)]
        differences += _responses(request, e, o, keys)
    else:
        differences = _responses(request, e, o, keys)
    a, b = e.get("cert"), o.get("cert")
    if a is not None and b is not None and sorted(a) != sorted(b):
        differences.append(difference("tls", "certificate", a, b))
    up, got = recorded.get("upstream"), observed.get("upstream")
    if up and got:
        differences += _upstreams(request, up, got)
    if recorded.get("times", 1) > 1:
        differences += chance.distributions(recorded, observed, keys)
        if request.get("session") and recorded.get("same_pod") is not None:
            a, b = recorded["same_pod"], observed.get("same_pod")
            if a != b:
                what = "same pod in a session"
                differences.append(difference("affinity", what, a, b, "balancing", "cookies"))
    if not any(d.what in ("answer", "service") for d in differences):
        differences += subrequests(recorded, observed, keys)
    return differences


def maker(request: RequestRecord, response: dict[str, Any], keys: Set[str]) -> str | None:
    """The aspect that an answer made by the proxy itself stands for; None for a pod's answer."""
    status = response["status"]
    if response.get("by") == "upstream":
        return None
    if status == 0:  # no listener, a failed handshake, a connection closed without an answer
        return "tls" if request["scheme"] == "https" else "routing"
    headers = values(response.get("headers"))
    permits = any(name.startswith("access-control-") for name in headers)
    if request["method"] == "OPTIONS" and status in (200, 204) and permits:
        return "cors"
    if 300 <= status < 400 and "location" in headers:
        return "redirect"
    if status == 503:
        return "routing" if keys.isdisjoint(LIMIT_STATUS) else "rate-limit"
    if status == 400:
        asks = any(k.startswith("auth-tls") for k in keys)
        return "tls" if asks and not _malformed(request) else "status"
    return MADE_BY_STATUS.get(status, "status")


def _malformed(request: RequestRecord) -> bool:
    """Whether nginx refuses the request for its target."""
    try:
        normalized(request["target"].encode())
    except BadTarget:
        return True
    return False


def _answered_otherwise(
    e: dict[str, Any], o: dict[str, Any], e_made: str | None, o_made: str | None
) -> bool:
    """Whether somebody else answered, or for another reason: then headers say nothing."""
    return (
        (e_made is None) != (o_made is None)
        or o["status"] == 0
        or (e_made != o_made and e["status"] != o["status"])
    )


def _other_answer(
    recorded: Exchange, observed: Exchange, e_made: str | None, o_made: str | None, keys: Set[str]
) -> Difference:
    e, o = recorded["response"], observed["response"]
    own = e_made or o_made
    if o["status"] == 0 or e_made in (None, "routing"):
        own = o_made or e_made
    # nginx serves every host on https, with its own certificate if need be
    by_default = own == "tls" and e.get("cert") == FAKE
    also = {a for m in (e_made, o_made) if m for a in (m, *ALSO.get(m, ()))}
    if o_made == "rate-limit" and o["status"] == 503 != e["status"]:
        also.add("routing")  # a limit's 503 and that of a path that is closed look alike
    both_refuse = 0 not in (e["status"], o["status"]) and e["by"] == o["by"] == "proxy"
    if both_refuse:  # else more than a status is another
        also.add("status")
    if "redirect" in (e_made, o_made):
        also.update(_by_auth(keys))
    if by_default and o["status"] == 0:  # there is no https for this host: no more is to be said
        also = set()
    return difference(
        own or "status",
        "answer",
        summary(recorded),
        summary(observed),
        *also,
        always=by_default,
        grave=not (by_default or (both_refuse and min(e["status"], o["status"]) >= 500)),
    )


def summary(exchange: Exchange) -> str:
    """One line on who answered what."""
    response, up = exchange["response"], exchange.get("upstream")
    if response["status"] == 0:
        return str(response.get("error", "no answer"))
    location = dict(response.get("headers") or []).get("location")
    who = up["service"] if up and response.get("by") == "upstream" else response.get("by")
    return f"{response['status']} by {who}" + (f" to {location}" if location else "")


def _by_auth(keys: Set[str]) -> tuple[str, ...]:
    return ("auth",) if keys & {"auth-url", "auth-signin"} else ()


def _responses(
    request: RequestRecord, e: dict[str, Any], o: dict[str, Any], keys: Set[str]
) -> list[Difference]:
    eh, oh = values(e.get("headers")), values(o.get("headers"))
    differences = []
    a, b = cors_effect(request, eh), cors_effect(request, oh)
    if a != b:
        differences.append(difference("cors", "permission", a, b, "response-headers"))
    a, b = location_of(eh), location_of(oh)
    if a != b:
        also = ("response-headers", *_by_auth(keys))
        differences.append(difference("redirect", "location", a, b, *also))
    proxied = e.get("by") != "upstream" or o.get("by") != "upstream"
    differences += [
        unlike
        for name in sorted(set(eh) | set(oh))
        if not (name in RESPONSE_IGNORED or ENVOY.match(name) or (proxied and name in PAGE))
        for unlike in _response_header(name, eh, oh)
    ]
    return differences + _cookies(e.get("cookies") or [], o.get("cookies") or [])


def _response_header(name: str, eh: HeaderFields, oh: HeaderFields) -> list[Difference]:
    a, b = (canonical_value(name, h[name]) if name in h else None for h in (eh, oh))
    if a == b or (a == REQUEST_ID and b):
        return []
    if name.startswith("access-control-") or (name == "vary" and a is None and b == "origin"):
        return []  # judged by their effect
    if name == "www-authenticate":
        # The text of the realm is what a user is shown, not what a client can rely on.
        if (a or "").split(" ")[0].lower() == (b or "").split(" ")[0].lower():
            return []
        return [difference("auth", name, a, b, "response-headers")]
    also = {"tls"} if name.startswith("strict-") else {"cors"} if name == "vary" else set()
    return [difference("response-headers", name, a, b, *also, always=name in ALWAYS)]


def _cookies(expected: list[dict[str, Any]], observed: list[dict[str, Any]]) -> list[Difference]:
    left, right = ({c["name"]: _attributes(c) for c in cookies} for cookies in (expected, observed))
    return [
        difference(
            *("cookies", "set-cookie " + name, left.get(name), right.get(name)),
            *("affinity", "response-headers"),
        )
        for name in sorted(set(left) | set(right))
        if left.get(name) != right.get(name)
    ]


def _attributes(cookie: dict[str, Any]) -> dict[str, Any]:
    attributes = {}
    for name, value in (cookie.get("attributes") or {}).items():
        name = name.lower()
        if name == "expires":
            value = True
        elif isinstance(value, str) and name in ("samesite", "domain"):
            value = value.lower()
        attributes[name] = value
    return attributes


def _upstreams(request: RequestRecord, up: dict[str, Any], got: dict[str, Any]) -> list[Difference]:
    differences = []
    if up["service"] != got["service"]:
        a, b = up["service"], got["service"]
        differences.append(difference("routing", "service", a, b, grave=True))
    if up["target"] != got["target"]:
        differences.append(difference("path", "target", up["target"], got["target"]))
    if (up.get("host") or "").lower() != (got.get("host") or "").lower():
        a, b = up.get("host"), got.get("host")
        differences.append(difference("host", "host", a, b, "request-headers"))
    if up["method"] != got["method"]:
        differences.append(difference("protocol", "method", up["method"], got["method"]))
    if up.get("body_bytes", 0) != got.get("body_bytes", 0):
        a, b = up.get("body_bytes", 0), got.get("body_bytes", 0)
        differences.append(difference("body", "body bytes", a, b, "buffering"))
    sent, eh, oh = values(request.get("headers")), values(up["headers"]), values(got["headers"])
    upgrades = "upgrade" in " ".join(sent.get("connection", [])).lower()
    for name in sorted(set(eh) | set(oh)):
        if name in REQUEST_IGNORED and not (upgrades and name in ("connection", "upgrade")):
            continue
        if name not in eh and (ENVOY.match(name) or name == "x-request-id"):
            continue
        differences += _request_header(name, request, sent, eh, oh)
    return differences


def _request_header(
    name: str, request: RequestRecord, sent: HeaderFields, eh: HeaderFields, oh: HeaderFields
) -> list[Difference]:
    a: Any
    b: Any
    a, b = (canonical_value(name, h[name]) if name in h else None for h in (eh, oh))
    if name in BY_PRESENCE or (name == "x-request-id" and name not in sent):
        a, b = a is not None, b is not None
    if name == "cookie" and request.get("session"):  # the proxies' cookies have their own values
        a, b = _cookie_names(a), _cookie_names(b)
    if a == b or (a == REQUEST_ID and b):
        return []
    about_auth = name in ("authorization", "cookie") or name.startswith(
        ("x-auth", "ssl-client", "x-original-u")
    )
    also = {"auth"} if about_auth else set()
    return [difference("request-headers", name, a, b, *also, always=name in ALWAYS)]


def _cookie_names(text: str | None) -> list[str]:
    return sorted(c.split("=")[0].strip() for c in (text or "").split(";") if c.strip())
