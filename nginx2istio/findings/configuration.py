"""Findings about what no rule owns: input that nginx refuses, loses or doesn't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nginx2istio.findings.placed import PlacedFinding, assuming, placed
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.keys.catalogue import nearest
from nginx2istio.nginx.model import NotLoaded
from nginx2istio.rule import Message, NoRule

# Nothing differs by what these say, unless aspects name it: they tell what nginx does today.
UNKNOWN_ANNOTATION = Message(
    "N2I002",
    "ineffective",
    "info",
    "Annotation that ingress-nginx does not know",
    "ingress-nginx ignores the annotation {key}: it knows no such name{hint}.",
    "Delete the annotation, or correct its name before the conversion if it is meant to do "
    "something.",
)
INEFFECTIVE = Message(
    "N2I003",
    "ineffective",
    "info",
    "Annotation without effect",
    "The annotation {key} has no effect in nginx: {why}. Istio does without it, too.",
)
LOST_PATH = Message(
    "N2I004",
    "ineffective",
    "info",
    "Path that another Ingress serves",
    "nginx does not serve the path {key} from this Ingress: {why}. The older declaration is "
    "converted.",
    "Delete the path, or move it.",
)
INVALID = Message(
    "N2I005",
    "ineffective",
    "info",
    "Value that ingress-nginx refuses",
    "ingress-nginx refuses this value of {key} ({text}) and uses the default.",
    "Delete the annotation, or correct it and convert again.",
)
DENIED = Message(
    "N2I006",
    "translated",
    "info",
    "Refused value makes paths answer 503",
    "ingress-nginx refuses this value of {key} ({text}) and answers 503 on the paths of this "
    "Ingress. The gateway does the same.",
    "Correct the value and convert again.",
)
FAMILY_OFF = Message(
    "N2I007",
    "ineffective",
    "error",
    "Refused value switches a feature off",
    "ingress-nginx refuses this value of {key} ({text}) and switches the whole feature off. "
    "The paths are served without it today, and after the conversion.",
    "Correct the value now if the feature is a protection: it protects nothing.",
)
SERVER_DENIED = Message(
    "N2I008",
    "translated",
    "info",
    "Refused value makes the host answer 403",
    "ingress-nginx can't use this value of {key} ({text}) and answers 403 on the whole host. "
    "The gateway does the same.",
    "Correct the value and convert again.",
)
DROPPED = Message(
    "N2I009",
    "ineffective",
    "warning",
    "Ingress that ingress-nginx does not load",
    "ingress-nginx does not load this Ingress: {why}. It serves nothing of it, and nothing of"
    " it is converted.",
    "Correct the Ingress and convert again, or delete it.",
)
DROPPED_BY_DEFAULT = Message(
    "N2I067",
    "unsupported",
    "error",
    "Ingress that default settings refuse",
    "With the default {settings}, ingress-nginx does not load this Ingress: {why}. Nothing of it "
    "is converted.",
    "If the Ingress is served today, add the controller's {missing} to the input and convert "
    "again. Otherwise delete the Ingress.",
)
BAD_REGEX = Message(
    "N2I012",
    "unsupported",
    "error",
    "Envoy can't express the path",
    "Envoy's RE2 can't express the path {key}: {why}. The path gets no route, and its requests "
    "go to the next path that matches.",
    "Write the path without look-around and back references, or as several paths.",
    frozenset({"routing", "path", "redirect", "access", "auth"}),
)
CLOSED_REGEX = Message(
    "N2I022",
    "unsupported",
    "error",
    "A protected path can't be expressed",
    "Envoy's RE2 can't express the protected path {key}: {why}. All paths that begin like it and "
    "match no earlier path answer 503, without the path's headers.",
    "Write the path without look-around and back references, or as several paths.",
    frozenset(
        {
            *("routing", "path", "redirect", "access", "auth", "status"),
            *("response-headers", "cors"),
        }
    ),
)
CONFLICT = Message(
    "N2I013",
    "approximated",
    "warning",
    "Two settings for one field",
    "Two settings want different values of {key}. The value {kept} is kept, {lost} is lost.",
    "Decide which value is right and set it by hand.",
    frozenset({"routing", "timeout", "retries", "response-headers", "request-headers", "tls"}),
)
NO_TIMESTAMP = Message(
    "N2I014",
    "translated",
    "info",
    "Order of Ingresses without creationTimestamp",
    "Several Ingresses share this host, and not all have a creationTimestamp. nginx "
    "prefers the oldest, and the conversion takes the order {why}.",
    "Export the Ingresses from the cluster (kubectl get ingress -A -o yaml): then their age "
    "is known.",
)
NOTE = Message(
    "N2I015",
    "translated",
    "info",
    "Old spelling of an Ingress",
    "The API server accepts this field in another form only: {why}.",
    "Write the field as the API server accepts it.",
)
GUESSED_CERTIFICATE = Message(
    "N2I016",
    "translated",
    "info",
    "Certificate that is assumed",
    "The conversion takes the certificate of Secret {key} for this host, which no tls entry lists. "
    "If it does not cover the host, nginx presents its self-signed one.",
    "Check that the certificate covers the host, and list the host in the tls entry.",
    frozenset({"tls"}),
)
ONE_LABEL = Message(
    "N2I017",
    "unsupported",
    "error",
    "Host of one label",
    "Istio takes a host of one label for a Service of the namespace. The gateway can't serve "
    "{key}.",
    "Give the host a domain.",
    frozenset({"routing"}),
)
RESOURCE_BACKEND = Message(
    "N2I018",
    "ineffective",
    "info",
    "Backend that is no Service",
    "The backend of this path is a resource, not a Service. nginx skips the path, and so does"
    " the gateway.",
    "Name a Service.",
)
BROKEN_CONFIG = Message(
    "N2I019",
    "approximated",
    "error",
    "Value that stops nginx from reloading",
    "nginx refuses this value of {key} ({text}) and keeps its previous configuration for all "
    "hosts. The conversion follows the Ingresses.",
    "Correct the value and convert again. What is served today can be older than these Ingresses.",
)
NO_FATE = Message(
    "N2I025",
    "unsupported",
    "error",
    "Annotation that no rule answers for",
    "nginx2istio knows the annotation {key}, but no rule says what becomes of it. The conversion "
    "does not have its effect.",
    "Report this. Check the paths of the Ingress by hand.",
    frozenset({"routing", "path", "status", "auth", "access", "response-headers"}),
)
MESSAGES = tuple(v for v in list(globals().values()) if isinstance(v, Message))

WHERE_SET: Mapping[str, tuple[str, str]] = {
    "configmap": ("settings of its ConfigMap", "ConfigMap"),
    "flags": ("flags", "Deployment"),
}
"""What can have an Ingress loaded, and the object that tells it."""
EFFECTS: Mapping[str, Message] = {
    "default": INVALID,
    "denied": DENIED,
    "family-off": FAMILY_OFF,
    "server-denied": SERVER_DENIED,
    "breaks": BROKEN_CONFIG,
}


def findings(config: NginxConfig, entries: Mapping[str, NoRule]) -> Iterator[PlacedFinding]:
    """Findings about invalid values, settings without effect, and remarks.

    ``entries`` say more of keys that nginx no longer reads.
    """
    not_loaded = {ingress.origin.object for ingress in config.not_loaded}
    for invalid in config.invalid_values:
        message = EFFECTS.get(invalid.effect)
        if message is not None and invalid.origin.object not in not_loaded:
            for path in invalid.paths:
                at = invalid.origin, invalid.hosts, path, invalid.origin.written, invalid.value
                finding = placed(message, *at, text=invalid.text)
                finding = assuming(finding, config, *invalid.defaults)
                if message is FAMILY_OFF and not finding.assumed:
                    finding = replace(finding, severity="warning")
                yield finding
    for ingress in config.not_loaded:
        yield _not_loaded(ingress, config)
    for server in config.servers:
        certificate = server.certificate
        if certificate and certificate.guessed and certificate.secret and not server.passthrough:
            guess = placed(
                GUESSED_CERTIFICATE, certificate.origin, (server.host,), key=certificate.secret
            )
            yield assuming(guess, config, "secrets")
    for setting in config.unknown:
        if setting.origin.object in not_loaded:
            continue
        near = nearest(setting.key)
        hint = f"; did you mean {near}?" if near else ""
        yield placed(
            UNKNOWN_ANNOTATION, setting.origin, (), "*", setting.key, setting.text, hint=hint
        )
    guessed = {host for r in config.remarks if r.code == "no-timestamp" for host in r.hosts}
    for unused in config.ineffective:
        if unused.origin.object in not_loaded:
            continue
        message = LOST_PATH if unused.key == "path" else INEFFECTIVE
        key = unused.value if unused.key == "path" else unused.origin.written or unused.key
        for path in unused.paths or ("*",):
            entry = entries.get(unused.key)
            why = entry.text if entry else unused.why
            finding = placed(
                message,
                unused.origin,
                unused.hosts,
                path,
                key,
                unused.value,
                why=why,
            )
            if entry:
                finding = replace(finding, to_do=entry.to_do)
            # Whose path is lost is a guess where the age of the Ingresses is not known.
            certain = message is INEFFECTIVE or guessed.isdisjoint(unused.hosts)
            if not certain:
                finding = assuming(replace(finding, severity="warning"), config, "ages")
            yield finding
    for remark in config.remarks:
        if remark.code == "no-timestamp":
            order = placed(NO_TIMESTAMP, remark.origin, remark.hosts, why=remark.text)
            yield assuming(order, config, "ages")
        elif remark.code == "resource-backend":
            for path in remark.paths:
                yield placed(RESOURCE_BACKEND, remark.origin, remark.hosts, path)


def _not_loaded(ingress: NotLoaded, config: NginxConfig) -> PlacedFinding:
    """That an Ingress is not loaded: for certain, or as far as defaults are in force."""
    at = ingress.origin, ingress.hosts, "*", ingress.key, ingress.value
    if not ingress.defaults or not config.assumed.issuperset(ingress.defaults):
        return placed(DROPPED, *at, why=ingress.why)
    settings = " and ".join(WHERE_SET[name][0] for name in ingress.defaults)
    missing = " and ".join(WHERE_SET[name][1] for name in ingress.defaults)
    finding = placed(DROPPED_BY_DEFAULT, *at, why=ingress.why, settings=settings, missing=missing)
    return assuming(finding, config, *ingress.defaults)
