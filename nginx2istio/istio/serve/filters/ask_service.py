"""The script that asks an authentication service as nginx's auth_request does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from nginx2istio.base.outcome import SOME_CERTIFICATE, SOME_ISSUER, Outcome, TraceStep
from nginx2istio.istio.serve.matching import Arrived
from nginx2istio.istio.serve.stream import AddedHttpFilter, Stream

_KEY = "nginx2istio.auth"
_ANY_LUA = "envoy.filters.http.lua"
"""Whose metadata a Lua filter reads that has none under its own name."""
_SENT_WITH = frozenset({200, 201, 204, 206, 301, 302, 303, 304, 307, 308})
"""The statuses of answers that get the service's cookies without ``always``."""
_KEPT = frozenset({"server", "date", "connection", "strict-transport-security"})
"""The headers that stay when an answer becomes a redirect to the sign-in page."""


class AskService(AddedHttpFilter):
    """The filter; it asks where the metadata of a route says so."""

    def request(self, stream: Stream) -> Outcome | None:
        """The refusal, None where the service lets the request pass."""
        metadata = stream.patch.metadata
        check = metadata.get(self.name, metadata.get(_ANY_LUA, {})).get(_KEY)
        if check is None:
            return None
        request = stream.arrived.request
        status, value = request.auth_status, script_variables(stream.arrived)
        signin = with_variables(check["signin"], value) if check.get("signin") else ""
        step = TraceStep("authorization", f"the service answers {status}", "EnvoyFilter")
        if status != 200 and (check.get("strict") or not 200 <= status < 300):
            return self._refused(stream, check, signin, step)
        stream.steps.append(step)
        answer: dict[str, list[str]] = {}
        for name, text in request.auth_headers:
            answer.setdefault(name.lower(), []).append(text)
        stream.identity = tuple(
            (name, ", ".join(answer.get(name.lower(), ()))) for name in check["identity"]
        )
        if check.get("intercepts") and signin:
            stream.notes[_KEY, "signin"] = signin
        stream.notes[_KEY, "cookies"] = answer.get("set-cookie", [])
        stream.notes[_KEY, "always"] = bool(check.get("always"))
        stream.notes[_KEY, "bare"] = check.get("bare", ())
        return None

    def _refused(
        self, stream: Stream, check: Mapping[str, Any], signin: str, step: TraceStep
    ) -> Outcome:
        status = stream.arrived.request.auth_status
        passed: list[str] = []
        if check.get("always") and status in (401, 403):
            passed.append("set-cookie")
        if status == 401 and not check.get("strict"):
            passed.append("www-authenticate")
        if status == 401 and signin:
            passed.append("set-cookie")
        headers = [(n.lower(), v) for n, v in stream.arrived.request.auth_headers]
        fields = [(n, v) for n, v in headers if n in passed]
        code = status if status in (401, 403) else 500
        aspect: Any = "auth" if code == 401 else "access" if code == 403 else "status"
        if status == 401 and signin:
            code, aspect = 302, "redirect"
            fields.append(("location", signin))
            stream.notes[_KEY, "without"] = check.get("bare", ())
        answer = Outcome(code, aspect, signin if code == 302 else "", trace=(step,))
        reply = stream.local_reply(answer)
        # What the script answers with comes last (``sendLocalReply``).
        return replace(reply, response_headers=(*reply.response_headers, *fields))

    def response(self, stream: Stream, outcome: Outcome) -> Outcome:
        """The sign-in page in place of a backend's 401, and the cookies of the service."""
        fields = outcome.response_headers
        status = stream.status_of(outcome)
        signin = stream.notes.get((_KEY, "signin"))
        if signin and status == 401:
            bare = stream.notes[_KEY, "bare"]
            fields = tuple((n, v) for n, v in fields if n in _KEPT and n not in bare)
            fields = (*fields, ("location", signin))
            outcome = Outcome(302, "redirect", signin, trace=outcome.trace)
            status = 302
        without = stream.notes.get((_KEY, "without"), ())
        fields = tuple((n, v) for n, v in fields if n not in without)
        if stream.notes.get((_KEY, "always")) or status in _SENT_WITH:
            cookies = stream.notes.get((_KEY, "cookies"), ())
            fields = (*fields, *(("set-cookie", cookie) for cookie in cookies))
        return replace(outcome, response_headers=fields)


def with_variables(text: str, value: Callable[[str], str]) -> str:
    """A text with the values of nginx's variables."""

    def variable(match: re.Match[str]) -> str:
        return value(match[2]) + ("" if match[1] else match[3])

    return re.sub(r"\$(\{?)(\w+)(\}?)", variable, text, flags=re.ASCII)


def script_variables(arrived: Arrived) -> Callable[[str], str]:
    """nginx's variables as the script knows them."""
    request, headers = arrived.request, arrived.headers
    path, _, query = arrived.target.partition("?")
    scheme = headers.get("x-forwarded-proto", "http")
    known = {
        **dict.fromkeys(("http_host", "best_http_host"), arrived.authority),
        **dict.fromkeys(("host", "server_name"), arrived.host),
        **dict.fromkeys(("scheme", "pass_access_scheme"), scheme),
        "request_uri": arrived.target,
        "escaped_request_uri": _escaped(arrived.target),
        "request_method": request.method,
        **dict.fromkeys(("remote_addr", "the_real_ip"), arrived.source),
        **dict.fromkeys(("request_id", "req_id"), headers.get("x-request-id", "")),
        **dict.fromkeys(("args", "query_string"), query),
        "is_args": "?" if "?" in arrived.target else "",
        **dict.fromkeys(("uri", "document_uri"), path),
    }
    if request.scheme == "https":
        shown = request.shows_certificate
        known["ssl_client_verify"] = "SUCCESS" if shown else "NONE"
        if shown:
            known["ssl_client_s_dn"] = request.subject
            known["ssl_client_i_dn"] = SOME_ISSUER
            known["ssl_client_escaped_cert"] = SOME_CERTIFICATE

    def value(name: str) -> str:
        if name in known:
            return known[name]
        if name.startswith("http_"):
            return headers.get(name[5:].replace("_", "-"), "")
        if name.startswith("cookie_"):
            pairs = re.findall(r"([^=;\s]+)=([^;]*)", headers.get("cookie", ""))
            return next((v for k, v in pairs if k.lower() == name[7:].lower()), "")
        if name.startswith("arg_"):
            pairs = re.findall(r"([^=&]+)=?([^&]*)", query)
            return next((v for k, v in pairs if k.lower() == name[4:].lower()), "")
        return ""

    return value


def _escaped(text: str) -> str:
    """As set-misc's set_escape_uri escapes."""
    return re.sub(
        rb"[^A-Za-z0-9\-._~!$'()*,@|`]",
        lambda m: b"%%%02X" % m[0][0],
        text.encode("latin-1", "replace"),
    ).decode("latin-1")
