"""A scan without the words of its owner, for a report of a bug.

Each word of names, hosts, paths and values becomes another one of the same length and letter case,
the same word always the same: what is equal stays equal, hosts stay below their domains, and
regular expressions keep their shape and length, by which nginx orders them. Words that
ingress-nginx, nginx or Kubernetes know are left, since they make the behaviour. Ingresses get new
ages in the old order, in which names would have counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from nginx2istio.inputs.known_words import known_words
from nginx2istio.inputs.resource import Node, Resource
from nginx2istio.nginx.keys.catalogue import ANNOTATIONS, REMOVED, canonical

WORD = re.compile(
    r"\\."  # an escape stays
    r"|\[(?:(?![^\W\d_]{3})[^]\s])*\]"  # a class of characters, too
    r"|(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:.])"
    r"|\d+(?:\.\d+){3}"
    r"|[^\W\d_]+"
)
"""What is looked at in a text: addresses and words."""

AS_IT_IS = frozenset({"apiVersion", "creationTimestamp", "kind", "pathType", "why"})
"""Fields whose values are Kubernetes's own words."""
LEFT_OUT = frozenset({"uid", "image", "text", "status", "clusterIP", "clusterIPs", "ipFamilies"})
NOTES = re.compile(r"^(kubernetes\.io/ingress\.class|ingressclass\.kubernetes\.io/.*)$")


def anonymized(resources: Iterable[Resource]) -> tuple[Resource, ...]:
    """The objects of a scan with other words."""
    resources = tuple(resources)
    words, ages = _Words(), _ages(resources)
    found = []
    for resource in resources:
        body = words.object(resource.body)
        if resource.kind == "Ingress":
            body["metadata"]["creationTimestamp"] = ages[resource.namespace, resource.name]
        found.append(Resource(Node(body)))
    return tuple(found)


def _ages(resources: Iterable[Resource]) -> dict[tuple[str, str], str]:
    """A time for each Ingress, a second apart, in the controller's order (``sortIngressSlice``)."""
    ingresses = [r for r in resources if r.kind == "Ingress"]
    ingresses.sort(key=lambda r: f"{r.namespace}/{r.name}", reverse=True)
    ingresses.sort(key=lambda r: str(r.metadata.get("creationTimestamp") or ""))
    begin = datetime(2020, 1, 1)
    return {
        (r.namespace, r.name): f"{(begin + timedelta(seconds=rank)).isoformat()}Z"
        for rank, r in enumerate(ingresses)
    }


def telling(name: str) -> bool:
    """Whether an annotation may be one that the controller reads; others are left out."""
    key = name.partition("/")[2]
    return bool(NOTES.match(name)) or canonical(key) in ANNOTATIONS or key in REMOVED


class _Words:
    """What has become of each word so far."""

    def __init__(self) -> None:
        self.known = known_words()
        self.new: dict[str, str] = {}
        self.count: dict[int, int] = {}
        self.octets = {0: 0, 255: 255}
        self.text = lru_cache(maxsize=100_000)(self.replaced)

    def object(self, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in body.items():
            if key in LEFT_OUT:
                if key == "text":
                    found[key] = ""
            elif key in AS_IT_IS:
                found[key] = value
            elif key == "annotations":
                found[key] = {n: self.text(str(t)) for n, t in value.items() if telling(n)}
            elif key in ("labels", "selector", "data", "matchLabels") and isinstance(value, dict):
                found[key] = {self.text(str(k)): self.value(v) for k, v in value.items()}
            else:
                found[key] = self.value(value)
        return found

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return self.object(value)
        if isinstance(value, list):
            return [self.value(one) for one in value]
        return value

    def replaced(self, text: str) -> str:
        return WORD.sub(lambda found: self.word(found[0]), text)

    def word(self, word: str) -> str:
        if word[0] in "\\[":
            return word
        if ":" in word:
            return ":".join(h and f"{self.octet(int(h, 16)):x}" for h in word.split(":"))
        if word[0].isdigit():
            return ".".join(str(self.octet(int(o))) for o in word.split("."))
        small = word.lower()
        if len(word) == 1 or small in self.known:
            return word
        new = self.new.get(small)
        if new is None:
            new = self.new[small] = self.fresh(len(word))
        return "".join(n.upper() if w.isupper() else n for n, w in zip(new, word, strict=True))

    def fresh(self, length: int) -> str:
        """The next word of a length that is no known one; of short words there may be too few."""
        while True:
            number = self.count.get(length, 0)
            self.count[length] = number + 1
            letters = ""
            for _ in range(length):
                number, letter = divmod(number, 26)
                letters = chr(ord("a") + letter) + letters
            if letters not in self.known or self.count[length] > 26**length:
                return letters

    def octet(self, octet: int) -> int:
        """Another number of an address, the same for the same, so that networks stay networks."""
        return self.octets.setdefault(octet, len(self.octets) - 1)
