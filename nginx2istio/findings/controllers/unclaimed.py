"""Findings about Ingresses that no controller takes: which classes there are, and what to write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

from nginx2istio.findings.placed import PlacedFinding, placed
from nginx2istio.nginx.model import Origin, Unclaimed
from nginx2istio.rule import Message

# The controllers of the conversion serve none of these, so no answer of theirs differs.
SKIPPED = Message(
    "N2I011",
    "neutral",
    "info",
    "Ingress of another controller",
    "The Ingress is not converted, because it is not the controller's: {why}.",
    "If ingress-nginx serves the Ingress, name its class by --ingress-class.",
)
NOTHING_CONVERTED = Message(
    "N2I053",
    "unsupported",
    "error",
    "No Ingress is converted",
    "The conversion is for class {key} and converts none of the {count} Ingresses. "
    "The input has {classes}.",
    "Convert with {option} if ingress-nginx serves them.",
)
NO_CLASS = Message(
    "N2I056",
    "unsupported",
    "warning",
    "Ingress without a class",
    "The Ingress has no class, and the conversion takes the controller to run without "
    "--watch-ingress-without-class. It is not converted.",
    "If ingress-nginx serves the Ingress, convert with --watch-ingress-without-class.",
)
OTHER_CLASS = Message(
    "N2I057",
    "unsupported",
    "warning",
    "Ingress of another class",
    "The Ingress has class {key}{owner}, and the conversion is for class {classes}. "
    "It is not converted.",
    "If ingress-nginx serves the Ingress, convert with --ingress-class {key}, or name all classes "
    "with their gateways: {all}.",
)
NO_SUCH_CLASS = Message(
    "N2I059",
    "unsupported",
    "warning",
    "Ingress of a missing IngressClass",
    "The input has IngressClasses, and none with the name {key}. ingress-nginx does not serve the "
    "Ingress then, and it is not converted.",
    "If the IngressClass exists, add it to the input.",
)
MESSAGES = (SKIPPED, NOTHING_CONVERTED, NO_CLASS, OTHER_CLASS, NO_SUCH_CLASS)


def findings(
    unclaimed: Sequence[Unclaimed], count: int, names: Sequence[str]
) -> Iterator[PlacedFinding]:
    """What is to be said of Ingresses that nobody takes, of ``count`` that were read.

    ``names`` are the classes that the conversion is for. An Ingress with annotations of
    ingress-nginx is a warning at least: somebody meant it for this controller.
    """
    classes = " and ".join(names)
    for ingress in unclaimed:
        finding = _finding(ingress, classes, names)
        yield replace(finding, severity="warning" if ingress.annotated else "info")
    ours = [i for i in unclaimed if i.kind == "class" and not _elsewhere(i)]
    if ours and len(unclaimed) == count:
        listed, option = _classes(unclaimed), _option(ours)
        facts = {"key": classes, "count": str(count), "classes": listed, "option": option}
        yield placed(NOTHING_CONVERTED, Origin(), ("*",), **facts)


def _finding(ingress: Unclaimed, classes: str, names: Sequence[str]) -> PlacedFinding:
    name = ingress.class_name
    if _elsewhere(ingress):
        return placed(SKIPPED, ingress.origin, ingress.hosts, why=ingress.why)
    if ingress.kind == "absent":
        return placed(NO_SUCH_CLASS, ingress.origin, ingress.hosts, key=name or "")
    if name is None:
        return placed(NO_CLASS, ingress.origin, ingress.hosts)
    every = " ".join(f"--ingress-class {each}=NAMESPACE/GATEWAY" for each in (*names, name))
    owner = f" of controller {ingress.owner}" if ingress.owner else ""
    facts = {"owner": owner, "classes": classes, "all": every}
    return placed(OTHER_CLASS, ingress.origin, ingress.hosts, key=name, **facts)


def _elsewhere(ingress: Unclaimed) -> bool:
    """Whether no class can help: its namespace is not served, or its class is of other programs."""
    others = bool(ingress.owner) and "nginx" not in ingress.owner.partition("/")[2]
    return ingress.kind == "namespace" or others


def _classes(unclaimed: Sequence[Unclaimed]) -> str:
    counts = Counter(ingress.class_name for ingress in unclaimed)
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0] or ""))
    parts = [
        f"{number} without a class" if name is None else f"{number} of class {name}"
        for name, number in ordered[:4]
    ]
    return ", ".join([*parts, *(["others"] if len(ordered) > 4 else [])])


def _option(unclaimed: Sequence[Unclaimed]) -> str:
    counts = Counter(i.class_name for i in unclaimed if i.class_name is not None)
    first = sorted(counts, key=lambda name: (-counts[name], name))[:1]
    options = [f"--ingress-class {name}" for name in first]
    if any(ingress.class_name is None for ingress in unclaimed):
        options.append("--watch-ingress-without-class")
    return " ".join(options)
