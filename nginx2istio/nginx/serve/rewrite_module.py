"""The directives of nginx's rewrite module in snippets: set, if, return, rewrite, break."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from urllib.parse import quote

from nginx2istio.base.outcome import WHO_ANSWERS, Aspect, Outcome
from nginx2istio.base.records import record
from nginx2istio.nginx.facts.directives import subject
from nginx2istio.nginx.facts.headers import (
    HEADER_DIRECTIVES,
    WITH_LOCATION,
    Unclear,
    header_lines,
    snippets,
)
from nginx2istio.nginx.facts.snippet import Directive, parse_snippet
from nginx2istio.nginx.facts.snippet_access import LISTING
from nginx2istio.nginx.serve.variables import ValueNotKnown
from nginx2istio.nginx.serve.visit import Visit, own_answer, redirect

ASPECTS_OF_SUBJECT: Mapping[str, frozenset[Aspect]] = {
    "headers": frozenset({"response-headers", "cors", "cookies"}),
    "input": frozenset({"request-headers"}),
    "errors": frozenset({"status", "routing"}),
    "body": frozenset({"body"}),
    "compression": frozenset({"response-headers"}),
    "tls": frozenset({"tls"}),
    "mirror": frozenset({"mirror"}),
    "limits": frozenset({"rate-limit"}),
}
"""What a directive of a subject may change, where it is not interpreted; else who answers."""


@record(frozen=True, slots=True)
class Rewriting:
    """How far the module has come: the path, variables that were set, and the end, if any.

    ``ends``: "break", "last", or "" while it goes on. ``changed`` is whether the path is another.
    ``unknown`` are aspects that directives may have changed which are not interpreted.
    """

    path: str
    args: str
    values: Mapping[str, str] = field(default_factory=dict)
    answer: Outcome | None = None
    ends: str = ""
    changed: bool = False
    unknown: frozenset[Aspect] = frozenset()


def follow_snippets(visit: Visit, level: str) -> Rewriting:
    """What the snippets of a level ("server" or "location") do with a request."""
    state = Rewriting(visit.path, visit.args, visit.values)
    for _, setting in snippets(visit.config, visit.server, visit.location, level):
        state = _sequence(visit, parse_snippet(setting.text).directives, state, level)
        if state.answer or state.ends:
            break
    return state


def _sequence(
    visit: Visit, directives: Sequence[Directive], state: Rewriting, phase: str
) -> Rewriting:
    for directive in directives:
        try:
            state = _step(visit, directive, state, phase)
        except (ValueNotKnown, re.error):
            state = replace(state, unknown=state.unknown | WHO_ANSWERS | {"path"})
        if state.answer or state.ends:
            break
    return state


def _step(visit: Visit, directive: Directive, state: Rewriting, phase: str) -> Rewriting:
    args = directive.args
    match directive.name:
        case "set" if len(args) == 2:
            value = _text(visit, args[1], state)
            return replace(state, values={**state.values, args[0].lstrip("$"): value})
        case "break":
            return replace(state, ends="break")
        case "return":
            return replace(state, answer=returned(visit, directive, state, phase))
        case "rewrite" if len(args) in (2, 3):
            return _rewrite(visit, args, state, phase, directive.text)
        case "if" if directive.block is not None:
            if not _holds(visit, args, state):
                return state
            inner = _sequence(visit, directive.block, state, phase)
            others = [
                d
                for d in directive.block
                if subject(d.name) not in ("rewrite", "nothing", "logging")
            ]
            unknown: frozenset[Aspect] = frozenset()
            for other in others:
                unknown |= ASPECTS_OF_SUBJECT.get(subject(other.name), WHO_ANSWERS)
            return replace(inner, unknown=inner.unknown | unknown)
    return replace(state, unknown=state.unknown | _not_followed(directive))


def _not_followed(directive: Directive) -> frozenset[Aspect]:
    """What a directive outside of the module may change, where nothing else follows it."""
    about = subject(directive.name)
    if directive.name in HEADER_DIRECTIVES:
        try:
            header_lines(directive)
        except Unclear:
            return ASPECTS_OF_SUBJECT[about]
        return frozenset()
    if about in FOLLOWED or directive.name in (*LISTING, "satisfy", "location"):
        return frozenset()
    return ASPECTS_OF_SUBJECT.get(about, WHO_ANSWERS)


FOLLOWED = ("nothing", "logging", "rewrite", "sizes")
"""Subjects that are followed elsewhere, or that no client notices."""


def _text(visit: Visit, text: str, state: Rewriting) -> str:
    more = {**state.values, "uri": state.path, "document_uri": state.path, "args": state.args}
    return visit.variables.text(text, more)


def returned(visit: Visit, directive: Directive, state: Rewriting, phase: str) -> Outcome:
    """The answer of a ``return``. Raises ValueNotKnown."""
    args = directive.args
    if len(args) == 1 and not args[0].isdigit():
        return redirect(visit, 302, _text(visit, args[0], state), phase, directive.text)
    code = int(args[0])
    if code in WITH_LOCATION and len(args) > 1:
        return redirect(visit, code, _text(visit, args[1], state), phase, directive.text)
    aspect: Aspect = {401: "auth", 403: "access", 404: "routing"}.get(code, "status")  # type: ignore[assignment]
    if code == 444:
        code = 0
    return own_answer(code, aspect, phase, directive.text, directive.text)


def _rewrite(
    visit: Visit, args: Sequence[str], state: Rewriting, phase: str, text: str
) -> Rewriting:
    match = re.search(args[0], state.path)
    if match is None:
        return state
    flag = args[2] if len(args) == 3 else ""
    groups = {str(i): g or "" for i, g in enumerate(match.groups(), 1)}
    groups |= {str(i): "" for i in range(len(groups) + 1, 10)}
    groups |= {k: v or "" for k, v in match.groupdict().items()}
    redirects = _leads_elsewhere(args[1]) or flag in ("redirect", "permanent")
    if redirects:
        groups = {name: escaped_capture(value) for name, value in groups.items()}
    template, question, query = args[1].partition("?")
    more = {**state.values, "uri": state.path, "args": state.args, **groups}
    path = visit.variables.text(template, more)
    own = visit.variables.text(query, more)
    # A question mark at the end drops the client's query.
    new = own if question and not query else "&".join(filter(None, (own, state.args)))
    if redirects:
        to = path + (f"?{new}" if new else "")
        code = 301 if flag == "permanent" else 302
        return replace(state, answer=redirect(visit, code, to, phase, text), values=state.values)
    ends = flag if flag in ("last", "break") else ""
    return replace(state, path=path, args=new, ends=ends, changed=True)


def _leads_elsewhere(target: str) -> bool:
    return target.startswith(("http://", "https://", "$scheme"))


def escaped_capture(text: str) -> str:
    """What a group holds, in the Location of a redirect by ``rewrite``.

    ``ngx_http_script_copy_capture_code`` escapes it if the client wrote escapes, and
    ``ngx_http_script_regex_end_code`` decodes what is printable and behind ``%``.
    """
    return quote(text, safe=_NOT_ESCAPED, encoding="latin-1")


_NOT_ESCAPED = "!\"$&'()*+,-./:;<=>?@[\\]^_`{|}~"


def _holds(visit: Visit, args: Sequence[str], state: Rewriting) -> bool:
    """Whether a condition of ``if`` holds. Raises ValueNotKnown, re.error."""
    if len(args) == 1:
        return _text(visit, args[0], state) not in ("", "0")
    if len(args) != 3 or not args[0].startswith("$"):
        raise ValueNotKnown(" ".join(args))
    value, operator, operand = _text(visit, args[0], state), args[1], args[2]
    negated = operator.startswith("!")
    match operator.removeprefix("!"):
        case "=":
            result = value == _text(visit, operand, state)
        case "~":
            result = re.search(operand, value) is not None
        case "~*":
            result = re.search(operand, value, re.IGNORECASE) is not None
        case _:
            raise ValueNotKnown(operator)
    return result is not negated
