"""nginx's ``return`` and ``rewrite`` as routes of Istio."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from nginx2istio.bridge.place import Place
from nginx2istio.bridge.snippets.captures import GROUP, fill_known, kept_start
from nginx2istio.bridge.snippets.conditions import path_regex
from nginx2istio.bridge.variables import UnknownVariable, by_port, envoy_value
from nginx2istio.istio import re2
from nginx2istio.istio.extract import extracted
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.headers import WITH_LOCATION, Unclear, header_lines
from nginx2istio.nginx.facts.snippet import Directive
from nginx2istio.nginx.values.go import whole_number

Fields = dict[str, Any]
_HOST = re.compile(r"\$(?:host\b|\{host\})")
_BASE = re.compile(r"((?:https?|\$scheme)://(?:[^/?$]|\$[a-z_]+)+|)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a ``rewrite`` becomes.

    ``match`` tells the requests that it acts on. An answer to them (``fields``, by port, 0 for
    both), or else ``path``, Istio's rewrite of the path.
    """

    match: Mapping[str, Any]
    fields: Mapping[int, Fields]
    path: Mapping[str, Any] | None = None


def translate_return(
    place: Place, directive: Directive, relative: bool
) -> Iterator[tuple[int, Fields]]:
    """Fields of the routes that answer as a ``return`` does: (port, 0 for both; fields).

    ``relative`` is whether a Location may be relative. Raises Untranslatable.
    """
    first, *rest = directive.args or ("",)
    text = " ".join(rest)
    if not first.isdigit():
        first, text = "302", " ".join(directive.args)
    code = whole_number(first)
    if code == 444:
        yield 0, {"directResponse": {"status": 403}}
    elif not 200 <= code <= 599:  # Istio refuses others
        raise Untranslatable(f"Istio has no answer with status {code}")
    elif text and code in WITH_LOCATION:
        yield from located(place, code, text, relative)
    elif text:
        if "$" in text:
            raise Untranslatable("Istio can't put variables into the text of an answer")
        body = {"status": code, "body": {"string": text}}
        content = {"Content-Type": str(place.config.controller.config["default-type"])}
        yield 0, {"directResponse": body, "headers": {"response": {"set": content}}}
    else:
        yield 0, {"directResponse": {"status": code}}


def located(
    place: Place, code: int, url: str, relative: bool, more: str = ""
) -> Iterator[tuple[int, Fields]]:
    """Answers with a Location; nginx puts scheme and host in front of one that begins with /.

    ``more`` stands behind it and is in Envoy's own words.
    """
    if url.startswith("/") and not relative:
        url = f"$scheme://$host{url}"
    for port in (80, 443) if by_port(url) else (0,):
        try:
            parts = [envoy_value(place, x, port, response=True) for x in _HOST.split(url)]
        except UnknownVariable as unknown:
            raise Untranslatable(f"Envoy has no equal for {unknown}") from None
        value = place.redirect_host.join(parts)
        headers = {"response": {"set": {"Location": value + more}}}
        yield port, {"directResponse": {"status": code}, "headers": headers}


def translate_rewrite(place: Place, directive: Directive, relative: bool, alone: bool) -> Rewrite:
    """What a ``rewrite`` becomes. Raises Untranslatable.

    ``alone`` is whether the host has no other location that a rewritten path could get to.
    """
    pattern, target, *flags = directive.args if len(directive.args) > 1 else ("", "")
    flag = flags[0] if flags else ""
    any_case = pattern.startswith("(?i)")
    pattern = pattern.removeprefix("(?i)")
    match = {"headers": {":path": {"regex": path_regex(pattern, any_case)}}}
    absolute = target.startswith(("http://", "https://", "$scheme"))
    target = fill_known(target, pattern, any_case)
    if flag in ("redirect", "permanent") or absolute:
        code = 301 if flag == "permanent" else 302
        return _redirect(place, match, pattern, target, code, relative, any_case)
    if flag != "break" and not alone:
        raise Untranslatable("nginx looks for another location with the new path")
    if re.sub(r"\$\d", "", target).count("$") or "?" in target:
        raise Untranslatable("Istio's rewrite knows no variables and no query")
    whole = _whole(pattern)
    path = {"match": ("(?i)" if any_case else "") + whole, "rewrite": _groups(target, whole)}
    return Rewrite(match, {}, path)


def _redirect(
    place: Place,
    match: Fields,
    pattern: str,
    target: str,
    code: int,
    relative: bool,
    any_case: bool,
) -> Rewrite:
    keeps_query = not target.endswith("?")
    target = target.removesuffix("?")
    whole_url = re.fullmatch(r"(https?://[^/$]+)(/.*)", target)
    start = kept_start(pattern, whole_url[2]) if whole_url and keeps_query else None
    # Istio's redirect would keep letters that nginx writes in the case of the target.
    same_case = not any_case or start is None or start == start.swapcase()
    if whole_url and start is not None and same_case:
        return Rewrite(match, {0: {"redirect": _parts(whole_url[1], code, False)}})
    if GROUP.search(target):
        answers = _with_groups(place, pattern, target, code, relative, any_case, keeps_query)
        return Rewrite(match, dict(answers))
    if keeps_query and "?" not in target and "$" not in target:
        parts = _parts(target, code, True)
        parts.setdefault(
            "authority", place.redirect_host
        )  # nginx drops the port of the Host header
        if "%" not in parts["authority"]:
            return Rewrite(match, {0: {"redirect": parts}})
    more = _query(target) if keeps_query else ""
    return Rewrite(match, dict(located(place, code, target, relative, more)))


def _with_groups(
    place: Place,
    pattern: str,
    target: str,
    code: int,
    relative: bool,
    any_case: bool,
    keeps_query: bool,
) -> Iterator[tuple[int, Fields]]:
    """A redirect to an address with parts of the path."""
    base, path = _BASE.fullmatch(target).groups()  # type: ignore[union-attr]
    if re.sub(r"\$\d", "", path).count("$"):
        raise Untranslatable("a redirect with a part of the path can't have more variables")
    # A group at the start of the pattern holds the slash with which every path begins.
    from_root = path.startswith("/") or (path.startswith("$1") and re.match(r"\^\((?!\?)", pattern))
    if not base and from_root and not relative:
        base = "$scheme://$host"
    whole = _whole(pattern)
    regex = ("(?i)" if any_case else "") + whole
    more = extracted("request.url_path", regex, _groups(path, whole))
    yield from located(place, code, base, relative, more + (_query(path) if keeps_query else ""))


def _query(target: str) -> str:
    """The request's query as nginx puts it behind a target, in Envoy's words."""
    mark = "&" if "?" in target else "?"
    return f"%CEL(request.query == '' ? '' : '{mark}')%%CEL(request.query)%"


def _parts(url: str, code: int, path: bool) -> Fields:
    """An Istio redirect to a URL; without ``path`` the request keeps its own."""
    split = urlsplit(url)
    redirect: Fields = {"redirectCode": code}
    if split.netloc:
        redirect |= {"authority": split.netloc, "scheme": split.scheme}
    if path:
        redirect["uri"] = split.path or "/"
    return redirect


def _whole(pattern: str) -> str:
    """A pattern for the whole path; nginx drops what the pattern leaves over."""
    if re2.alternatives(pattern):
        return re2.for_path(f"^.*?(?:{pattern}).*$")
    start = "" if pattern.startswith("^") else "^.*?"
    ends = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re2.for_path(start + pattern + ("" if ends else ".*$"))


def _groups(target: str, pattern: str) -> str:
    """A target with nginx's groups as RE2's; one that is not there is empty."""
    count = re2.groups(pattern)
    return GROUP.sub(
        lambda m: f"\\{m[1]}" if 0 < int(m[1]) <= count else "", target.replace("\\", "\\\\")
    )


def response_headers_of(place: Place, directives: Iterable[Directive]) -> dict[str, str]:
    """The headers that an answer carries by the directives around its return.

    Raises Untranslatable for anything else among them.
    """
    headers = {}
    for directive in directives:
        try:
            for kind, name, value, codes in header_lines(directive):
                if kind not in ("set", "add") or (codes and kind == "set"):
                    raise Untranslatable(f"it holds {directive.text}")
                headers[name] = envoy_value(place, value, response=True)
        except (Unclear, UnknownVariable):
            raise Untranslatable(f"it holds {directive.text}") from None
    return headers


def combine_matches(first: Mapping[str, Any], second: Mapping[str, Any]) -> Fields:
    """A match for the requests that both take; raises Untranslatable where it can't be said."""
    match = {k: dict(v) if isinstance(v, Mapping) else v for k, v in first.items()}
    for field, value in second.items():
        existing = match.setdefault(field, {})
        if any(name in existing for name in value):
            raise Untranslatable("two conditions ask for the same thing")
        existing.update(value)
    return match
