"""The directives of snippets as a rule meets them: with their place, for findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nginx2istio.bridge.place import Place
from nginx2istio.nginx.facts.directives import protects, subject
from nginx2istio.nginx.facts.headers import snippets
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
