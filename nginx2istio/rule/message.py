"""What a rule has to say: kinds of findings (``Message``), and findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from nginx2istio.base.outcome import Aspect as Aspect
from nginx2istio.base.records import record
from nginx2istio.bridge.place import Place
from nginx2istio.nginx.facts.answered_early import early
from nginx2istio.nginx.model import Assumed, Origin
from nginx2istio.rule.no_rule import Fate
from nginx2istio.rule.requests import Requests

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Message:
    """A kind of finding: stable code, what becomes of the annotation, how bad, what to do.

    ``title`` names the subject without any value. ``text`` and ``to_do`` are templates for
    ``str.format``; ``to_do`` is empty when there is nothing to do. ``aspects`` are what of an
    answer the message announces to be different, empty when nothing differs. ``requests`` are the
    requests that it speaks of (any of them), empty for all.
    """

    code: str
    fate: Fate
    severity: Severity
    title: str
    text: str
    to_do: str = ""
    aspects: frozenset[Aspect] = frozenset()
    requests: tuple[Requests, ...] = ()

    def __call__(self, about: Place | str, /, **facts: object) -> Finding:
        """A finding of this kind about an annotation: its canonical key, or the place's own key.

        ``facts`` are the values that the templates name. Raises TypeError when one is missing.
        """
        key = about if isinstance(about, str) else about.key
        try:
            to_do = self.to_do.format(**facts) if "{" in self.to_do else self.to_do
            return Finding(self, key, self.text.format(**facts), to_do)
        except KeyError as error:
            raise TypeError(f"the message {self.code} needs a value for {error.args[0]}") from error


@record(frozen=True, slots=True)
class Finding:
    """What a rule has to say of one place.

    ``everywhere`` makes it hold for the whole host ("host"), for all hosts ("all"), or for this
    location only ("").
    """

    message: Message
    key: str
    text: str
    to_do: str
    everywhere: Literal["", "host", "all"] = ""
    severity: Severity | None = None
    path: str = ""
    """The path where it holds, when that is not the location's own."""
    hosts: tuple[str, ...] | None = None
    """The hosts where it holds, when those are not the place's own; () for nowhere."""
    value: str | None = None
    """What it is about, when that is not the whole annotation."""
    origin: Origin | None = None
    """Where that is written, when that is not the annotation's own place."""
    requests: tuple[Requests, ...] = ()
    """Of which requests it speaks, when the message does not say that."""
    assumed: tuple[Assumed, ...] = ()
    """What it takes for granted."""

    def assuming(self, *assumed: Assumed) -> Finding:
        """The same, where something is taken for granted that the input does not tell."""
        return replace(self, assumed=assumed)

    def for_directive(self, text: str, origin: Origin | None = None) -> Finding:
        """The same, said of a part of the annotation (a directive of a snippet) or of a ConfigMap."""  # noqa: E501
        return replace(self, value=text, origin=origin)

    def for_requests(self, *requests: Requests) -> Finding:
        """The same, said of these requests only (of any of them)."""
        return replace(self, requests=requests)

    def past_https_redirect(self, place: Place) -> Finding:
        """The same, said of https requests only where nginx redirects all others to https.

        It is for what nginx does behind its rewrite phase, as ``ngx_rewrite.lua`` redirects there.
        """
        if place.config.controller.on("use-forwarded-headers"):
            return self
        before = early(place.config, place.server, place.location)
        if not set(before.to_https).issuperset(place.hosts):
            return self
        requests = self.requests or self.message.requests or (Requests(),)
        return self.for_requests(*(replace(each, scheme="https") for each in requests))

    def for_host(self) -> Finding:
        """The same, said of every path of the host."""
        return replace(self, everywhere="host")

    def for_every_host(self) -> Finding:
        """The same, said of every host: a baseline difference."""
        return replace(self, everywhere="all")

    def for_hosts(self, hosts: Iterable[str]) -> Finding:
        """The same, said once of every path of these hosts.

        Of all hosts where one is a regular expression (an alias): its names can't be listed.
        """
        names = tuple(sorted(hosts))
        if any(name.startswith("~") for name in names):
            names = ("*",)
        return replace(self, everywhere="all", hosts=names)
