"""Which namespaces a controller serves: --watch-namespace and --watch-namespace-selector."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from nginx2istio.nginx.build.controller import Controller
from nginx2istio.nginx.build.ingresses import KubernetesObject

Labels = Mapping[str, str]
Requirement = Callable[[Labels], bool]

_REQUIREMENT = re.compile(
    r"\s*(?:(?P<without>!)\s*)?(?P<key>[\w./-]+)\s*"
    r"(?:(?P<sign>==|=|!=|>|<)\s*(?P<value>[\w.-]*)"
    r"|(?P<set>in|notin)\s*\((?P<values>[^()]*)\))?\s*(?:,|$)"
)


def namespace_labels(objects: Iterable[KubernetesObject]) -> Mapping[str, Labels]:
    """The labels of the Namespaces among objects, by name."""
    return {
        obj.name: obj.metadata.get("labels") or {} for obj in objects if obj.kind == "Namespace"
    }


@dataclass(frozen=True, slots=True)
class WatchedNamespaces:
    """The namespaces of a controller: one only, or those with labels; all with neither.

    ``labels`` are those of the namespaces among the input.
    """

    only: str = ""
    selector: str = ""
    labels: Mapping[str, Labels] = field(default_factory=dict)

    def refuses(self, namespace: str) -> str:
        """Why the controller does not serve a namespace, "" where it does or may."""
        if self.only and namespace != self.only:
            return f"the controller serves namespace {self.only} only (--watch-namespace)"
        if not self.knows(namespace) or takes_labels(self.selector, self.labels[namespace]):
            return ""
        return (
            f"namespace {namespace} does not have the labels {self.selector} "
            "(--watch-namespace-selector)"
        )

    def knows(self, namespace: str) -> bool:
        """Whether the input tells if the selector takes a namespace."""
        return namespace in self.labels and requirements(self.selector) is not None


def watched_namespaces(controller: Controller, labels: Mapping[str, Labels]) -> WatchedNamespaces:
    """The namespaces of a controller, as its flags say."""
    return WatchedNamespaces(
        controller.watch_namespace, controller.watch_namespace_selector, labels
    )


def takes_labels(selector: str, labels: Labels) -> bool:
    """Whether a label selector takes labels; one that is none takes all."""
    return all(requirement(labels) for requirement in requirements(selector) or ())


def requirements(selector: str) -> list[Requirement] | None:
    """The requirements of a label selector (``labels.Parse``); None when it can't be read."""
    parsed: list[Requirement] = []
    at = 0
    while at < len(selector.rstrip()):
        match = _REQUIREMENT.match(selector, at)
        if match is None or (match["without"] and (match["sign"] or match["set"])):
            return None
        parsed.append(_requirement(match))
        at = match.end()
    return parsed


def _requirement(match: re.Match[str]) -> Requirement:
    key, sign, value = match["key"], match["sign"], match["value"]
    if match["without"]:
        return lambda labels: key not in labels
    if sign in ("=", "=="):
        return lambda labels: labels.get(key) == value
    if sign == "!=":
        return lambda labels: labels.get(key) != value
    if sign:
        return lambda labels: _beyond(labels.get(key, ""), sign, value)
    if match["set"]:
        values = {each.strip() for each in match["values"].split(",")}
        inside = match["set"] == "in"
        return lambda labels: (key in labels and labels[key] in values) == inside
    return lambda labels: key in labels


def _beyond(text: str, sign: str, limit: str) -> bool:
    """Whether a whole number lies beyond another; what is no number does not."""
    try:
        return int(text) > int(limit) if sign == ">" else int(text) < int(limit)
    except ValueError:
        return False
