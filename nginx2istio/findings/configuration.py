"""Findings about what no rule owns: input that nginx refuses, loses or doesn't know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.nginx.config import NginxConfig
from nginx2istio.nginx.keys.catalogue import nearest
from nginx2istio.rule import Entry, Message

# Nothing differs by what these say, unless aspects name it: they tell what nginx does today.
UNKNOWN = Message(
    "N2I002",
    "ineffective",
    "info",
    "",
    "ingress-nginx knows no annotation {key} and ignores it{hint}",
    "delete it, or correct its name before the conversion if it was meant to do something",
)
INEFFECTIVE = Message(
    "N2I003",
    "ineffective",
    "info",
    "",
    "{key} has no effect in nginx: {why}",
    "nothing: Istio does without it, too",
)
LOST_PATH = Message(
    "N2I004",
    "ineffective",
    "info",
    "",
    "the path {key} is not served from this Ingress: {why}",
    "delete the path, or move it; nginx serves the older declaration, which was converted",
)
INVALID = Message(
    "N2I005",
    "ineffective",
    "info",
    "",
    "ingress-nginx refuses this value of {key} ({text}) and uses its default",
    "delete the annotation, or correct it and convert again if its effect is wanted",
)
DENIED = Message(
    "N2I006",
    "translated",
    "warning",
    "",
    "ingress-nginx refuses this value of {key} ({text}) and answers 503 on the paths of this "
    "Ingress; so does the conversion",
    "correct the value and convert again",
)
FAMILY_OFF = Message(
    "N2I007",
    "ineffective",
    "error",
    "",
    "ingress-nginx refuses this value of {key} ({text}) and with it switches the whole feature "
    "off: today the paths are served without it, and so they are after the conversion",
    "if this is a protection, correct the value now: it protects nothing",
)
SERVER_DENIED = Message(
    "N2I008",
    "translated",
    "warning",
    "",
    "ingress-nginx can't use this value of {key} ({text}) and answers 403 on the whole host; so "
    "does the conversion",
    "correct the value and convert again",
)
DROPPED = Message(
    "N2I009",
    "ineffective",
    "error",
    "",
    "ingress-nginx does not load this Ingress: {why}; nothing of it is served today, and it was "
    "not converted",
    "correct it and convert again, or delete it; if it is served today, add the controller's "
    "ConfigMap and Deployment to the input",
)
SKIPPED = Message(
    "N2I011",
    "neutral",
    "info",
    "",
    "not converted, as it is not the controller's: {why}",
    "if it should be, name its class by --ingress-class or see --watch-ingress-without-class",
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
    "match no earlier path answer 503.",
    "Write the path without look-around and back references, or as several paths.",
    frozenset({"routing", "path", "redirect", "access", "auth", "status"}),
)
CONFLICT = Message(
    "N2I013",
    "approximated",
    "warning",
    "",
    "two settings want different values of {key}: kept {kept}, lost {lost}",
    "settle which one is right and set it by hand",
    frozenset({"routing", "timeout", "retries", "response-headers", "request-headers", "tls"}),
)
NO_TIMESTAMP = Message(
    "N2I014",
    "translated",
    "info",
    "",
    "several Ingresses share this host and not all have a creationTimestamp; nginx lets the oldest "
    "win what they contest, here they went in the order {why}",
    "export the Ingresses from the cluster (kubectl get ingress -A -o yaml), so that their age "
    "is known",
)
NOTE = Message(
    "N2I015",
    "translated",
    "warning",
    "",
    "{why}",
    "write it as the API server accepts it",
)
GUESSED_CERTIFICATE = Message(
    "N2I016",
    "translated",
    "info",
    "",
    "the tls entry does not list this host; the certificate of Secret {key} was taken, as nginx "
    "does if the certificate covers the host",
    "check that the certificate covers the host, and list the host in the tls entry",
)
ONE_LABEL = Message(
    "N2I017",
    "unsupported",
    "error",
    "",
    "Istio takes a host of one label for a Service of the namespace: {key} can't be served",
    "give the host a domain",
    frozenset({"routing"}),
)
RESOURCE_BACKEND = Message(
    "N2I018",
    "ineffective",
    "info",
    "",
    "a path's backend is a resource, no Service; nginx skips the path, and so did the conversion",
    "name a Service",
)
BROKEN_CONFIG = Message(
    "N2I019",
    "approximated",
    "error",
    "",
    "nginx refuses this value of {key} ({text}): it goes on with the configuration that it had "
    "before, for all hosts, until the value is corrected; the conversion goes by the Ingresses",
    "correct the value and convert again; what is served today may be older than these Ingresses",
)
EXPIRED = Message(
    "N2I020",
    "neutral",
    "info",
    "",
    "that {code} is accepted for {place} has expired on {date}: the finding counts again",
    "settle the finding, or give the entry another day and say why",
)
UNMATCHED = Message(
    "N2I021",
    "neutral",
    "info",
    "",
    "the entry that accepts {code} for {place} matches no finding any more",
    "delete the entry; or accept the finding anew if it has changed",
)
MESSAGES = tuple(v for v in list(globals().values()) if isinstance(v, Message))

EFFECTS: Mapping[str, Message] = {
    "default": INVALID,
    "denied": DENIED,
    "family-off": FAMILY_OFF,
    "server-denied": SERVER_DENIED,
    "breaks": BROKEN_CONFIG,
}


def findings(config: NginxConfig, entries: Mapping[str, Entry]) -> Iterator[PlacedFinding]:
    """What the configuration itself has to say: mistakes, losses, remarks.

    ``entries`` say more of keys that nginx no longer reads.
    """
    for mistake in config.mistakes:
        message = EFFECTS.get(mistake.effect)
        if message is not None:
            for path in mistake.paths:
                yield placed(
                    message,
                    mistake.origin,
                    mistake.hosts,
                    path,
                    mistake.key,
                    mistake.value,
                    text=mistake.text,
                )
    for rejected in config.rejected:
        one = placed(
            DROPPED,
            rejected.origin,
            rejected.hosts,
            "*",
            rejected.key,
            rejected.value,
            why=rejected.why,
        )
        # It may be loaded today where the ConfigMap that says so is not among the input.
        yield replace(one, severity="warning") if config.own else one
    for skipped in config.skipped:
        yield placed(SKIPPED, skipped.origin, skipped.hosts, why=skipped.why)
    for server in config.servers:
        held = server.certificate
        if held and held.guessed and held.secret and not server.passthrough:
            yield placed(GUESSED_CERTIFICATE, held.origin, (server.host,), key=held.secret)
    for setting in config.unknown:
        near = nearest(setting.key)
        hint = f"; did you mean {near}?" if near else ""
        yield placed(UNKNOWN, setting.origin, (), "*", setting.key, setting.text, hint=hint)
    guessed = {host for r in config.remarks if r.code == "no-timestamp" for host in r.hosts}
    for lost in config.ineffective:
        message = LOST_PATH if lost.key == "path" else INEFFECTIVE
        key = lost.value if lost.key == "path" else lost.key
        for path in lost.paths or ("*",):
            entry = entries.get(lost.key)
            why = entry.text if entry else lost.why
            one = placed(message, lost.origin, lost.hosts, path, key, lost.value, why=why)
            if entry:
                one = replace(one, to_do=entry.to_do)
            # Whose path is lost is a guess where the age of the Ingresses is not known.
            certain = message is INEFFECTIVE or guessed.isdisjoint(lost.hosts)
            yield one if certain else replace(one, severity="warning")
    for remark in config.remarks:
        if remark.code == "no-timestamp":
            yield placed(NO_TIMESTAMP, remark.origin, remark.hosts, why=remark.text)
        elif remark.code == "resource-backend":
            for path in remark.paths:
                yield placed(RESOURCE_BACKEND, remark.origin, remark.hosts, path)
