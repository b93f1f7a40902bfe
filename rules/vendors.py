"""Annotations of other programs: what they are, and what becomes of what they do."""

from collections.abc import Iterator
from dataclasses import replace

from nginx2istio.rule import (
    Edit,
    Finding,
    Message,
    Place,
    ProgramKind,
    Setting,
    other_program,
    rule,
)

CERT_MANAGER = Message(
    "N2I610",
    "unsupported",
    "info",
    "Certificate that cert-manager makes",
    "With {keys}, cert-manager makes the certificate of this Ingress as long as the "
    "Ingress exists. The old controller answers its HTTP-01 challenges, which do not "
    "reach it after the DNS change.",
    "Write a Certificate for the same hosts in the gateway's namespace before you delete the "
    "Ingress: see the plan. Use DNS-01, or HTTP-01 with ingressClassName: istio.",
)
EXTERNAL_DNS = Message(
    "N2I611",
    "unsupported",
    "info",
    "DNS records that external-dns makes",
    "With {keys}, external-dns makes the DNS records of this Ingress, with the address "
    "of the old controller. It deletes them together with the Ingress.",
    "Give external-dns --source=istio-gateway and repeat the annotation at the Gateway, before "
    "you delete the Ingress: see the plan.",
)
OTHER_CONTROLLER = Message(
    "N2I612",
    "ineffective",
    "info",
    "Annotation of another controller",
    "ingress-nginx does not read {keys}, which is for {program}.",
    "Delete it, unless that controller also serves the Ingress.",
)
READER = Message(
    "N2I613",
    "neutral",
    "info",
    "Annotation of a program that reads Ingresses",
    "{program} reads {keys} from this Ingress. No request depends on it.",
    "Check that the program finds the host in another way before you delete the Ingress.",
)
MISSPELT = Message(
    "N2I614",
    "ineffective",
    "info",
    "Annotation with a wrong prefix",
    "ingress-nginx does not read {keys}, because the prefix of its annotations is {prefix}/.",
    "Delete it, or correct its name before the conversion if it is meant to do something.",
)

MESSAGES = {
    "cert-manager": CERT_MANAGER,
    "external-dns": EXTERNAL_DNS,
    "controller": OTHER_CONTROLLER,
    "reader": READER,
    "misspelt": MISSPELT,
}


@rule(at="conversion", when="always")
def vendors(place: Place) -> Iterator[Edit | Finding]:
    """nginx ignores them, but certificates and DNS records may depend on them."""
    prefix = place.config.controller.annotations_prefix
    for ingress in place.config.other_annotations:
        by_program: dict[tuple[ProgramKind, str], list[Setting]] = {}
        for setting in ingress.settings:
            program = other_program(setting.key, prefix)
            if program:
                by_program.setdefault(program, []).append(setting)
        for (kind, name), settings in by_program.items():
            first, keys = settings[0], ", ".join(s.key for s in settings)
            finding = MESSAGES[kind]("", keys=keys, program=name, prefix=prefix)
            finding = finding.for_directive(first.text, first.origin)
            yield replace(finding, key=first.key, hosts=ingress.hosts, everywhere="host")
