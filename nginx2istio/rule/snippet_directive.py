"""The directives of snippets as a rule meets them: with their place, for findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nginx2istio.bridge.place import Place
from nginx2istio.nginx.facts.directives import SWITCHED_OFF, protects, subject
from nginx2istio.nginx.facts.headers import snippets
from nginx2istio.nginx.facts.proxy_ssl import speaks_tls
from nginx2istio.nginx.facts.snippet import Directive, directive_origin, parse_snippet
from nginx2istio.nginx.model import Setting
from nginx2istio.rule.message import Aspect, Finding, Message


@dataclass(frozen=True, slots=True)
class SnippetDirective:
    """A directive of a snippet; ``key`` and ``setting`` are the snippet's."""

    key: str
    setting: Setting
    directive: Directive

    def finding(self, message: Message, **facts: object) -> Finding:
        """A finding about the directive, on its line; ``text`` is the directive."""
        text = self.directive.text
        origin = directive_origin(self.setting, self.directive)
        return message(self.key, **{"text": text} | facts).for_directive(text, origin)


def snippet_directives(place: Place, level: str) -> Iterator[SnippetDirective]:
    """The directives of a level (http, server, location) in the order of nginx.conf."""
    for key, setting in snippets(place.config, place.server, place.location, level):
        for directive in parse_snippet(setting.text).directives:
            yield SnippetDirective(key, setting, directive)


@dataclass(frozen=True, slots=True)
class BrokenSnippet:
    """A snippet that nginx can't read; ``protects`` tells whether a check stands in it."""

    key: str
    setting: Setting
    error: str

    def finding(self, message: Message) -> Finding:
        """A finding about the whole snippet; ``text`` is the error."""
        finding = message(self.key, text=self.error)
        return finding.for_directive(self.setting.text, self.setting.origin)

    @property
    def protects(self) -> bool:
        """Whether a word of the text is a directive that checks or denies requests."""
        text = re.sub(r"#.*", "", self.setting.text)
        words = re.findall(r"[a-z_]+", text)
        return any(protects(Directive(word, (), 0)) for word in words) or bool(
            re.search(r"\breturn\s+[45]", text)
        )


def broken_snippets(place: Place, level: str) -> Iterator[BrokenSnippet]:
    """The snippets of a level that nginx can't read."""
    for key, setting in snippets(place.config, place.server, place.location, level):
        error = parse_snippet(setting.text).error
        if error:
            yield BrokenSnippet(key, setting, error)


def listed(place: Place, directive: Directive) -> bool:
    """Whether a directive of a location stands beside a list of an annotation, as nginx allows."""
    key = SWITCHED_OFF.get(directive.name)
    return key is not None and place.config.in_force(place.location, key) != "off"


def backend_name_effect(
    place: Place, level: str, directive: Directive
) -> Literal["", "none", "name"]:
    """What a directive about names in TLS to backends does: nothing, or it sets the name (SNI).

    "" for other directives, and where annotations have TLS to a backend of the host configured.
    """
    names = ("proxy_ssl_name", "proxy_ssl_server_name")
    default = (directive.name, directive.args) == ("proxy_ssl_verify", ("off",))
    own = any("proxy-ssl-secret" in x.settings for x in place.server.locations)
    if own or level == "http" or not (default or directive.name in names):
        return ""
    locations = [place.location] if level == "location" else place.server.locations
    speaks = any(speaks_tls(place.config, location) for location in locations)
    return "name" if speaks and not default else "none"


def aspects_of(directive: Directive, answers: frozenset[Aspect]) -> frozenset[Aspect]:
    """What differs where a directive is left out with all that it holds.

    ``answers`` is what differs where it decides who answers.
    """
    aspects: set[Aspect] = set()
    for inner in directive.all():
        of_subject = subject(inner.name)
        if of_subject == "headers":
            aspects.add("response-headers")
            if "access-control-" in inner.text.lower():
                aspects.add("cors")
        elif of_subject == "input":
            aspects.add("request-headers")
        elif inner.name not in ("if", "set"):  # what a variable changes is said where it is used
            aspects |= answers
    return frozenset(aspects)
