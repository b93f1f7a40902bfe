"""Ingresses as the store hands them on: annotations read, the unusable left out."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nginx2istio.base.memo import memo
from nginx2istio.nginx.build.configmaps import ConfigMap
from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.ingresses import CLASS_ANNOTATION, Ingress
from nginx2istio.nginx.keys.scopes import SERVER_KEYS, UPSTREAM_KEYS
from nginx2istio.nginx.model import (
    Assumed,
    Ineffective,
    InvalidValue,
    NotLoaded,
    OtherAnnotations,
    Setting,
)
from nginx2istio.nginx.values.annotations import Extracted, extract
from nginx2istio.nginx.values.references import REFERENCES, configmap_problem

DEEP_INSPECT_PATTERNS = tuple(
    re.compile(p, re.DOTALL)
    for p in (
        r"\s*alias\s*.*;",
        r"\s*root\s*.*;",
        r"/etc/(passwd|shadow|group|nginx|ingress-controller)",
        r"/var/run/secrets",
        r".*_by_lua.*",
    )
)
"""What --deep-inspect takes for an attempt to break out of the configuration (CheckRegex)."""


NOT_IN_DENIED = frozenset(
    {"auth-signin", "custom-http-errors", "default-backend", "proxy-body-size"}
)
"""What the template writes only where isLocationAllowed, and what decides before a 503."""


@dataclass(slots=True)
class Loaded:
    """An Ingress that the controller has loaded, with its accepted annotations by scope."""

    ingress: Ingress
    extracted: Extracted
    settings: dict[str, Setting]
    local: dict[str, Setting]

    @property
    def canary(self) -> bool:
        setting = self.settings.get("canary")
        return bool(setting and setting.value)


@dataclass(slots=True)
class Load:
    """What came of the Ingresses: the loaded ones in order, and all that was wrong."""

    everyone: list[Loaded] = field(default_factory=list)
    not_loaded: list[NotLoaded] = field(default_factory=list)
    invalid_values: list[InvalidValue] = field(default_factory=list)
    unknown: list[Setting] = field(default_factory=list)
    no_effect: list[Ineffective] = field(default_factory=list)
    other_annotations: list[OtherAnnotations] = field(default_factory=list)


def load_ingresses(
    ingresses: Sequence[Ingress],
    controller: Controller,
    maps: Mapping[str, ConfigMap],
    complete: Collection[str] = (),
) -> Load:
    """Reads the annotations of Ingresses that are already chosen and in order.

    ``maps`` are all ConfigMaps that are known, by ``namespace/name``; in the namespaces that are
    ``complete`` there is no other that an Ingress names.
    """
    out = Load()
    for ingress in ingresses:
        extracted = extract(
            ingress.annotations, controller=controller, namespace=ingress.origin.namespace
        )
        extracted = _looked_up(extracted, controller, maps, complete)
        _wrong(out, ingress, extracted, controller)
        refused = next(_refusals(ingress, controller), "")
        why = extracted.dropped or refused
        if why:
            defaults = () if refused else extracted.defaults
            out.not_loaded.append(NotLoaded(ingress.origin, why, ingress.hosts, defaults=defaults))
            continue
        settings = {}
        for key, value in extracted.values.items():
            at = ingress.at(extracted.written[key])
            text, block = ingress.annotations.get(at.field, ""), ingress.blocks.get(at.field, 0)
            settings[key] = Setting(key, value, at, text, block)
        local = {
            k: s
            for k, s in settings.items()
            if k not in SERVER_KEYS and k not in UPSTREAM_KEYS
            if not (extracted.denied and k in NOT_IN_DENIED)
        }
        out.everyone.append(Loaded(ingress, extracted, settings, local))
    return out


def _looked_up(
    extracted: Extracted,
    controller: Controller,
    maps: Mapping[str, ConfigMap],
    complete: Collection[str],
) -> Extracted:
    """Look at the ConfigMaps that annotations name; one that was not read may still exist."""
    for key in REFERENCES:
        name = str(extracted.values.get(key) or "")
        configmap = maps.get(name)
        if not name or (configmap is None and name.partition("/")[0] not in complete):
            continue
        problem = configmap_problem(key, configmap.data if configmap else None, controller)
        if problem is None:
            continue
        text = f"{extracted.written[key].rpartition('/')[2]}: {problem.text}"
        values = {k: v for k, v in extracted.values.items() if k != key}
        extracted = replace(extracted, values=values, invalid={**extracted.invalid, key: problem})
        if problem.effect == "dropped":
            dropped = "; ".join(filter(None, (extracted.dropped, text)))
            extracted = replace(extracted, dropped=dropped, defaults=())
        else:
            denied = "; ".join(filter(None, (extracted.denied, text)))
            extracted = replace(extracted, denied=denied)
    return extracted


def _wrong(out: Load, ingress: Ingress, extracted: Extracted, controller: Controller) -> None:
    """Notes the annotations that are invalid, idle or unknown."""
    hosts, prefix = ingress.hosts, controller.annotations_prefix
    validated = _refused_by_validation(ingress, extracted, controller)
    paths = tuple(dict.fromkeys(p.path or "/" for r in ingress.rules for p in r.paths or ()))
    for key, wrong in extracted.invalid.items():
        at = ingress.at(extracted.written.get(key, f"{prefix}/{key}"))
        text = ingress.annotations.get(at.field, "")
        defaults: tuple[Assumed, ...] = ("flags",) if key in validated else ()
        out.invalid_values.append(
            InvalidValue(at, key, text, wrong.text, wrong.effect, hosts, paths or ("/",), defaults)
        )
    for key, why in extracted.breaks.items():
        at = ingress.at(extracted.written[key])
        text = ingress.annotations.get(at.field, "")
        out.invalid_values.append(
            InvalidValue(at, key, text, why, "breaks", hosts, paths or ("/",))
        )
    for key, why in extracted.no_effect.items():
        at = ingress.at(extracted.written.get(key, f"{prefix}/{key}"))
        out.no_effect.append(
            Ineffective(at, key, ingress.annotations.get(at.field, ""), why, hosts)
        )
    for key in extracted.unknown:
        at = ingress.at(f"{prefix}/{key}")
        out.unknown.append(Setting(key, ingress.annotations.get(at.field, ""), at))
    others = tuple(
        Setting(name, text, ingress.at(name), text)
        for name, text in sorted(ingress.annotations.items())
        if not name.startswith(f"{prefix}/") and name != CLASS_ANNOTATION
    )
    if others:
        out.other_annotations.append(OtherAnnotations(hosts, others))


def _refusals(ingress: Ingress, controller: Controller) -> Iterator[str]:
    """Why the store leaves an Ingress out for what its spec says."""
    if controller.disable_catch_all and ingress.default:  # rules or not
        yield "the controller runs with --disable-catch-all and the Ingress has a defaultBackend"
    if controller.deep_inspect:
        texts = [
            t for rule in ingress.rules for t in (rule.host, *(p.path for p in rule.paths or ()))
        ]
        texts += [t for entry in ingress.tls for t in (entry.secret, *entry.hosts)]
        for text in texts:
            if any(pattern.search(text) for pattern in DEEP_INSPECT_PATTERNS):
                yield f"--deep-inspect forbids {text!r}"


def _refused_by_validation(
    ingress: Ingress, extracted: Extracted, controller: Controller
) -> frozenset[str]:
    """The invalid annotations that do something else under --enable-annotation-validation=false."""
    if not extracted.invalid or not controller.validates:
        return frozenset()
    without = extract(
        ingress.annotations,
        controller=_without_validation(controller),
        namespace=ingress.origin.namespace,
    )
    return frozenset(
        key
        for key, wrong in extracted.invalid.items()
        if key not in without.invalid or without.invalid[key].effect != wrong.effect
    )


@memo
def _without_validation(controller: Controller) -> Controller:
    """The controller, with its values unchecked."""
    return replace(controller, flags={**controller.flags, "enable-annotation-validation": False})
