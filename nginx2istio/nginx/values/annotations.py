"""An Ingress's annotations to settings, as Extract in the controller's annotations.go does it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from nginx2istio.base.memo import memo
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.keys import catalogue
from nginx2istio.nginx.keys.defaults import effective as effective
from nginx2istio.nginx.model import Assumed
from nginx2istio.nginx.values.access import (
    read_address_lists,
    read_basic_auth,
    read_client_certificate,
    read_external_auth,
)
from nginx2istio.nginx.values.backend import (
    read_cors_origins,
    read_error_codes,
    read_fastcgi,
    read_response_headers,
    read_upstream_tls,
)
from nginx2istio.nginx.values.go import Value, trim
from nginx2istio.nginx.values.nginx_conf import refused_by_nginx
from nginx2istio.nginx.values.plain import read_plain
from nginx2istio.nginx.values.reader import FamilyReader, Reader, Reading, sources
from nginx2istio.nginx.values.traffic import (
    read_canary,
    read_hashing,
    read_limits,
    read_mirror,
    read_redirects,
    read_telemetry,
)

InvalidEffect = Literal["partial", "default", "family-off", "denied", "server-denied", "dropped"]

FAMILIES: tuple[FamilyReader, ...] = (
    read_basic_auth,
    read_external_auth,
    read_client_certificate,
    read_address_lists,
    read_canary,
    read_cors_origins,
    read_error_codes,
    read_fastcgi,
    read_hashing,
    read_limits,
    read_mirror,
    read_redirects,
    read_response_headers,
    read_telemetry,
    read_upstream_tls,
)
"""Every parser of the controller. The controller runs them in random order; none sees another."""


@dataclass(frozen=True, slots=True)
class Invalid:
    """A value that is not in force as written: why, and what that leads to."""

    text: str
    effect: InvalidEffect


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one Ingress's annotations come to.

    ``values`` has what is in force, by main short key; ``invalid`` what is wrong and its effect
    (a key can be in both: ``partial``, or a default that is not the ConfigMap's); ``no_effect``
    key -> why an acceptable annotation has no force; ``unknown`` the short keys that ingress-nginx
    does not know; ``written`` main short key -> the full name in the Ingress (it may be an alias).

    ``breaks``: key -> why nginx refuses the whole nginx.conf; nothing of it is loaded then.
    ``denied``: why the locations answer 503, "" when they do not. ``tls_denied``: why the whole
    server answers 403. ``dropped``: why the Ingress is not loaded at all; the rest is then void.
    ``defaults``: the defaults that could be set otherwise to have it loaded, () for none.
    """

    values: Mapping[str, Value]
    invalid: Mapping[str, Invalid]
    no_effect: Mapping[str, str]
    unknown: tuple[str, ...]
    written: Mapping[str, str]
    breaks: Mapping[str, str]
    denied: str = ""
    tls_denied: str = ""
    dropped: str = ""
    defaults: tuple[Assumed, ...] = ()


def extract(
    annotations: Mapping[str, str],
    *,
    controller: Controller,
    namespace: str = "default",
    prefix: str = "",
) -> Extracted:
    """Read ``annotations`` (full names) of an Ingress in ``namespace``.

    ``prefix`` is the controller's own unless given. Only syntax is looked at: Secrets, ConfigMaps
    and Services that a value names are taken to exist.
    """
    start = (prefix or controller.annotations_prefix) + "/"
    texts = {
        name.removeprefix(start): text
        for name, text in sorted(annotations.items())
        if name.startswith(start)
    }
    read = Reader(texts, namespace, controller, sources(texts, controller))
    readings = [
        reading
        for family, asked in _asked(controller)
        if not asked.isdisjoint(read.sources)
        for reading in family(read)
    ]
    unknown = tuple(
        key for key in texts if not controller.canonical(key) and key not in catalogue.REMOVED
    )
    risks = _risks(annotations, start, controller)
    refused = _said(read, readings, "dropped")
    words = _forbidden_words(texts, controller)
    dropped = [*words, *risks, *refused]
    defaults: list[Assumed] = ["configmap"] if risks else []
    defaults += ["flags"] if refused and controller.validates else []
    closed = _said(read, readings, "denied", "server-denied")
    values = {reading.key: reading.value for reading in readings if reading.value is not None}
    return Extracted(
        MappingProxyType(values),
        MappingProxyType(_invalid(readings)),
        MappingProxyType(_no_effect(read, readings)),
        unknown,
        MappingProxyType({key: start + name for key, name in read.sources.items()}),
        MappingProxyType({} if dropped or closed else refused_by_nginx(values, controller)),
        "; ".join(closed),
        "; ".join(_said(read, readings, "server-denied")),
        "; ".join(dropped),
        () if words else tuple(defaults),
    )


def _said(read: Reader, readings: Iterable[Reading], *effects: str) -> list[str]:
    """What is wrong with the annotations that have one of some effects, as they are written."""
    return [f"{read.source(x.key) or x.key}: {x.text}" for x in readings if x.effect in effects]


class _Asked(dict[str, str]):
    """What is written in an Ingress without annotations; remembers which keys were read."""

    def __init__(self) -> None:
        self.keys_asked: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.keys_asked.add(key)
        return None


@memo
def _asked(controller: Controller) -> list[tuple[FamilyReader, Set[str]]]:
    """The families with the keys that each asks for where nothing is written.

    Where none of them is, a family has nothing to say; most Ingresses have few of them.
    """
    families: list[tuple[FamilyReader, Set[str]]] = [(read_plain, _plain_keys(controller))]
    for family in FAMILIES:
        nothing = _Asked()
        list(family(Reader({}, "", controller, nothing)))
        families.append((family, frozenset(nothing.keys_asked)))
    return families


def _plain_keys(controller: Controller) -> Set[str]:
    return {key for key, entry in controller.annotations.items() if not entry.family}


def _invalid(readings: list[Reading]) -> dict[str, Invalid]:
    return {
        reading.key: Invalid(reading.text, reading.effect)
        for reading in readings
        if reading.effect != "set" and reading.effect != "no-effect"
    }


def _no_effect(read: Reader, readings: list[Reading]) -> dict[str, str]:
    reasons = {reading.key: reading.text for reading in readings if reading.effect == "no-effect"}
    for key, counts in read.sources.items():
        for name in (key, *read.controller.annotations[key].aliases):
            if name in read.texts and name != counts:
                reasons[name] = f"{counts} says the same and goes first"
    for key in read.texts:
        if key in catalogue.REMOVED and not read.controller.canonical(key):
            reasons[key] = "ingress-nginx no longer reads it"
    return reasons


def _forbidden_words(texts: Mapping[str, str], controller: Controller) -> list[str]:
    """Say which words keep the Ingress out, whatever they mean."""
    blocked = trim(controller.text("annotation-value-word-blocklist"))
    return [
        f"{key} contains {word!r}, which annotation-value-word-blocklist forbids"
        for key, text in texts.items()
        for word in (blocked.split(",") if blocked else ())
        if word in text
    ]


def _risks(annotations: Mapping[str, str], start: str, controller: Controller) -> list[str]:
    """Say which annotations are too dangerous for annotations-risk-level.

    CheckAnnotationRisk cuts the prefix off where there is one, so it also takes offence at
    annotations that have no prefix at all.
    """
    reasons = []
    level = controller.text("annotations-risk-level")
    allowed = catalogue.RISKS.index(level.title()) if level.title() in catalogue.RISKS else 0
    for name in sorted(annotations):
        key = controller.canonical(name.removeprefix(start))
        risk = controller.annotations[key].risk if key else ""
        if risk and catalogue.RISKS.index(risk) > allowed:
            reasons.append(f"{name} has risk {risk}, annotations-risk-level is {level}")
    return reasons
