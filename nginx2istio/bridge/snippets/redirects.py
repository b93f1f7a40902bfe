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
from nginx2istio.istio.re2 import Untranslatable
from nginx2istio.nginx.facts.headers import Unclear, header_lines
from nginx2istio.nginx.facts.snippet import Directive
from nginx2istio.nginx.values.go import whole_number

Fields = dict[str, Any]
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Rewrite:
    """What a ``rewrite`` becomes.

    ``match`` tells the requests that it acts on. An answer to them (``fields``, by port, 0 for
    both), or else ``path``, Istio's rewrite of the path. ``patch`` is what an EnvoyFilter has to
    add to the redirect, None when nothing. ``other_case`` is a pattern for the paths of which a
    redirect keeps letters that nginx writes in the other case, "" for none.
    """

    match: Mapping[str, Any]
    fields: Mapping[int, Fields]
    path: Mapping[str, Any] | None = None
    patch: Mapping[str, Any] | None = None
    other_case: str = ""


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
    elif text and code in REDIRECTS:
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
            value = envoy_value(place, url, port, response=True)
        except UnknownVariable as unknown:
            if str(unknown) != "$host":
                raise Untranslatable(f"Envoy has no equal for {unknown}") from None
            value = envoy_value(place, url.replace("$host", "$http_host"), port, response=True)
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
    other_case = _in_other_case(start) if start and any_case else ""
    exact = other_case and place.options.filters("redirects")
    if whole_url and start is not None and not exact:
        fields = {0: {"redirect": _parts(whole_url[1], code, False)}}
        return Rewrite(match, fields, other_case=other_case)
    if GROUP.search(target):
        if re.sub(r"\$\d", "", target).count("$") or "?" in target or not keeps_query:
            raise Untranslatable("a redirect with a part of the path can't have more variables")
        whole = _whole(pattern)
        parts = _parts(target, code, True)
        regex = ("(?i)" if any_case else "") + whole
        rewrite = {"pattern": {"regex": regex}, "substitution": _groups(parts["uri"], whole)}
        parts["uri"] = "/"  # which the EnvoyFilter replaces
        if place.redirect_host == place.server.host:
            parts.setdefault("authority", place.server.host)
        return Rewrite(match, {0: {"redirect": parts}}, patch={"regex_rewrite": rewrite})
    if keeps_query and "?" not in target and "$" not in target:
        return Rewrite(match, {0: {"redirect": _parts(target, code, True)}})
    more = ""
    if keeps_query:
        mark = "&" if "?" in target else "?"
        more = f"%CEL(request.query == '' ? '' : '{mark}')%%CEL(request.query)%"
    return Rewrite(match, dict(located(place, code, target, relative, more)))


def _in_other_case(start: str) -> str:
    """A pattern for the paths whose start has a letter in the other case; "" for no letters."""
    others = [f"{'.' * i}{c.swapcase()}" for i, c in enumerate(start) if c.isalpha()]
    return f"^({'|'.join(others)})" if others else ""


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
